import { realpathSync } from 'node:fs';
import { readAttachment } from '../../src/config/attachedFiles.ts';
import { campaignFiles } from '../../src/config/campaign.ts';
import { isCampaignName } from '../../src/config/campaignFolder.ts';
import { configOf } from '../../src/config/config.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { readAddresses } from '../../src/csv/addresses.ts';
import { mapColumns } from '../../src/csv/columns.ts';
import { deliveryRows } from '../../src/csv/deliveryLog.ts';
import { readLead } from '../../src/csv/leads.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import { csvLine } from '../../src/csv/rejects.ts';
import type { AccessToken } from '../../src/domain/accessToken.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { messageOf, OutreachError } from '../../src/domain/errors.ts';
import { parseForeignJson } from '../../src/domain/foreignJson.ts';
import { guarded } from '../../src/domain/formula.ts';
import { htmlFromText } from '../../src/domain/html.ts';
import { withoutInvisible } from '../../src/domain/invisible.ts';
import { type LeadFields, withoutInvisibleText } from '../../src/domain/lead.ts';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { parseMoment } from '../../src/domain/moment.ts';
import { parseReference } from '../../src/domain/secretReference.ts';
import { parseTemplate, renderFailure } from '../../src/domain/template.ts';
import { bodyText, oneLine } from '../../src/domain/text.ts';
import { isZone } from '../../src/domain/zone.ts';
import { readModelList } from '../../src/llm/modelList.ts';
import { readGraphUser, readProfile } from '../../src/mail/apiAnswers.ts';
import { readDkim, readDmarc } from '../../src/mail/dnsRecords.ts';
import { type HttpReply, readResend, readSendgrid } from '../../src/mail/httpReplies.ts';
import { readGmail, readGraph } from '../../src/mail/mailboxReplies.ts';
import { readReply } from '../../src/mail/replies.ts';
import { ReplyReader } from '../../src/mail/smtpReplies.ts';
import { readSpf } from '../../src/mail/spf.ts';
import { TokenAccess } from '../../src/mail/tokenAccess.ts';
import { printable } from '../../src/terminal/printable.ts';
import { attempt, headOf, mail } from '../support/mail.ts';
import { CAMPAIGN, type Folder, outreach } from '../support/program.ts';
import { headerOf, mailboxOf, readMail } from '../support/readMail.ts';

/** What became of an input: the value that it was read as, or the sentence that refuses it. */
export class Refused {
  readonly sentence: string;

  constructor(sentence: string) {
    this.sentence = sentence;
  }
}

const SETTINGS = `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, 28013 Madrid, Spain", timezone: Europe/Madrid }
senders:
  - { name: main, type: smtp, from: "Ana Ruiz <ana@ruiz.example>", host: smtp.ruiz.example, password: "env:SMTP_PASSWORD", user: ana }
`;
const NOW = Date.UTC(2026, 11, 1);
const SMTP = 'name: main, type: smtp, from: "ana@ruiz.example", host: smtp.ruiz.example';
const IDENTITY = 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n';

