import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, openApp } from '../../src/app/app.ts';
import { readReport } from '../../src/app/report.ts';
import { renderReport } from '../../src/app/reportPage.ts';
import { lastDays } from '../../src/app/statistics.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { Bench } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
let app: App;

beforeEach(async () => {
  bench = await Bench.open();
  bench.folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\ndatabase: outreach.db\n');
  bench.folder.write('campaigns/hello.md', '---\nsubject: "For {{ company }}"\n---\nHi\n');
  app = await openApp(workspaceAt(bench.folder.path));
});

afterEach(async () => {
  await app.close();
  await bench.close();
});

const page = async () => renderReport(await readReport(app, { OUTREACH_STATE: bench.folder.at('state') }, 'hello', bench.now));

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'> & </style> \u202Egnp\u001b[2J`;

/** Two accepted, one refused with words that would break out of the page, one uncertain, one waiting. */
async function fourEnds(): Promise<void> {
  await bench.import(csv(5));
  await bench.draft(1, 4);
  bench.answers = [
    { kind: 'accepted', code: 250, reply: '250 Ok' },
    { kind: 'accepted', code: 250, reply: '250 Ok' },
    { kind: 'recipient_refused', code: 550, reply: `550 5.1.1 ${HOSTILE}` },
    { kind: 'ambiguous', code: null, reply: `the line broke ${HOSTILE}` },
  ];
  for (let sent = 0; sent < 4; sent++) await sendMessage(bench.sending(), 1, bench.campaign);
}

