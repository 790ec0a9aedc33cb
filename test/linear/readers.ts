import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../src/config/config.ts';
import { inspectYaml } from '../../src/config/yaml.ts';
import { readAddresses } from '../../src/csv/addresses.ts';
import { mapColumns } from '../../src/csv/columns.ts';
import { surveyConsent } from '../../src/csv/consent.ts';
import { roleOf } from '../../src/csv/consentHeaders.ts';
import { answerOf, elementsOf, statusOf } from '../../src/csv/consentValues.ts';
import { deliveryRows, timesIn } from '../../src/csv/deliveryLog.ts';
import { readLead } from '../../src/csv/leads.ts';
import { isServerLog, serverRows } from '../../src/csv/mailServerLog.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import { addressChoice, columnsWithAddresses, firstRows } from '../../src/csv/sample.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { saidBy } from '../../src/domain/deliveryWords.ts';
import { parseDuration } from '../../src/domain/duration.ts';
import { beginsEncodedWord } from '../../src/domain/encodedWord.ts';
import { messageOf } from '../../src/domain/errors.ts';
import { htmlFromText } from '../../src/domain/html.ts';
import { imagesIn } from '../../src/domain/images.ts';
import { markInvisible, withoutInvisible } from '../../src/domain/invisible.ts';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { findMergeTags } from '../../src/domain/mergeTags.ts';
import { parseMoment } from '../../src/domain/moment.ts';
import { readRefusal, skeletonOf, wordsOf } from '../../src/domain/refusal.ts';
import { parseSince } from '../../src/domain/since.ts';
import { parseTemplate } from '../../src/domain/template.ts';
import { tagIn } from '../../src/domain/templateTags.ts';
import { bodyText, didYouMean, jsonForTerminal, oneLine } from '../../src/domain/text.ts';
import { parseUntil } from '../../src/domain/until.ts';
import { parseClock, parseDates, parseDays } from '../../src/domain/window.ts';
import { isZone } from '../../src/domain/zone.ts';
import { readModelList } from '../../src/llm/modelList.ts';
import { allowanceRest } from '../../src/llm/rateLimit.ts';
import { readDomains, readGraphUser, readProfile, readScopes } from '../../src/mail/apiAnswers.ts';
import { readDkim, readDmarc } from '../../src/mail/dnsRecords.ts';
import { encodedWords, withLiteralFileName, withLiteralNames } from '../../src/mail/headerText.ts';
import { readResend, readSendgrid } from '../../src/mail/httpReplies.ts';
import { readGmail, readGraph } from '../../src/mail/mailboxReplies.ts';
import { readReply } from '../../src/mail/replies.ts';
import { ReplyReader } from '../../src/mail/smtpReplies.ts';
import { readSpf, spfRecord } from '../../src/mail/spf.ts';
import type { Language } from './shapes.ts';

/** A function that reads outside text, and the language of that text. */
export interface Reader extends Language {
  read(text: string): unknown;
}

