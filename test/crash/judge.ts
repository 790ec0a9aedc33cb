import { connect } from '../../src/store/sqlite/load.ts';
import type { Scenario } from './scenario.ts';
import type { Received } from './sink.ts';

export interface Verdict {
  readonly uncertain: number;
  readonly violations: readonly string[];
}

interface MessageRow {
  readonly id: number;
  readonly email: string;
  readonly state: string;
  readonly frozen_sha256: string | null;
}

/** Holds the database against the server: what the server took is the truth. */
export function judge(database: string, received: readonly Received[], scenario: Scenario): Verdict {
  const db = connect(database, { fileMustExist: true });
  const all = <T>(sql: string) => db.prepare(sql).all() as T[];
  const one = (sql: string) => all<{ n: number }>(sql)[0]?.n ?? -1;
  const violations: string[] = [];
  const taken = received.filter((mail) => mail.taken);
  try {
    const messages = all<MessageRow>(
      'select messages.id, email, state, frozen_sha256 from messages join prospects on prospects.id = messages.prospect_id order by messages.id',
    );
    judgeLeads(messages, scenario, violations);
    for (const message of messages)
      judgeMessage(
        message,
        taken,
        all<{ sha256: string | null }>(`select sha256 from attempts where message_id = ${message.id} and armed_at is not null`),
        violations,
      );
    for (const { to } of taken) if (!messages.some(({ email }) => email === to)) violations.push(`${to} got a mail and is no lead`);
    judgeLedger(one, violations);
    judgeCounters(one, violations);
    judgeCap(one, received, scenario, violations);
    const integrity = db.pragma('integrity_check', { simple: true });
    if (integrity !== 'ok') violations.push(`integrity_check: ${String(integrity)}`);
    return { uncertain: messages.filter(({ state }) => state === 'uncertain').length, violations };
  } finally {
    db.close();
  }
}

function judgeLeads(messages: readonly MessageRow[], { leads, dailyCap }: Scenario, violations: string[]): void {
  if (messages.length !== leads) violations.push(`${leads} leads were imported as ${messages.length} messages`);
  if (new Set(messages.map(({ email }) => email.toLowerCase())).size !== messages.length) violations.push('a lead was imported twice');
  const settled = dailyCap === undefined ? ['accepted', 'failed', 'uncertain'] : ['accepted', 'failed', 'uncertain', 'ready'];
  for (const { id, state } of messages) if (!settled.includes(state)) violations.push(`message ${id} came to rest as ${state}`);
}

function judgeMessage(
  { id, email, state, frozen_sha256 }: MessageRow,
  taken: readonly Received[],
  armed: readonly { sha256: string | null }[],
  violations: string[],
): void {
  const copies = taken.filter(({ to }) => to === email);
  if (copies.length > 1) violations.push(`message ${id}: the server took it ${copies.length} times`);
  if (state === 'accepted' && copies.length === 0) violations.push(`message ${id} is accepted, and the server does not have it`);
  if (!['accepted', 'uncertain'].includes(state) && copies.length > 0) violations.push(`message ${id} is ${state}, and the server has it`);
  for (const copy of copies) {
    if (copy.frozenSha256 !== frozen_sha256) violations.push(`message ${id}: what arrived is not what was frozen`);
    if (!armed.some(({ sha256 }) => sha256 === copy.sha256)) violations.push(`message ${id}: what arrived is not what an attempt recorded`);
  }
}

/** ledger = counter = mails that were, or may have been, accepted. */
function judgeLedger(one: (sql: string) => number, violations: string[]): void {
  const rows = one('select count(*) as n from usage_ledger where released_at is null');
  const counter = one('select coalesce(sum(sent), 0) as n from usage_counters');
  const used = one("select count(*) as n from messages where state in ('accepted', 'uncertain')");
  if (rows !== used || counter !== used) violations.push(`usage: ledger ${rows}, counter ${counter}, accepted or uncertain ${used}`);
}

function judgeCounters(one: (sql: string) => number, violations: string[]): void {
  const off = one(
    `select count(*) as n from job_counts c where n <> (select count(*) from messages m where m.job_id = c.job_id and m.state = c.state)`,
  );
  if (off > 0) violations.push(`${off} job counters are off`);
}

function judgeCap(one: (sql: string) => number, received: readonly Received[], { dailyCap }: Scenario, violations: string[]): void {
  if (dailyCap === undefined) return;
  const attempts = one('select count(*) as n from attempts where counted = 1');
  if (attempts > dailyCap || received.length > dailyCap)
    violations.push(`a daily cap of ${dailyCap} saw ${attempts} attempts and ${received.length} mails`);
}
