import { localTime } from '../domain/localDay.ts';
import type { FailureRow, NamedMail } from '../store/statistics.ts';
import { number, plural } from '../terminal/output.ts';
import { MOST_NAMED, type Report } from './report.ts';
import { dayChart, funnelChart, legend, shareBar } from './reportCharts.ts';
import { Html, html } from './reportHtml.ts';
import { REPORT_STYLE } from './reportStyle.ts';
import { lastDays, type Tally } from './statistics.ts';

/** Days with a row of their own; earlier ones are summed. */
const MOST_DAYS = 366;

/** What may be loaded: nothing. The page holds all it needs, and no script. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The whole page, without anything from elsewhere and without a script: HTML that is well-formed XML too. */
export function renderReport(report: Report): string {
  const { campaign, statistics, failures, failed, uncertain, review } = report;
  const zone = statistics.timezone;
  const page = html`<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}" />
<meta name="referrer" content="no-referrer" />
<title>Campaign ${campaign}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>Campaign <bdi>${campaign}</bdi></h1>
<p class="quiet">As of ${localTime(zone, Date.parse(statistics.until))}; times and days of ${zone}.</p>
</header>
${totals(report)}
${needs(report)}
${funnel(report)}
${byDay(report)}
${tallies(
  'Senders',
  'sender',
  statistics.by_sender.map(({ sender, ...tally }) => [sender, tally]),
)}
${tallies('Recipient domains', 'domain', domainRows(report))}
${failuresOf(failures)}
${named('Failed mails', 'These were certainly not accepted, and are not tried again by themselves.', failed, statistics.totals.failed, zone)}
${named('Uncertain mails', 'Nobody can tell whether these left: the line broke between their last byte and the reply. They are never sent again by the program.', uncertain, statistics.totals.uncertain, zone)}
${named('In review', 'These wait for somebody to read and approve them.', review, statistics.totals.review, zone)}
</main>
<footer><p>Made by outreach. It names people: keep it where only you can read it. “Sent” means accepted by the provider; a mail that came back later is both sent and bounced, one that was refused at once is failed and bounced. Each mail counts on the day of its last try.</p></footer>
</body>
</html>
`;
  return page.markup;
}

function totals({ statistics: { totals } }: Report): Html {
  const { total, drafted, sent, bounced, complained, uncertain, failed, suppressed, cancelled, waiting, review } = totals;
  const entries = Object.entries({
    mails: total,
    drafted,
    sent,
    bounced,
    complained,
    uncertain,
    failed,
    suppressed,
    cancelled,
    waiting,
    'in review': review,
  }).map(([name, value]) => html`<div><dt>${name}</dt><dd>${number(value)}</dd></div>`);
  return html`<dl class="totals">
${entries}
</dl>`;
}

function needs({ needs }: Report): Html {
  if (needs.length === 0) return section('What needs you', html`<p>Nothing.</p>`);
  const items = needs.map(({ what, command }) => html`<li>${what}<br /><code>${command}</code></li>`);
  return section(
    'What needs you',
    html`<ul class="needs">
${items}
</ul>`,
  );
}

function funnel({ statistics: { totals } }: Report): Html {
  if (totals.total === 0) return section('From lead to mail', html`<p>No mails yet.</p>`);
  const tried = totals.sent + totals.failed + totals.uncertain;
  const share = (value: number) => `(${Math.round((100 * value) / totals.total)} %)`;
  const steps = [
    ['leads', totals.total, ''],
    ['drafted', totals.drafted, share(totals.drafted)],
    ['tried', tried, share(tried)],
    ['sent', totals.sent, share(totals.sent)],
  ] as const;
  return section('From lead to mail', funnelChart(steps));
}

function byDay({ statistics }: Report): Html {
  const { earlier, days } = lastDays(statistics, MOST_DAYS);
  if (days.length === 0) return section('By day', html`<p>No day yet.</p>`);
  const most = Math.max(...days.map(({ sent }) => sent));
  const before =
    earlier === undefined ? [] : [html`<tr><th scope="row">earlier</th><td class="n"></td>${cells(earlier)}<td class="share"></td></tr>`];
  const rows = days.map(
    (day) =>
      html`<tr><th scope="row">${day.date}</th><td class="n">${number(day.drafted)}</td>${cells(day)}<td class="share">${shareBar(day.sent, most)}</td></tr>`,
  );
  return section(
    'By day',
    html`${legend()}
${dayChart(days)}
<details open="open"><summary>The same as a table</summary>
${table('Mails by the day of their last try; drafted by the day they were written', ['day', 'drafted', ...TALLY, ''], [...before, ...rows])}
</details>`,
  );
}