/** Where text from outside comes in, or goes out again: each gives what a text there becomes. `folder` is an empty workspace. */
export const PLACES: Readonly<Record<string, (text: string, folder: Folder) => unknown>> = {
  'an address': (text) => {
    const check = parseAddress(text);
    return check.ok ? check.address.email : new Refused(check.reason);
  },
  // Below `email,first_name,company`.
  'rows of leads': async (text, folder) => leadsIn(folder.write('leads.csv', `email,first_name,company\n${text}`)),
  'a file of leads': async (text, folder) => leadsIn(folder.write('leads.csv', Buffer.from(text, 'latin1'))),
  'the name of a column': (text) => mapColumns(['email', text], new Map(), 'leads.csv')[1],
  'names of columns': (text) => mapColumns(text.split(','), new Map(), 'leads.csv').length,
  'a list of people': (text, folder) => readAddresses(folder.write('list.txt', text), 'list.txt'),
  // As the subject, and as the recipient's name.
  'headers of a mail': async (said) => {
    const text = oneLine(withoutInvisible(said));
    const { bytes } = await mail({ subject: text, to: { email: 'grace@harbour.example', name: text } });
    const known = /^(?:From|To|Subject|Message-ID|MIME-Version|Content-Type|List-Unsubscribe|X-Outreach-Id)$/;
    const names = headOf(bytes)
      .split('\r\n')
      .map((line) => line.split(':')[0] ?? '');
    const more = names.filter((name) => !known.test(name));
    if (more.length > 0 || new Set(names).size !== names.length) throw new Error(`further headers: ${names}`);
    const to = mailboxOf(bytes, 'To');
    if (to?.email !== 'grace@harbour.example') throw new Error(`it goes to ${to?.email}`);
    return [headerOf(bytes, 'Subject') ?? '', to.name];
  },
  'the text of a mail': async (text) => readMail((await mail({ text: bodyText(withoutInvisible(text)) })).bytes).text,
  'a cell in a template': (text) => rendered('{{ note }}', { note: text }),
  'a cell in a loop': (text) =>
    rendered('{% assign parts = tags | split: "," %}{% for t in parts %}{{ t }} at {{ tags }}{% endfor %}', { tags: text }),
  'a cell in HTML': (text) => /<p>(.*)<\/p>/s.exec(htmlFromText(bodyText(withoutInvisible(text))))?.[1] ?? '',
  'a template': (text) => rendered(text, { first_name: 'Grace' }),
  settings: (text) => taken(configOf(workspaceAt('/nowhere'), `${SETTINGS}${text}\n`)),
  'settings of a sender': (text) => taken(configOf(workspaceAt('/nowhere'), `${IDENTITY}senders:\n  - { ${SMTP}, ${text} }\n`)),
  'a whole file of settings': (text) => taken(configOf(workspaceAt('/nowhere'), text)),
  'a campaign': (text, folder) => {
    const workspace = workspaceAt(folder.path);
    folder.write('campaigns/hello.md', text);
    return taken(campaignFiles(workspace, configOf(workspace, SETTINGS)).load('hello'));
  },
  'the name of a campaign': (text) => isCampaignName(text),
  'the name of a file to attach': (text, folder) => {
    folder.write('campaigns/brochure.pdf', 'x');
    folder.write('campaigns/hello.md', 'x');
    folder.write('campaigns/.env', 'x');
    folder.write('outreach.yaml', 'x');
    const read = readAttachment(workspaceAt(realpathSync(folder.path)), text);
    return read.ok ? read.file.name : new Refused(read.reason);
  },
  'the answer of a model': (text) => {
    const read = readMailReply(text);
    if (read.kind === 'skip') return { skipped: read.reason };
    return read.kind === 'mail' ? [read.subject, read.body] : new Refused(read.trouble);
  },
  'a list of models': (text) => readModelList(200, text, 'gpt'),
  'a refusal at RCPT': (text) => readReply('rcpt', 550, text, { from: 'ana@ruiz.example', to: 'grace@harbour.example' }).kind,
  'a refusal after the final dot': (text) => readReply('dot', 554, text, { from: 'ana@ruiz.example', to: 'grace@harbour.example' }).kind,
  'what an SMTP server writes': (text) => {
    const read = new ReplyReader().read(Buffer.from(text, 'latin1'));
    return read.malformed === undefined ? read.replies.map(({ code }) => code) : new Refused(read.malformed);
  },
  'a 202 of SendGrid': (text) => readSendgrid(reply(202, text)).kind,
  'a 400 of SendGrid': (text) => readSendgrid(reply(400, text)).kind,
  'a 200 of Resend': (text) => readResend(reply(200, text)).kind,
  'a 422 of Resend': (text) => readResend(reply(422, text)).kind,
  'a 200 of Gmail': (text) => readGmail(reply(200, text)).kind,
  'a 403 of Gmail': (text) => readGmail(reply(403, text)).kind,
  'a 202 of Graph': (text) => readGraph(reply(202, text)).kind,
  'a 400 of Graph': (text) => readGraph(reply(400, text)).kind,
  'the sentence of a limit at Gmail': (text) => {
    const { restMs } = readGmail({ ...reply(429, JSON.stringify({ error: { message: text } })), now: 0 });
    return restMs ?? null;
  },
  'an access token': async (text) => {
    const given: AccessToken = { ok: true, token: text };
    const access = await new TokenAccess({ current: async () => given, instead: async () => given }).next(attempt());
    return access.ok ? access.token : new Refused(access.delivery.reply);
  },
  'whose mailbox it is, at Gmail': (text) => readProfile(200, text, 'ana@ruiz.example').detail,
  'whose mailbox it is, at Graph': (text) => readGraphUser(200, text, 'ana@ruiz.example').detail,
  'a Retry-After': (text) => (readResend({ ...reply(429, ''), headers: { 'retry-after': text } }) as { restMs?: number }).restMs ?? null,
  'an SPF record': async (text) => (await readSpf('a.example', async () => [text])).lookups,
  'a DMARC record': (text) => readDmarc([text]).kind,
  'a DKIM record': (text) => readDkim([text]).kind,
  'JSON from outside': (text) => orRefused(() => parseForeignJson(text), messageOf),
  'a line on a terminal': (text) => printable(text),
  'a cell of an export': (text) => csvLine([guarded(text)], ',').slice(0, -2),
  'the name of a secret': (text) => parseReference(text)?.name ?? new Refused('none'),
  'a time': (text) => parseMoment(text, 'Europe/Madrid') ?? new Refused('none'),
  'a time zone': (text) => isZone(text),
  'a delivery log': async (text, folder) => {
    const rows = deliveryRows(await openCsv(folder.write('log.csv', text), 'log.csv'), 'Europe/Madrid');
    if (rows === undefined) return new Refused('no column');
    const all: unknown[] = [];
    for await (const { ids, recipients, times, status } of rows) all.push([...ids, ...recipients, ...times, status]);
    return all;
  },
  'a file of environment variables': async (text, folder) => run(folder, ['status', '--env-file', folder.write('some.env', text)]),
  // A JSON list of them.
  'words of a command': async (text, folder) => run(folder, JSON.parse(text) as string[]),
};

