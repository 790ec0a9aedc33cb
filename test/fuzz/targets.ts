import { strict as assert } from 'node:assert';
import type fc from 'fast-check';
import { configOf } from '../../src/config/config.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { mapColumns } from '../../src/csv/columns.ts';
import { readLead } from '../../src/csv/leads.ts';
import { type CsvRow, RowParser } from '../../src/csv/rowParser.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { OutreachError } from '../../src/domain/errors.ts';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { unsubscribeToken, withToken } from '../../src/domain/personKey.ts';
import { readRefusal } from '../../src/domain/refusal.ts';
import { SMTP_PHASES } from '../../src/domain/refusalRules.ts';
import { hashProblem, isHash } from '../../src/domain/reviewHash.ts';
import { parseTemplate } from '../../src/domain/template.ts';
import { readDkim, readDmarc } from '../../src/mail/dnsRecords.ts';
import { type HttpReply, readResend, readSendgrid } from '../../src/mail/httpReplies.ts';
import { readGmail, readGraph } from '../../src/mail/mailboxReplies.ts';
import { composeMime } from '../../src/mail/mime.ts';
import { ReplyReader } from '../../src/mail/smtpReplies.ts';
import { readSpf } from '../../src/mail/spf.ts';
import { headOf } from '../support/mail.ts';
import { readMail } from '../support/readMail.ts';
import { like } from './input.ts';

/** One reader of outside text: what it is given, and what must hold of every answer. */
export interface Target {
  readonly input: fc.Arbitrary<string>;
  /** Throws when a promise is broken. An OutreachError of the reader is an answer, too. */
  readonly check: (text: string) => unknown;
}

const CSV = 'email,first_name,company\nana@ruiz.example,Ana,"Ruiz, S.L."\nbob@harbour.example,Bob,"two\nlines"\n';
const ADDRESSES = [
  'ana@ruiz.example',
  'Ana Ruiz <ana@ruiz.example>',
  '"a b"@x.example',
  'größe@müller.example',
  '<a@b.example>',
  'a@[1.2.3.4]',
];
const REPLIES = [
  '550 5.1.1 <a@b.example>: user unknown',
  '250-ok\r\n250 done',
  '421 4.7.0 try again in 15 minutes',
  '554 5.7.1 blocked using x',
];
const TEMPLATE =
  'Hi {{ first_name | default: "there" }},\n\n{% if company %}{{ company }}{% endif %}\n{% for x in list %}{{ x }}{% endfor %}\n';
const SETTINGS = `version: 1\nidentity: { name: Ana, timezone: Europe/Madrid }\nsenders:\n  - { name: main, type: smtp, host: smtp.ruiz.example, from: "Ana <a@b.example>" }\nlimits: { emails_per_month: 500 }\n`;
const DNS = ['v=spf1 include:a.example ip4:1.2.3.0/24 mx -all', 'v=DMARC1; p=none; rua=mailto:a@b.example', 'v=DKIM1; k=rsa; p=MIIB'];
const HTTP = [
  '{"errors":[{"message":"no","field":"personalizations.0.to"}]}',
  '{"id":"49a3999c"}',
  '{"statusCode":422,"name":"x","message":"to"}',
  '{"error":{"code":403,"message":"Retry after 2026-12-01T10:00:00.000Z","errors":[{"reason":"rateLimitExceeded"}]}}',
  '{"error":{"code":"ErrorSendAsDenied","message":"no"}}',
];
const ANSWERS = ['{"subject":"Hi","body":"A line.\\n\\nAnother."}', '```json\n{"subject":"Hi","body":"x"}\n```', '{"subject":"Hi"}'];

const WORKSPACE = workspaceAt('/nowhere');

export const TARGETS: Readonly<Record<string, Target>> = {
  csv: { input: like([CSV]), check: checkCsv },
  addresses: { input: like(ADDRESSES), check: checkAddress },
  refusals: { input: like(REPLIES), check: checkRefusal },
  templates: { input: like([TEMPLATE]), check: checkTemplate },
  settings: { input: like([SETTINGS]), check: (text) => configOf(WORKSPACE, text) },
  dns: { input: like(DNS), check: checkDns },
  mime: { input: like(['Ana Ruiz', 'A question about Harbour', 'Hi Grace,\n\n.\n..\nFrom x\n']), check: checkMime },
  'http answers': { input: like(HTTP), check: checkHttp },
  'model answers': { input: like(ANSWERS), check: checkAnswer },
  tokens: { input: like(['12@0123456789ab', '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794.abc']), check: checkToken },
};

/** Pieces may end anywhere: the rows are the same. Each row is a lead or a reject. */
function checkCsv(text: string): void {
  const rowsIn = (pieces: readonly string[]): CsvRow[] => {
    const parser = new RowParser(',', 'leads.csv');
    return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
  };
  const rows = rowsIn([text]);
  const middle = Math.floor(text.length / 3);
  assert.deepEqual(
    rowsIn([text.slice(0, middle), text.slice(middle)]).map(({ cells, line }) => ({ cells, line })),
    rows.map(({ cells, line }) => ({ cells, line })),
  );
  const [header, ...leads] = rows;
  if (header === undefined) return;
  const columns = mapColumns(header.cells, new Map(), 'leads.csv');
  for (const row of leads) {
    const lead = readLead(row, columns);
    if (lead.kind === 'lead') checkAddress(lead.address.email);
    else assert.notEqual(lead.reason, '');
  }
}

