import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type App, openApp, sleep } from '../app/app.ts';
import { workerParts } from '../app/parts.ts';
import { type Workspace, workspaceAt } from '../config/workspace.ts';
import { mapColumns } from '../csv/columns.ts';
import { NO_CONSENT } from '../csv/consent.ts';
import { openCsv } from '../csv/readRows.ts';
import { OutreachError } from '../domain/errors.ts';
import { bodyText } from '../domain/text.ts';
import { makeFolder, putFile } from '../files/ownFiles.ts';
import { importLeads } from '../pipeline/importLeads.ts';
import type { Store } from '../store/database.ts';
import { type JobProgress, jobsProgress, messagePage } from '../store/progress.ts';
import { type Output, plural } from '../terminal/output.ts';
import { progressBar } from '../terminal/progressBar.ts';
import type { Log } from '../worker/stage.ts';
import { Worker } from '../worker/worker.ts';
import { DEMO_CAMPAIGN, DEMO_LEADS, demoConfig } from './leads.ts';
import { type DemoServer, startDemoServer } from './server.ts';

/** The whole job with nothing configured: CSV → leads → mails → SMTP on loopback → .eml files. Returns an exit code. */
export async function runDemo(
  { output, cwd }: { readonly output: Output; readonly cwd: string },
  keep: string | undefined,
): Promise<number> {
  const workspace = workspaceAt(keep === undefined ? mkdtempSync(join(tmpdir(), 'outreach-demo-')) : emptyFolder(resolve(cwd, keep)));
  const received = join(workspace.data, 'received');
  const server = await startDemoServer(received);
  try {
    writeDemo(workspace, server.port);
    const app = await openApp(workspace);
    try {
      const store = await app.openStore();
      output.line(output.colour.bold('outreach demo: a CSV becomes sent mail, and none of it leaves this machine\n'));
      await importDemo(output, app, store);
      const done = await sendDemo(output, app, store, server);
      output.object({ workspace: workspace.root, received, mails: server.received.length, states: done.counts });
      showMail(output, server);
      closing(output, workspace, server, done);
      return server.received.length === done.counts.accepted && done.status === 'completed' ? 0 : 1;
    } finally {
      await app.close();
    }
  } finally {
    await server.close();
  }
}

function writeDemo(workspace: Workspace, port: number): void {
  makeFolder(workspace.campaigns, 0o755);
  const files = { [workspace.configFile]: demoConfig(port), [join(workspace.campaigns, 'demo.md')]: DEMO_CAMPAIGN };
  for (const [path, text] of Object.entries({ ...files, [join(workspace.root, 'leads.csv')]: DEMO_LEADS }))
    putFile(path, text, { mode: 0o644 });
}

async function importDemo(output: Output, app: App, store: Store): Promise<void> {
  const file = await openCsv(join(app.workspace.root, 'leads.csv'), 'leads.csv');
  const campaign = app.campaigns.load('demo');
  const { tally, rejects } = await importLeads(
    {
      store,
      now: Date.now,
      stop: new AbortController().signal,
      accepted() {},
      progress() {},
      sleep,
      forgottenKey: String,
      besideWorker: async () => false,
    },
    {
      file,
      columns: mapColumns(file.header, new Map(), file.name),
      campaign,
      send: campaign.send,
      update: false,
      consent: NO_CONSENT,
      origin: { source: 'demo', basis: 'consent' },
      rejectsPath: () => join(app.workspace.rejects, 'leads.csv'),
    },
  );
  output.line(
    `1. Import   ${plural(tally.rows, 'row')}: ${tally.imported} leads, ${tally.duplicates} duplicate, ${tally.invalid} rejected with line and reason`,
  );
  for (const line of readFileSync(rejects ?? '', 'utf8')
    .trim()
    .split('\r\n')
    .slice(1)) {
    const cells = line.split(';');
    output.line(output.colour.dim(`              line ${cells.at(-3)}: ${cells.at(-2)}`));
  }
}

async function sendDemo(output: Output, app: App, store: Store, server: DemoServer): Promise<JobProgress> {
  // What is shown here leaves nothing outside of its folder.
  const worker = new Worker(await workerParts(app, store, SILENT, { OUTREACH_STATE: app.workspace.data }, { concurrency: 4 }), {
    mode: { kind: 'until_done' },
    only: undefined,
    concurrency: 4,
  });
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    worker.stop();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const [before] = await jobsProgress(store.db);
  const bar = progressBar(output.stderr, before?.total ?? 0);
  const ticking = setInterval(async () => {
    const [now] = await jobsProgress(store.db);
    if (now !== undefined) bar.update(now.processed, `${now.counts.accepted} of ${now.total} sent`);
  }, 50);
  const started = performance.now();
  try {
    await worker.run();
  } finally {
    clearInterval(ticking);
    bar.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  if (interrupted) throw new OutreachError('interrupted', 'the demo was stopped');
  const [done] = await jobsProgress(store.db);
  if (done === undefined) throw new Error('the demo has no job');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const mails = await messagePage(store.db, { jobId: done.job.id, state: undefined, emailKey: undefined }, 0, done.total);
  const deferred = mails.filter(({ state, attempts }) => state === 'accepted' && attempts > 1).length;
  output.line(
    `2. Send     ${plural(done.counts.accepted, 'mail')} over SMTP to 127.0.0.1:${server.port} in ${seconds} s, each committed to disk before and after`,
  );
  output.line(
    `            ${deferred} of them told to come back later, and sent then; ${plural(done.counts.failed, 'mailbox', 'mailboxes')} unknown, never written to again`,
  );
  return done;
}

function showMail(output: Output, server: DemoServer): void {
  const path = server.received[0];
  if (path === undefined) return;
  output.line(`3. Arrived  ${path}\n`);
  const shown = bodyText(readable(readFileSync(path, 'latin1')))
    .split('\n')
    .slice(0, 34);
  for (const line of shown) output.line(output.colour.dim(`   │ ${line}`));
  output.line(output.colour.dim('   │ …'));
}

/** As a mail program shows the text of a mail: quoted-printable taken apart (RFC 2045, 6.7), its headers as they came. */
function readable(mail: string): string {
  const head = mail.slice(0, mail.indexOf('\r\n\r\n'));
  const text = mail
    .slice(head.length)
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(head + text, 'latin1').toString('utf8');
}

function closing(output: Output, workspace: Workspace, server: DemoServer, { counts, total }: JobProgress): void {
  output.line(
    `\n${total} leads: ${counts.accepted} accepted, ${counts.failed} failed, ${counts.uncertain} uncertain. The server has ${server.received.length} mails.`,
  );
  output.line(`All of it: ${workspace.root}\n  mails as .eml in ${join(workspace.data, 'received')}`);
  output.line(`  look around:  outreach messages --workspace ${workspace.root}`);
  output.line('\nThe same with your own CSV:');
  for (const line of ['outreach init', 'outreach import leads.csv', 'outreach worker --until-done']) output.line(`  ${line}`);
}

function emptyFolder(path: string): string {
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new OutreachError('usage', `--keep ${path}: the folder is not empty`, { hint: 'Name a new one.' });
  }
  makeFolder(path, 0o755);
  return path;
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
