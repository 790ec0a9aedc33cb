import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Campaign } from '../../src/domain/campaign.ts';
import { claimMessage } from '../../src/pipeline/claimMessage.ts';
import { finishMessage } from '../../src/pipeline/finishMessage.ts';
import { openStore, type Store } from '../../src/store/database.ts';
import { campaignWith } from '../support/bench.ts';
import { paceOf } from '../support/pace.ts';
import { verdict } from './measure.ts';

/** Messages claimed and finished in each case, in rounds that take the cases in turn: a noisy machine is noisy for all. */
const ROUNDS = 10;
const PER_ROUND = 60;
const NOW = Date.parse('2026-11-23T10:00:00Z');
const LATER = NOW + 86_400_000;

interface Case {
  readonly name: string;
  readonly store: Store;
  /** The job whose messages are claimed. */
  readonly jobId: number;
  /** A job that must be asked first, once a pass, and lets nothing out. */
  readonly blocked: { readonly jobId: number; readonly campaign: Campaign; readonly gate: string } | undefined;
  readonly times: number[];
}

/** Claim + finish of one message, whatever waits: the slowest case within 1.5× of the fastest. */
export async function benchClaim(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'outreach-bench-'));
  const cases = await buildCases(folder);
  try {
    for (let round = 0; round < ROUNDS; round++) for (const one of cases) await measure(one);
    return report(cases);
  } finally {
    for (const { store } of cases) await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const OPEN = campaignWith({});

async function buildCases(folder: string): Promise<Case[]> {
  const closed = campaignWith({ window: { days: [7], from: 60, to: 61, timezone: 'Europe/Madrid', ofRecipient: false, except: [] } });
  const capped = campaignWith({ senders: ['capped'] });
  const waiting = async (count: number): Promise<Case> => {
    const store = await fill(join(folder, `waiting-${count}.db`), [{ jobId: 1, count, dueAt: NOW }]);
    return { name: `${count.toLocaleString('en-US')} waiting`, store, jobId: 1, blocked: undefined, times: [] };
  };
  const behind = async (name: string, gate: string, campaign: Campaign, block: string | undefined): Promise<Case> => {
    const store = await fill(join(folder, `${name.replaceAll(' ', '-')}.db`), [
      { jobId: 1, count: 1_000_000, dueAt: NOW - 1 },
      { jobId: 2, count: 10_000, dueAt: NOW },
    ]);
    if (block !== undefined) await sql.raw(block).execute(store.db);
    return { name: `1,000,000 ahead: ${name}`, store, jobId: 2, blocked: { jobId: 1, campaign, gate }, times: [] };
  };
  const attempt = `insert into attempts (message_id, worker_id, token, sender, provider, started_at, deadline_at) values (1, 'w', 99, 'capped', 'test', ${NOW - 5}, ${NOW})`;
  const later = await fill(join(folder, 'later.db'), [
    { jobId: 1, count: 1_000_000, dueAt: LATER },
    { jobId: 1, count: 10_000, dueAt: NOW },
  ]);
  return [
    await waiting(10_000),
    await waiting(100_000),
    await waiting(1_000_000),
    await behind('paused job', 'paused', OPEN, `update jobs set paused_at = ${NOW} where id = 1`),
    await behind('closed window', 'window', closed, undefined),
    await behind('capped sender', 'sender cap', capped, attempt),
    { name: '1,000,000 ahead: retry later', store: later, jobId: 1, blocked: undefined, times: [] },
  ];
}

async function measure({ store, jobId, blocked, times }: Case): Promise<void> {
  const deps = {
    store,
    worker: 'bench',
    now: () => NOW,
    random: () => 0.5,
    providerOf: () => 'test',
    ...paceOf({ main: {}, capped: { dailyCap: 1 } }),
    // biome-ignore lint/suspicious/noThenProperty: data, never awaited
    retry: { delays: [60_000], then: 60_000, give_up: 60_000 },
  };
  if (blocked !== undefined) {
    const answer = await claimMessage(deps, blocked.jobId, blocked.campaign);
    if (answer.kind !== 'shut' || !answer.gates.some(({ gate }) => gate === blocked.gate)) throw new Error(`${blocked.gate} did not shut`);
  }
  for (let n = 0; n < PER_ROUND; n++) {
    const began = performance.now();
    const claim = await claimMessage(deps, jobId, OPEN);
    if (claim.kind !== 'claimed') throw new Error(`nothing to claim: ${claim.kind}`);
    await finishMessage(deps, claim, OPEN, { kind: 'accepted', code: 250, reply: '250 Ok' });
    times.push(performance.now() - began);
  }
}

function report(cases: readonly Case[]): boolean {
  const medians = cases.map(({ times }) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0);
  const fastest = Math.min(...medians);
  console.log('claim + finish of one message, two durable commits, median');
  for (const [index, { name, times }] of cases.entries()) {
    const median = medians[index] ?? 0;
    console.log(`  ${name.padEnd(32)} ${median.toFixed(3)} ms  ${(median / fastest).toFixed(2)}×  (${times.length} messages)`);
  }
  const ratio = Math.max(...medians) / fastest;
  return verdict('claim + end of a mail, 1 million waiting or blocked / 10 thousand', ratio, { most: 1.5 });
}

/** Messages as the pipeline leaves them when they are ready, written in one statement a table. */
async function fill(path: string, jobs: readonly { jobId: number; count: number; dueAt: number }[]): Promise<Store> {
  const store = await openStore(path);
  const run = (statement: string) => sql.raw(statement).execute(store.db);
  await run('pragma synchronous = off');
  await run(`insert into campaigns (id, name, content_hash, created_at) values (1, 'hello', '${OPEN.contentHash}', 0)`);
  let first = 1;
  for (const { jobId, count, dueAt } of jobs) {
    const numbers = `with recursive n (i) as (select ${first} union all select i + 1 from n where i < ${first + count - 1})`;
    await run(
      `insert or ignore into jobs (id, campaign_id, source, send_mode, created_at, imported_at) values (${jobId}, 1, 'bench', 'immediate', 0, 0)`,
    );
    await run(
      `insert into prospects (id, campaign_id, job_id, email, email_key, domain, fields, created_at, updated_at)
       ${numbers} select i, 1, ${jobId}, 'lead' || i || '@y.example', 'lead' || i || '@y.example', 'y.example', '{}', 0, 0 from n`,
    );
    await run(
      `insert into messages (id, job_id, campaign_id, prospect_id, state, due_at, created_at, state_at, content_hash, frozen_sha256)
       ${numbers} select i, ${jobId}, 1, i, 'ready', ${dueAt}, 0, 0, '${OPEN.contentHash}', 'x' from n`,
    );
    await run(
      `insert into drafts (message_id, subject, text, html, header_message_id, envelope_from, envelope_to, bytes, lead_version, created_at, addressing)
       ${numbers} select i, 's', 't', 'h', '<' || i || '@y.example>', 'a@y.example', 'lead' || i || '@y.example', x'00', 1, 0, '{}' from n`,
    );
    first += count;
  }
  await run('pragma synchronous = full');
  await run('pragma wal_checkpoint(truncate)');
  return store;
}