/** Every kind of text that comes from outside. Readers of files write them into `folder`. */
export function readersIn(folder: string): Readonly<Record<string, Reader>> {
  const file = (text: string) => {
    const path = join(folder, 'file');
    writeFileSync(path, text);
    return path;
  };
  return {
    addresses: {
      tokens: [...'"<>@,;:.()[]\\\'-+', 'mailto:', 'xn--'],
      texts: ['Ana Ruiz <ana@ruiz.example>', '"Ruiz, Ana" <ana@ruiz.example>', '"a"@b.example', 'mailto:a@b.example'],
      read: parseAddress,
    },
    'a file of leads': {
      tokens: [...',;\t|"=', '\r', '""', 'a@b.example', 'sep=;'],
      texts: ['email,name\na@b.example,"x\ny"\n', 'sep=;\nemail;note\na@b.example;"a ""b"""\n', 'email,unsubscribed\na@b.example,no\n'],
      read: (text) => readLeads(file(text)),
    },
    'a list of people': {
      tokens: [...',;"<>()[]@', 'a@b.example'],
      texts: ['email,name\n["a@b.example"],x\n'],
      read: async (text) => readAddresses(file(text), 'list.csv').catch(() => undefined),
    },
    'names of columns': {
      tokens: [..._('- _ . # / ( )'), 'E-Mail', 'c,'],
      texts: ['Job Title (EN),E-Mail,Opted out,E-Mail 2'],
      read: (text) => {
        for (const names of [[text], text.split(',').slice(0, 2_000)]) mapColumns(['email', ...names], new Map(), 'l.csv');
        return roleOf(text);
      },
    },
    'cells about consent': {
      tokens: [..._(', ; | / : ( - –'), 'yes', 'unsubscribed', ':::', 'email'],
      texts: ['Unsubscribed (by admin)', '2026-12-01 10:00', 'email, phone; sms', '0.0'],
      read: (cell) => [answerOf(cell), statusOf(cell), elementsOf(cell)],
    },
    templates: {
      tokens: [
        ..._('{ } % | " \' - . [ ] ( ) ! # ='),
        '{{',
        '}}',
        '{%',
        '%}',
        '{{ a }}',
        '{% if a %}',
        '{% endif %}',
        '{% raw %}',
        '<<',
        '*|',
      ],
      texts: [
        '{{ a | default: "x" }}',
        '{% for x in a %}{{ x }}{% endfor %}',
        '![alt](b.png)',
        '*|FNAME|*',
        '{% comment %}x{% endcomment %}',
      ],
      read: readTemplate,
    },
    'cells in templates': {
      tokens: [..._('< > & " \' { } % / # = , !'), '<script', '<!--', '{{', '%}', 'http://', '&amp;', '=?utf-8?q?', '\u001b]'],
      texts: ['<b>x</b>', 'https://a.example/b.', '2026-12-01', '![a](b.png)'],
      read: (cell) => [fill(cell), tagIn(cell), htmlFromText(cell), bodyText(cell), oneLine(cell), withoutInvisible(cell)],
    },
    'anything that is shown': {
      tokens: [...'["\\', '\u009b', '\u001b]', '\u2028', '\ufe0f', '\u{e0001}', 'א'],
      texts: ['\u001b[31mred\u001b[0m', '\u{1f468}\u200d\u{1f469}', '\u0627\u200c\u0628'],
      read: (text) => [markInvisible(text), jsonForTerminal(text), messageOf(new Error(text)), didYouMean(text, [text, `${text}a`])],
    },
    refusals: {
      tokens: [
        ..._('< > ( ) [ ] " \' ; : @ - _ # / ='),
        '550',
        '5.1.1',
        '550 5.1.1 ',
        '550-',
        'user unknown',
        'rate',
        'try again in',
        'http://',
        '::',
      ],
      texts: [
        '550 5.1.1 <a@b.example> user unknown',
        '421 try again in 15 minutes',
        '550-5.7.1 [192.0.2.1] blocked\n550 see https://b.example/x',
      ],
      read: (text) => [readRefusal('rcpt', 550, text), skeletonOf(550, text), wordsOf(text), readReply('rcpt', 451, text)],
    },
    'replies of SMTP servers': {
      tokens: ['250', '250-', '250 ', '-', '2', '\r'],
      texts: ['250-mx.example\r\n250 SIZE 1000\r\n'],
      read: (text) => new ReplyReader().read(Buffer.from(text)),
    },
    'DNS records': {
      tokens: [..._('; = : / ~ ? - + % .'), 'v=', 'p=', 'v=spf1 ', 'include:', 'redirect=', 'ip4:', 'all', 'v=DMARC1;'],
      texts: ['v=spf1 include:a.example ip4:192.0.2.0/24 -all', 'v=DMARC1; p=reject; rua=mailto:a@b.example', 'v=DKIM1; k=rsa; p=MIGf'],
      read: readDns,
    },
    'MIME words': {
      tokens: [..._('= ? _ < > " ; : ,'), '=?', '?=', '=?utf-8?q?', '\r\n ', 'name=', 'From: '],
      texts: ['=?utf-8?q?a=20b?=', 'From: "=?utf-8?q?a?=" <a@b.example>\r\n', '; name="a b"; x'],
      read: readMime,
    },
    'answers of models': {
      tokens: [..._('{ } [ ] " \\ : , `'), '{"', '```', '{"subject":', '\\u0000', '{{', '{%'],
      texts: ['{"subject":"s","body":"b"}', '```json\n{"subject":"s","body":"b"}\n```', '{"data":[{"id":"m"}]}'],
      read: (text) => [readMailReply(text), readModelList(200, text, 'm')],
    },
    'answers over HTTP': {
      tokens: [
        ..._('{ } [ ] " : , ; = /'),
        '{"errors":',
        '"field"',
        '{"message":',
        '1s',
        '6m0s',
        'personalizations.',
        '{"error":',
        '"reason":',
        "Recipient '",
        'Retry after ',
      ],
      texts: [
        '{"errors":[{"message":"m","field":"personalizations.0.to"}]}',
        '{"id":"i"}',
        '1m30s',
        '{"error":{"code":403,"message":"Retry after 2026-12-01T10:00:00.000Z","errors":[{"reason":"rateLimitExceeded"}]}}',
        `{"error":{"code":"ErrorInvalidRecipients","message":"Recipient 'x' is not resolved"}}`,
      ],
      read: readHttp,
    },
    settings: {
      tokens: [..._(': { } [ ] , # & * ! | > \' " % @ - ?'), 'a: ', '- ', '&a ', '*a', '<<: ', '{a: ', '---\n', '"\\x', 'version: 1\n'],
      texts: ['version: 1\nsenders:\n  - { name: a, type: outbox }\n', 'a: "b"\n', '? a\n: b\n', 'a: |\n  b\n'],
      read: readSettings,
    },
    'delivery logs': {
      tokens: [..._(', ; " < > [ ] # : /'), 'postfix/smtp[7]: ', ' status=', 'to=<', ' <= ', ' id=', '##', 'message-id=<'],
      texts: [
        'message_id,to,event,date\n<a@b>,a@b.example,delivered,2026-12-01 10:00\n',
        'postfix/smtp[7]: 4Xy9ABC: to=<c@d>, relay=x, status=sent (250)\n',
        '2026-11-23 10:00:00 1vNabc-000123-2kab <= ana@ruiz.example H=x id=a@b\n',
      ],
      read: (text) => readLog(file(text)),
    },
    'words of events': {
      tokens: [..._(', ; | . - _'), '##', 'delivered', 'aB', 'email'],
      texts: ['email.delivered', 'hardBounce', 'Receive, Deliver'],
      read: saidBy,
    },
    'times and lengths of time': {
      tokens: [..._(': - / + , . Z T'), 'mon', 'mon-', '..', '2026-', '1h', 'GMT', ' am'],
      texts: [
        '2026-12-01T09:00:30.5+01:00',
        'Mon, 01 Dec 2026 10:00:00 +0000',
        '12/01/2026, 10:00:00 AM',
        'mon-fri',
        '1.5h',
        'Europe/Madrid',
        '2026-12-24..2027-01-06',
      ],
      read: readTimes,
    },
  };
}