async function leadsIn(path: string): Promise<unknown> {
  const file = await openCsv(path, 'leads.csv');
  const columns = mapColumns(file.header, new Map(), 'leads.csv');
  const leads: unknown[] = [];
  for await (const row of file.rows()) {
    const lead = readLead(row, columns, file.delimiter);
    leads.push(lead.kind === 'lead' ? [lead.address.email, ...Object.values(withoutInvisibleText(lead.fields))] : lead.reason);
  }
  return leads;
}

function rendered(source: string, lead: LeadFields): unknown {
  const template = parseTemplate(source, { path: 'hello.md', line: 1 });
  return orRefused(() => template.render({ fields: withoutInvisibleText(lead), sender: { name: 'Ana' } }), renderFailure);
}

function orRefused(read: () => unknown, sentenceOf: (error: unknown) => string): unknown {
  try {
    return read();
  } catch (error) {
    return new Refused(sentenceOf(error));
  }
}

/** Of settings and campaigns it is enough that they are read. */
function taken(_value: unknown): 'taken' {
  return 'taken';
}

function reply(status: number, body: string): HttpReply {
  return { status, headers: { 'content-type': 'application/json' }, body, complete: true, early: false, now: NOW };
}

async function run(folder: Folder, words: readonly string[]): Promise<unknown> {
  folder.write('outreach.yaml', SETTINGS);
  folder.write('campaigns/hello.md', CAMPAIGN);
  const { code, stdout, stderr } = await outreach(folder, words);
  return code === 0 ? (stdout.split('\n')[0] ?? '') : new Refused(`${code} ${stderr.replaceAll(folder.path, '.')}`);
}

/** What a place makes of an input; a bug is thrown. */
export async function outcomeOf(place: string, text: string, folder: Folder): Promise<unknown> {
  const read = PLACES[place];
  if (read === undefined) throw new Error(`there is no place ${place}`);
  try {
    return await read(text, folder);
  } catch (error) {
    if (error instanceof OutreachError) return new Refused(error.message);
    throw error;
  }
}