type TallyRow = readonly [name: string, tally: Tally];

function domainRows({ statistics: { by_domain, other_domains } }: Report): TallyRow[] {
  const { domains, ...others } = other_domains;
  const rest: TallyRow[] = Object.values(others).every((n) => n === 0)
    ? []
    : [[domains === 0 ? 'forgotten people' : plural(domains, 'other domain'), others]];
  return [...by_domain.map(({ domain, ...tally }): TallyRow => [domain, tally]), ...rest];
}

function tallies(title: string, what: string, rows: readonly TallyRow[]): Html {
  if (rows.length === 0) return section(title, html`<p>No mail was tried yet.</p>`);
  const most = Math.max(...rows.map(([, { sent }]) => sent));
  const lines = rows.map(
    ([name, tally]) =>
      html`<tr><th scope="row"><bdi>${name}</bdi></th>${cells(tally)}<td class="share">${shareBar(tally.sent, most)}</td></tr>`,
  );
  return section(title, table(`What became of the mails, by ${what}`, [what, ...TALLY, ''], lines));
}

function failuresOf(failures: readonly FailureRow[]): Html {
  if (failures.length === 0) return section('Why mails failed', html`<p>None failed.</p>`);
  const rows = failures.map(
    ({ outcome, code, n, example }) =>
      html`<tr><td>${WHY_FAILED[outcome ?? ''] ?? outcome ?? 'unknown'}</td><td class="n">${code ?? ''}</td><td class="n">${number(n)}</td><td class="words"><bdi>${example ?? ''}</bdi></td></tr>`,
  );
  return section('Why mails failed', table('Failed mails by what the server said', ['reason', 'code', 'mails', 'for example'], rows));
}

const WHY_FAILED: Readonly<Record<string, string>> = {
  recipient_refused: 'the address takes no mail',
  content_refused: 'this mail was refused',
  temporary: 'put off until the tries ran out',
  sender_refused: 'the sender was refused until the tries ran out',
  ambiguous: 'a person says that it was not sent',
};

function named(title: string, about: string, mails: readonly NamedMail[], all: number, zone: string): Html {
  if (mails.length === 0) return new Html('');
  const rows = mails.map(
    ({ id, email, sender, reason, at }) =>
      html`<tr><td class="n">${id}</td><td class="words"><bdi>${email}</bdi></td><td><bdi>${sender ?? ''}</bdi></td><td>${localTime(zone, at)}</td><td class="words"><bdi>${reason ?? ''}</bdi></td></tr>`,
  );
  const more = all > mails.length ? html`<p class="quiet">The latest ${number(MOST_NAMED)} of ${number(all)}.</p>` : new Html('');
  return section(
    title,
    html`<p>${about} One of them: <code>outreach show ${mails[0]?.id ?? 0}</code></p>
${table(title, ['id', 'address', 'sender', 'when', 'reason'], rows)}
${more}`,
  );
}

const TALLY = ['sent', 'bounced', 'complained', 'uncertain', 'failed'];
const NUMBERS = new Set([...TALLY, 'drafted', 'code', 'mails', 'id']);

function cells({ sent, bounced, complained, uncertain, failed }: Tally): Html[] {
  return [sent, bounced, complained, uncertain, failed].map((n) => html`<td class="n">${number(n)}</td>`);
}

function table(caption: string, head: readonly string[], rows: readonly Html[]): Html {
  const titles = head.map((name) => {
    if (name === '') return html`<td></td>`;
    return NUMBERS.has(name) ? html`<th scope="col" class="n">${name}</th>` : html`<th scope="col">${name}</th>`;
  });
  return html`<div class="scroll"><table>
<caption>${caption}</caption>
<thead><tr>${titles}</tr></thead>
<tbody>
${rows}
</tbody>
</table></div>`;
}

function section(title: string, content: Html): Html {
  return html`<section>
<h2>${title}</h2>
${content}
</section>`;
}