function _(tokens: string): string[] {
  return tokens.split(' ');
}

async function readLeads(path: string): Promise<void> {
  try {
    const leads = await openCsv(path, 'leads.csv');
    const rows = await firstRows(leads);
    const holding = columnsWithAddresses(rows);
    const columns = mapColumns(leads.header, new Map(), 'leads.csv', holding);
    addressChoice(leads.header, columns, holding);
    (await surveyConsent(leads, columns)).unclear(new Set());
    for await (const row of leads.rows()) readLead(row, columns);
  } catch {
    // Refused in one sentence.
  }
}

function readTemplate(text: string): void {
  imagesIn(text);
  findMergeTags([{ text, line: 1, column: 1 }], ['first_name', 'a'], new Map());
  try {
    parseTemplate(text, { path: 'a.md', line: 1 }).render({ fields: { a: 'x' }, sender: {} });
  } catch {
    // Refused in one sentence.
  }
}

const FILTERS =
  'strip | upcase | capitalize | escape | strip_html | strip_newlines | newline_to_br | squish | truncatewords: 5 | truncate: 9 | date: "%Y"';
const filled = FILTERS.split(' | ').map((filter) => parseTemplate(`{{ a | ${filter} }}`, { path: 'a.md', line: 1 }));

function fill(cell: string): void {
  for (const template of filled) {
    try {
      template.render({ fields: { a: cell }, sender: {} });
    } catch {
      // Over the budget.
    }
  }
}

async function readDns(text: string): Promise<void> {
  readDmarc([text]);
  readDkim([text]);
  spfRecord([text], ['a.example']);
  await readSpf('a.example', async (name) => [name === 'a.example' ? text : 'v=spf1 -all']);
}

function readMime(text: string): void {
  beginsEncodedWord(text);
  encodedWords(text);
  const name = `=?utf-8?q?${text}`;
  // No file system has longer names.
  const fileName = name.slice(0, 255);
  withLiteralFileName(`Content-Type: a/b; name=${JSON.stringify(fileName)}`, fileName);
  const from = { email: 'a@b.example', name };
  withLiteralNames(Buffer.from(`From: ${text} <a@b.example>\r\nTo: x\r\n\r\n`), { from, to: from });
}

function readHttp(body: string): void {
  const reply = { status: 400, headers: { 'retry-after': body.slice(0, 16_384) }, body, complete: true, early: false, now: 0 };
  readSendgrid(reply);
  readResend(reply);
  for (const status of [400, 403, 429]) for (const read of [readGmail, readGraph]) read({ ...reply, status });
  readProfile(200, body, 'a@a.example');
  readProfile(403, body, 'a@a.example');
  readGraphUser(200, body, 'a@a.example');
  readScopes(200, body);
  readDomains(200, body, 'a.example');
  const value = body.replace(/[^ -~]/g, '').slice(0, 16_384);
  allowanceRest(new Headers({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': value }), 0);
}

function readSettings(text: string): void {
  try {
    inspectYaml({ text, path: 'outreach.yaml', firstLine: 1 }, configSchema);
  } catch {
    // Refused.
  }
}

async function readLog(path: string): Promise<void> {
  if (await isServerLog(path))
    for await (const _row of serverRows(path, { isKnown: () => true, zone: 'Europe/Madrid', years: [2025, 2026] }));
  try {
    const log = await openCsv(path, 'log.csv');
    for await (const _row of deliveryRows(log, 'Europe/Madrid') ?? []);
  } catch {
    // Refused in one sentence.
  }
}

function readTimes(text: string): void {
  timesIn(text, ['UTC', 'Europe/Madrid']);
  for (const read of [parseDuration, parseDays, parseClock, parseDates, isZone]) read(text);
  parseMoment(text, 'Europe/Madrid');
  for (const read of [parseSince, parseUntil]) read(text, 'Europe/Madrid', 0);
}
