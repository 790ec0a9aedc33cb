import { createTransport } from 'nodemailer';
import PQueue from 'p-queue';
import { openApp } from '../../src/app/app.ts';
import { workerParts } from '../../src/app/parts.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { Worker } from '../../src/worker/worker.ts';
import { CAMPAIGN, config, csv, Folder, outreach } from '../support/program.ts';
import { median, startServer, verdict } from './measure.ts';

const CONNECTIONS = 20;
const ANSWER_AFTER = 5;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Mails a second over 20 connections to a server that answers after 5 ms: ours with all its durable commits (claim, arm,
 * end; synchronous=FULL) against nodemailer's pooled sendMail, which records nothing. In turn, round by round.
 */
export async function benchSend(full: boolean): Promise<boolean> {
  const mails = full ? 4_000 : 1_000;
  const rounds = full ? 7 : 3;
  const sink = await startServer('sink', ANSWER_AFTER);
  try {
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await sendOurs(sink.port, mails));
      theirs.push(await sendTheirs(sink.port, mails));
    }
    const [us, them] = [median(ours), median(theirs)];
    console.log(`mails a second, ${CONNECTIONS} connections, the server answers after ${ANSWER_AFTER} ms, ${mails} mails a round`);
    return verdict(
      "outreach worker / nodemailer's pooled sendMail",
      us / them,
      { least: 1.2 },
      `${Math.round(us)} and ${Math.round(them)} a second here`,
    );
  } finally {
    sink.stop();
  }
}

/** The drafts are there already, as they are whenever a paced campaign sends. */
async function sendOurs(port: number, mails: number): Promise<number> {
  const folder = new Folder();
  try {
    folder.write('outreach.yaml', config(port));
    folder.write('campaigns/hello.md', CAMPAIGN);
    folder.write('leads.csv', csv(mails));
    await outreach(folder, ['import', 'leads.csv']);
    await outreach(folder, ['worker', '--until-done', '--only', 'generate']);
    const app = await openApp(workspaceAt(folder.path), { watching: true });
    const store = await app.openStore();
    const needs = { only: 'send', concurrency: CONNECTIONS } as const;
    const worker = new Worker(await workerParts(app, store, SILENT, { OUTREACH_STATE: folder.path }, needs), {
      mode: { kind: 'until_done' },
      ...needs,
    });
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

async function sendTheirs(port: number, mails: number): Promise<number> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: Infinity,
  });
  const queue = new PQueue({ concurrency: CONNECTIONS });
  const began = performance.now();
  await queue.addAll(
    Array.from({ length: mails }, (_, index) => () => {
      const text = `Hi Lead ${index},\n\none question.\n\n-- \nAna Ruiz, Calle Mayor 1, 28013 Madrid, Spain\nNot interested? Reply "unsubscribe".\n`;
      return transport.sendMail({
        from: 'Ana Ruiz <ana@ruiz.example>',
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
