import { sql } from 'kysely';
import { openDesk } from '../../src/app/desk.ts';
import { deskOf } from '../../src/commands/dash.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { openStore, type Store } from '../../src/store/database.ts';
import { BoardReader, lookAround } from '../../src/tui/board.ts';
import type { Desk } from '../../src/tui/desk.ts';
import { CAMPAIGN, type Folder } from './program.ts';

const DAY = 86_400_000;

/** Fills a database with jobs and messages in every stage; what was sent was sent within the last day, by `main`. */
async function crowd(store: Store, { jobs, messages, now }: { jobs: number; messages: number; now: number }): Promise<void> {
  const each = Math.floor(messages / jobs);
  const numbers = (n: number) => sql`with recursive n (i) as (select 1 union all select i + 1 from n where i < ${n})`;
  // 1 of 100 is uncertain, review or failed; 40 sent; the rest waits.
  const state = sql`case when i % 100 = 1 then 'uncertain' when i % 100 = 2 then 'review' when i % 100 = 3 then 'failed'
    when i % 100 < 40 then 'accepted' when i % 100 < 60 then 'ready' else 'pending' end`;
  const tried = sql`(i % 100 in (1, 3) or i % 100 between 4 and 39)`;
  await store.write(async (tx) => {
    await sql`insert into campaigns (id, name, content_hash, created_at) values (1, 'hello', 'h', ${now})`.execute(tx);
    await sql`insert into jobs (id, campaign_id, source, send_mode, send_rate, created_at, imported_at)
      ${numbers(jobs)} select i, 1, 'leads-' || i || '.csv', 'drip', 20, ${now}, ${now} from n`.execute(tx);
    await sql`insert into prospects (id, campaign_id, job_id, email, email_key, domain, fields, created_at, updated_at)
      ${numbers(each * jobs)} select i, 1, (i - 1) / ${sql.lit(each)} + 1, 'lead' || i || '@company.example', 'lead' || i || '@company.example',
      'company.example', '{}', ${now}, ${now} from n`.execute(tx);
    await sql`insert into messages (id, job_id, campaign_id, prospect_id, state, armed, attempt_id, due_at, frozen_sha256, created_at, state_at)
      ${numbers(each * jobs)} select i, (i - 1) / ${sql.lit(each)} + 1, 1, i, ${state}, i % 100 = 1, case when ${tried} then i end, ${now},
      case when i % 100 < 60 then 'f' end, ${now}, ${now} from n`.execute(tx);
    await sql`insert into attempts (id, message_id, worker_id, token, sender, provider, started_at, deadline_at, finished_at, outcome, code, reply)
      ${numbers(each * jobs)} select i, i, 'w', 1, 'main', 'smtp', ${now - DAY} + i * ${sql.lit(DAY)} / ${sql.lit(each * jobs)}, ${now}, ${now},
      case when i % 100 = 1 then 'ambiguous' when i % 100 = 3 then 'recipient_refused' else 'accepted' end, 250, '250 Ok' from n where ${tried}`.execute(
      tx,
    );
    await sql`insert into events (message_id, at, kind) ${numbers(each * jobs)} select i, ${now}, 'drafted' from n where i % 100 < 60`.execute(
      tx,
    );
  });
}

/** A workspace in `folder` with a database that is full of this, and the desk that the dashboard gets there. */
export async function crowdedDesk(folder: Folder, size: { jobs: number; messages: number; now: number }): Promise<Desk> {
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, timezone: UTC }
senders:
  - { name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>", daily_cap: 100, gap: { min: 60s, max: 180s } }
`,
  );
  folder.write('campaigns/hello.md', CAMPAIGN);
  const store = await openStore(folder.at('.outreach', 'outreach.db'));
  await crowd(store, size);
  await store.close();
  return deskOf(await openDesk(workspaceAt(folder.path), { OUTREACH_STATE: folder.at('state') }));
}

/** What a picture of the dashboard reads, in ms: the median of looks, four a second. */
export async function lookTime(desk: Desk, now: number, looks = 60): Promise<number> {
  const around = await lookAround(desk);
  const reader = new BoardReader(desk);
  const times: number[] = [];
  for (let look = 0; look < looks; look++) {
    const began = performance.now();
    await reader.look(around, '', (order) => ({ ids: order.slice(0, 20), events: 20 }), now + look * 250);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(looks / 2)] ?? 0;
}