/** The names of open elements after each tag; throws at whatever is no well-formed XML. */
function checkWellFormed(markup: string): Map<string, number> {
  const seen = new Map<string, number>();
  const open: string[] = [];
  const TAG = /<(\/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z_:][\w:.-]*="[^"<]*")*)\s*(\/?)>/y;
  const body = markup.replace(/^<!DOCTYPE html>\n/, '');
  for (let at = 0; at < body.length; ) {
    if (body[at] !== '<') {
      const end = body.indexOf('<', at);
      const text = body.slice(at, end < 0 ? undefined : end);
      if (/&(?!amp;|lt;|gt;|quot;|#39;)/.test(text)) throw new Error(`a bare & in: ${text.slice(0, 80)}`);
      if (open.length === 0 && text.trim() !== '') throw new Error(`text outside of everything: ${text.slice(0, 80)}`);
      at += text.length;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(body);
    if (tag === null) throw new Error(`no tag: ${body.slice(at, at + 80)}`);
    const [whole, closes, name = '', attributes = '', closed] = tag;
    if (/&(?!amp;|lt;|gt;|quot;|#39;)/.test(attributes)) throw new Error(`a bare & in: ${whole}`);
    if (closes === '/') {
      if (open.pop() !== name) throw new Error(`${whole} closes another element`);
    } else {
      seen.set(name, (seen.get(name) ?? 0) + 1);
      if (closed !== '/') open.push(name);
    }
    at += whole.length;
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`);
  return seen;
}

test('the check of the page would find an element left open, a bare ampersand and a quote broken out of', () => {
  for (const broken of ['<p>', '<p></b></p>', '<p>a & b</p>', '<p class="a"b">x</p>', '<p class=a>x</p>'])
    expect(() => checkWellFormed(broken), broken).toThrow();
  expect(checkWellFormed('<p class="a">x &amp; y<br /></p>\n').get('p')).toBe(1);
});

test('the page is well-formed, whole in itself and without a script, whatever leads and servers have written', async () => {
  await fourEnds();
  const markup = await page();
  const elements = checkWellFormed(markup);
  for (const forbidden of ['script', 'img', 'link', 'iframe', 'object', 'embed', 'form', 'a', 'image', 'use', 'foreignObject'])
    expect([forbidden, elements.has(forbidden)]).toEqual([forbidden, false]);
  expect(elements.get('style')).toBe(1);
  expect(markup).not.toMatch(/\b(?:src|href|srcset|on[a-z]+)="|url\(|@import|javascript:/);
  expect(markup.match(/https?:\/\/[^"\s]+/g)).toEqual(['http://www.w3.org/1999/xhtml']);
  expect(markup).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(markup).toContain('⟨U+202E⟩gnp');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
  expect(markup).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e]/);
});

test('it tells totals, days, senders, domains, failures with their reasons, and names who is uncertain', async () => {
  await fourEnds();
  const markup = await page();
  const text = markup
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  expect(text).toContain(
    'mails 5 drafted 4 sent 2 bounced 1 complained 0 uncertain 1 failed 1 suppressed 0 cancelled 0 waiting 1 in review 0',
  );
  expect(text).toContain('leads: 5; drafted: 4 (80 %); tried: 4 (80 %); sent: 2 (40 %)');
  expect(text).toContain('2026-11-23 4 2 1 0 1 1');
  expect(text).toContain('main 2 1 0 1 1');
  expect(text).toContain('company2.example 0 1 0 0 1');
  expect(text).toContain('the address takes no mail 550 1 550 5.1.1');
  expect(text).toMatch(/Uncertain mails .* 4 lead3@company3\.example main 2026-11-23 11:00 the line broke/);
  expect(text).toContain('Of job 1 nobody can tell whether 1 left; say what became of them outreach messages --job 1 --state uncertain');
  expect(text).toContain('Mails wait, and no worker is running outreach worker');
});

test('charts have a title and a description, tables a caption and headers, and all figures of the chart stand in a table', async () => {
  await fourEnds();
  const markup = await page();
  for (const [, labels = ''] of markup.matchAll(/<svg role="img" aria-labelledby="([^"]+)"/g))
    for (const id of labels.split(' ')) expect(markup).toMatch(new RegExp(`<(title|desc) id="${id}">[^<]{5,}<`));
  const tables = [...markup.matchAll(/<table>[\s\S]*?<\/table>/g)].map(([table]) => table);
  expect(tables.length).toBeGreaterThanOrEqual(6);
  for (const table of tables) expect(table).toMatch(/<caption>.+<\/caption>\n<thead><tr><th scope="col"/);
  expect(markup.match(/<svg(?! role="img"| [^>]*aria-hidden="true")/g)).toBeNull();
  expect(markup).toContain('@media (prefers-color-scheme: dark)');
  expect(markup).toContain('@media print');
  expect(markup).toContain('<html lang="en"');
});

test('ink and ground differ enough to be read, in light, dark and print', async () => {
  const style = (await page()).match(/<style>([\s\S]*)<\/style>/)?.[1] ?? '';
  const palettes = [...style.matchAll(/:root \{([^}]*)\}/g)].map(([, rules = '']) =>
    Object.fromEntries([...rules.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value])),
  );
  expect(palettes).toHaveLength(3);
  for (const { ground = '', panel = '', ink = '', quiet = '', sent = '', failed = '', 'uncertain-fill': uncertain = '' } of palettes) {
    for (const back of [ground, panel]) for (const text of [ink, quiet]) expect(contrast(text, back)).toBeGreaterThanOrEqual(4.5);
    // WCAG 1.4.11: what a chart is made of.
    for (const fill of [sent, failed, uncertain]) expect(contrast(fill, ground)).toBeGreaterThanOrEqual(3);
  }
});

test('a campaign without a mail makes a whole page too, and an unknown one is an error', async () => {
  const markup = await page();
  checkWellFormed(markup);
  expect(markup).toContain('No mails yet.');
  await expect(readReport(app, {}, 'helo', bench.now)).rejects.toThrow('did you mean hello?');
});

test('a campaign that went on for a year is drawn week by week, with every day in the table', async () => {
  await bench.import(csv(200));
  await bench.draft(1, 200);
  for (let day = 0; day < 200; day += 2) {
    await sendMessage(bench.sending(), 1, bench.campaign);
    bench.now += 2 * 86_400_000;
  }
  const markup = await page();
  checkWellFormed(markup);
  expect(markup).toContain('Mails by week');
  expect(markup.match(/<g><title>/g)?.length).toBe(29);
  expect(markup.match(/<tr><th scope="row">\d{4}-\d\d-\d\d/g)?.length).toBe(199);
});

test('days without a mail are filled in up to the last, and what is before them is summed', () => {
  const day = (date: string, sent: number) => ({
    date,
    drafted: 0,
    sent,
    bounced: 0,
    complained: 0,
    uncertain: 0,
    failed: 0,
    suppressed: 0,
  });
  const by_day = [day('2026-10-01', 5), day('2026-11-20', 7), day('2026-11-22', 9)];
  const { earlier, days } = lastDays({ by_day }, 5, '2026-11-23');
  expect(earlier?.sent).toBe(5);
  expect(days.map(({ date, sent }) => [date, sent])).toEqual([
    ['2026-11-19', 0],
    ['2026-11-20', 7],
    ['2026-11-21', 0],
    ['2026-11-22', 9],
    ['2026-11-23', 0],
  ]);
  expect(lastDays({ by_day: [] }, 5)).toEqual({ earlier: undefined, days: [] });
});

/** WCAG 2.2: contrast ratio of two colours. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