/** What is taken is one mailbox that a header and an envelope can hold, and is read again as itself. */
function checkAddress(text: string): void {
  const read = parseAddress(text);
  if (!read.ok) {
    assert.notEqual(read.reason, '');
    return;
  }
  const { email, key } = read.address;
  assert.match(email, /^[^\s<>,;\p{Cc}]+@[^\s<>,;@\p{Cc}]+$/u);
  assert.ok(email.length <= 320);
  const again = parseAddress(email);
  assert.ok(again.ok && again.address.key === key);
}

/** A reply is read in any pieces alike, and only a permanent refusal of a recipient suppresses. */
function checkRefusal(text: string): void {
  for (const phase of SMTP_PHASES) {
    for (const code of [421, 450, 550, 554]) {
      const { means, words } = readRefusal(phase, code, text);
      if (means === 'no mailbox') assert.ok(code >= 500 && ['rcpt', 'data', 'dot'].includes(phase), `${phase} ${code}`);
      assert.ok(words.length <= 2_000);
    }
  }
  const bytes = Buffer.from(`${text}\r\n`);
  const readIn = (size: number) => {
    const reader = new ReplyReader();
    const replies: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const read = reader.read(bytes.subarray(at, at + size));
      replies.push(...read.replies);
      if (read.malformed !== undefined) break;
    }
    return replies;
  };
  assert.deepEqual(readIn(7), readIn(bytes.length));
}

/** Whatever the author wrote and a cell holds, a mail is bounded, and a cell is no template. */
function checkTemplate(text: string): void {
  const template = parseTemplate(text, { path: 'hello.md', line: 1 });
  const fields = { first_name: text, company: '{{ first_name }}', list: text };
  try {
    assert.ok(template.render({ fields, sender: { name: 'Ana', email: 'ana@ruiz.example' } as never }).length <= 10_000_000);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof assert.AssertionError) throw error;
  }
}

/** Whatever records say, they are asked for a few times at most. */
async function checkDns(text: string): Promise<void> {
  for (const texts of [[text], [text, text]]) {
    readDmarc(texts);
    readDkim(texts);
    let asked = 0;
    await readSpf('a.example', async () => {
      asked++;
      return texts;
    });
    assert.ok(asked <= 40);
  }
}

/** No text adds a header, and what the reader sees is what was written. */
async function checkMime(text: string): Promise<void> {
  const mail = await composeMime({
    from: 'Ana Ruiz <ana@ruiz.example>',
    to: { email: 'grace@harbour.example', name: text },
    subject: text,
    text: 'Hi.\n',
    html: '<p>Hi.</p>\n',
    unsubscribeMailto: 'ana@ruiz.example',
    reference: 'r',
  });
  const names = headOf(mail.bytes)
    .split('\r\n')
    .filter((line) => !/^[ \t]/.test(line))
    .map((line) => line.split(':')[0]);
  const known = ['List-Unsubscribe', 'X-Outreach-Id', 'From', 'To', 'Subject', 'Message-ID', 'MIME-Version', 'Content-Type'];
  assert.deepEqual(
    names.filter((name) => !known.includes(name ?? '')),
    [],
  );
  assert.equal(readMail(mail.bytes).text.trim(), 'Hi.');
  for (const line of mail.bytes.toString('latin1').split('\r\n')) assert.ok(line.length <= 998);
}

/** Only a 2xx is an acceptance, and an answer that came too early or not whole is never one. */
function checkHttp(body: string): void {
  for (const status of [200, 202, 302, 307, 400, 401, 403, 422, 429, 500]) {
    for (const [complete, early] of [
      [true, false],
      [false, false],
      [true, true],
    ] as const) {
      const reply: HttpReply = { status, headers: { 'content-type': 'application/json' }, body, complete, early, now: 0 };
      for (const { kind } of [readSendgrid(reply), readResend(reply), readGmail(reply), readGraph(reply)]) {
        if (kind === 'accepted') assert.ok(status < 300 && complete && !early);
      }
    }
  }
}

/** What is taken has a subject on one line and a text, both bounded and free of what nobody sees. */
function checkAnswer(text: string): void {
  const read = readMailReply(text);
  if (read.kind !== 'mail') {
    assert.notEqual(read.kind === 'skip' ? read.reason : read.trouble, '');
    return;
  }
  assert.match(read.subject, /^[^\p{Cc}\u202e\u200b]{1,200}$/u);
  assert.ok(read.body.length > 0 && [...read.body].length <= 20_000);
  assert.doesNotMatch(read.body, /[\u202e\u200b\0]|\{\{|\{%/u);
}

/** A token is its own alone, and fits into an address; digits that are no hash say why. */
function checkToken(text: string): void {
  const key = Buffer.alloc(32, 7);
  const token = unsubscribeToken(key, text);
  assert.notEqual(unsubscribeToken(key, `${text}x`), token);
  assert.notEqual(unsubscribeToken(Buffer.alloc(32, 8), text), token);
  // Half a surrogate pair stands in no reference of ours.
  if (!/\p{Cs}/u.test(text)) assert.equal(new URL(withToken('https://ruiz.example/u', token)).searchParams.get('t'), token);
  const hash = '0123456789abcdef'.repeat(4);
  if (hashProblem(text, 'mail') === undefined && isHash(hash, text)) assert.ok(hash.startsWith(text.toLowerCase()));
}

/** Runs a check; what a reader refuses with an error of its own is as good as an answer. */
export async function hold({ check }: Target, text: string): Promise<void> {
  const began = performance.now();
  try {
    await check(text);
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    assert.notEqual(error.message, '');
  }
  const took = performance.now() - began;
  if (took > LONGEST_MS) throw new Error(`${text.length} characters took ${Math.round(took)} ms`);
}

/** Far more than any reader needs for 200,000 characters, on a busy machine. */
const LONGEST_MS = 10_000;
