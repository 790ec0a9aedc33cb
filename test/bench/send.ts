import { generateKeyPairSync } from 'node:crypto';
import { createTransport } from 'nodemailer';
import PQueue from 'p-queue';
import { openApp } from '../../src/app/app.ts';
import { workerParts } from '../../src/app/parts.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { Worker } from '../../src/worker/worker.ts';
import { CAMPAIGN, csv, Folder, outreach } from '../support/program.ts';
import { median, startServer, verdict } from './measure.ts';

const CONNECTIONS = 20;
const ANSWER_AFTER = 5;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const FROM = 'Ana Ruiz <ana@ruiz.example>';

/** What is measured side by side; nodemailer always sends by SMTP to one server. */
interface Case {
  readonly name: string;
  readonly senders: readonly ('smtp' | 'sendgrid')[];
  /** RSA-2048 signatures on both sides. */
  readonly dkim: boolean;
  readonly least: number;
}

const CASES: readonly Case[] = [
  { name: 'one SMTP sender', senders: ['smtp'], dkim: false, least: 1.2 },
  { name: 'two SMTP senders and one over HTTP', senders: ['smtp', 'smtp', 'sendgrid'], dkim: false, least: 2 },
  { name: 'the same, SMTP signed with RSA DKIM on both sides', senders: ['smtp', 'smtp', 'sendgrid'], dkim: true, least: 1.5 },
];

/** What a server is waited for, a mail: an envelope (pipelined, RFC 2920) and its text, or one request. */
const ROUND_TRIPS = { smtp: 2, sendgrid: 1 } as const;

/**
 * Mails a second over 20 connections to servers that answer after 5 ms: ours with all its durable commits (claim, arm,
 * end; synchronous=FULL) against nodemailer's pooled sendMail, which records nothing. In turn, round by round.
 */
export async function benchSend(full: boolean): Promise<boolean> {
  const mails = full ? 6_000 : 3_000;
  const rounds = full ? 7 : 3;
  const [sink, api] = [await startServer('sink', ANSWER_AFTER), await startServer('api', ANSWER_AFTER)];
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const ports = { smtp: sink.port, sendgrid: api.port };
  let met = true;
  try {
    // Once unmeasured: a process that sends for hours is compared, not its compiler.
    await sendOurs(yaml(['smtp', 'sendgrid'], ports, false), undefined, mails);
    await sendTheirs(sink.port, undefined, mails);
    console.log(`mails a second, ${CONNECTIONS} connections, the servers answer after ${ANSWER_AFTER} ms, ${mails} mails a round`);
    for (const { name, senders, dkim, least } of CASES) {
      const [ours, theirs]: [number[], number[]] = [[], []];
      const key = dkim ? pem : undefined;
      for (let round = 0; round < rounds; round++) {
        ours.push(await sendOurs(yaml(senders, ports, dkim), key, mails));
        theirs.push(await sendTheirs(sink.port, key, mails));
      }
      const [us, them] = [median(ours), median(theirs)];
      const here = `${Math.round(us)} and ${Math.round(them)} a second here; ${most(senders)} and ${most(['smtp'])} if neither took any time`;
      met = verdict(`outreach worker / nodemailer's pool: ${name}`, us / them, { least }, here) && met;
    }
    return met;
  } finally {
    sink.stop();
    api.stop();
  }
}

function yaml(senders: Case['senders'], ports: Record<Case['senders'][number], number>, dkim: boolean): string {
  const signed = dkim ? ', dkim: { domain: ruiz.example, selector: s1, key: "file:dkim.pem" }' : '';
  const ways = {
    smtp: `type: smtp, host: 127.0.0.1, port: ${ports.smtp}, security: none${signed}`,
    sendgrid: `type: sendgrid, base_url: "http://127.0.0.1:${ports.sendgrid}", api_key: "env:KEY"`,
  };
  return `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, 28013 Madrid, Spain", timezone: Europe/Madrid }
senders:
${senders.map((type, index) => `  - { name: s${index}, from: "${FROM}", ${ways[type]} }`).join('\n')}
`;
}

/** Mails a second by the servers' waiting alone, over senders that share alike. */
function most(senders: Case['senders']): number {
  const waited = (senders.reduce((sum, type) => sum + ROUND_TRIPS[type], 0) / senders.length) * ANSWER_AFTER;
  return Math.round((CONNECTIONS * 1_000) / waited);
}

/** The drafts are there already, as they are whenever a paced campaign sends. */
async function sendOurs(config: string, pem: string | undefined, mails: number): Promise<number> {
  const folder = new Folder();
  try {
    folder.write('outreach.yaml', config);
    if (pem !== undefined) folder.write('dkim.pem', pem);
    folder.write('campaigns/hello.md', CAMPAIGN.replace('---\n', '---\nrotate: true\n'));
    folder.write('leads.csv', csv(mails));
    await outreach(folder, ['import', 'leads.csv']);
    await outreach(folder, ['worker', '--until-done', '--only', 'generate']);
    const app = await openApp(workspaceAt(folder.path));
    const store = await app.openStore();
    const needs = { only: 'send', concurrency: CONNECTIONS } as const;
    const env = { KEY: 'bench', OUTREACH_STATE: folder.path };
    const worker = new Worker(await workerParts(app, store, SILENT, env, needs), { mode: { kind: 'until_done' }, ...needs });
    const began = performance.now();
    const { tally } = await worker.run();
    const seconds = (performance.now() - began) / 1_000;
    await app.close();
    if (tally.accepted !== mails) throw new Error(`${tally.accepted} of ${mails} were accepted`);
    return mails / seconds;
  } finally {
    folder.remove();
  }
}

async function sendTheirs(port: number, pem: string | undefined, mails: number): Promise<number> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: Infinity,
    ...(pem === undefined ? {} : { dkim: { domainName: 'ruiz.example', keySelector: 's1', privateKey: pem } }),
  });
  const queue = new PQueue({ concurrency: CONNECTIONS });
  const began = performance.now();
  await queue.addAll(
    Array.from({ length: mails }, (_, index) => () => {
      const text = `Hi Lead ${index},\n\none question.\n\n-- \nAna Ruiz, Calle Mayor 1, 28013 Madrid, Spain\nNot interested? Reply "unsubscribe".\n`;
      return transport.sendMail({
        from: FROM,
        to: `Lead ${index} <lead${index}@company${index}.example>`,
        subject: `For Company ${index}`,
        text,
        html: `<p>${text.replaceAll('\n', '<br>')}</p>`,
        list: { unsubscribe: { url: 'mailto:ana@ruiz.example', comment: '' } },
      });
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  transport.close();
  return mails / seconds;
}
