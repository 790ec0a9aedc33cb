import { connect } from '../../src/store/sqlite/load.ts';
import type { AiCall } from '../support/aiServer.ts';
import { laterThan, type Scenario } from './scenario.ts';

/** A mail that a server received whole, over SMTP or HTTP. */
interface Arrived {
  readonly to: string;
  readonly sha256: string;
  /** Over SMTP and in a mailbox's API, the mail without its Date header. */
  readonly frozenSha256?: string;
  readonly taken: boolean;
  /** When it had arrived whole, epoch milliseconds. */
  readonly at: number;
  /** Under which the provider takes it no second time, whenever it comes. */
  readonly key?: string | undefined;
}

/** What the servers took and said. `missing`: whose mailbox one of them said is missing. */
interface Served {
  readonly received: readonly Arrived[];
  readonly missing: ReadonlySet<string>;
}

/** Calls to a model that one worker has on their way. */
export const AI_CONCURRENCY = 3;

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

/**
 * Holds the database against the server: what the server took is the truth. `reconciled`: it had lost what was
 * committed last, so of mails that left then it knows what a person told it, and no more.
 */
export function judge(
  database: string,
  { received, missing }: Served,
  calls: readonly AiCall[] | undefined,
  scenario: Scenario,
  reconciled: boolean,
): Verdict {
  const db = connect(database, { fileMustExist: true });
  const all = <T>(sql: string) => db.prepare(sql).all() as T[];
  const one = (sql: string) => all<{ n: number }>(sql)[0]?.n ?? -1;
  const violations: string[] = [];
  const taken = received.filter((mail) => mail.taken);
  try {
    const messages = all<MessageRow>(
      'select messages.id, email, state, frozen_sha256 from messages join prospects on prospects.id = messages.prospect_id order by messages.id',
    );
    const unanswered = new Set(
      all<{ message_id: number }>("select message_id from ai_calls where outcome = 'lost' group by message_id having count(*) >= 3").map(
        ({ message_id }) => message_id,
      ),
    );
    const refusing = new Set(Array.from({ length: scenario.refusing }, (_, index) => refusingLead(index)));
    const willing = messages.filter(({ email }) => !refusing.has(email));
    judgeLeads(willing, calls, unanswered, scenario, reconciled, violations);
    judgeRefusing(
      messages.filter(({ email }) => refusing.has(email)),
      received,
      refusing,
      violations,
    );
    if (calls !== undefined) judgeCalls(all, calls, scenario, violations);
    const clocks = [0, ...scenario.rounds.flatMap(({ end }) => (end.kind === 'clock' ? [end.by, laterThan(end.by)] : []))];
    for (const message of messages) {
      const armed = all<ArmedRow>(`select sha256, armed_at from attempts where message_id = ${message.id} and armed_at is not null`);
      const said = all<{ said: string }>(
        `select iif(kind = 'resolved', detail, 'retry') as said from events where message_id = ${message.id} and kind in ('resolved', 'retry asked') order by id`,
      ).map(({ said }) => said);
      const copies = taken.filter(({ to }) => to === message.email);
      judgeMessage(message, copies, said, reconciled, violations);
      if (!reconciled) judgeArms(message, copies, armed, clocks, violations);
    }
    judgeAcceptances(one, violations);
    judgeProgress(all, received, violations);
    judgeEnds(one, violations);
    judgeBounces(all, missing, violations);
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

/** The address of somebody whose row says that they have unsubscribed. */
export function refusingLead(index: number): string {
  return `refusing${index}@company.example`;
}

/** Their mails are suppressed from the start, and no server was ever shown one, taken or not. */
function judgeRefusing(
  messages: readonly MessageRow[],
  received: readonly Arrived[],
  refusing: ReadonlySet<string>,
  violations: string[],
): void {
  if (messages.length !== refusing.size) violations.push(`${refusing.size} people who refuse were imported as ${messages.length} messages`);
  for (const { id, state } of messages) if (state !== 'suppressed') violations.push(`message ${id} to somebody who refuses is ${state}`);
  for (const { to } of received) if (refusing.has(to)) violations.push(`${to} has unsubscribed, and got a mail`);
}

function judgeLeads(
  messages: readonly MessageRow[],
  calls: readonly AiCall[] | undefined,
  unanswered: ReadonlySet<number>,
  { leads, dailyCap, rounds }: Scenario,
  reconciled: boolean,
  violations: string[],
): void {
  if (messages.length !== leads) violations.push(`${leads} leads were imported as ${messages.length} messages`);
  if (new Set(messages.map(({ email }) => email.toLowerCase())).size !== messages.length) violations.push('a lead was imported twice');
  const acts = rounds.flatMap(({ end }) => (end.kind === 'person' ? end.acts : []));
  const settled = [
    ...['accepted', 'failed', 'uncertain'],
    ...(dailyCap === undefined ? [] : ['ready']),
    ...(acts.includes('suppress one') || reconciled ? ['suppressed'] : []),
    ...(acts.includes('cancel and import') ? ['cancelled'] : []),
  ];
  for (const { id, email, state } of messages) {
    const refused = calls?.some((call) => call.email === email && call.charged && LEAD_FAILURES.has(call.fault ?? '')) === true;
    const unwritable = refused || unanswered.has(id);
    if (!settled.includes(state) && !(state === 'review' && unwritable)) violations.push(`message ${id} came to rest as ${state}`);
  }
}

/** `said`: what a person said of it while it was uncertain or corrected since, and their retries, in order; only who asks for a second copy gets one. */
function judgeMessage(
  { id, state, frozen_sha256 }: MessageRow,
  copies: readonly Arrived[],
  said: readonly string[],
  reconciled: boolean,
  violations: string[],
): void {
  const again = said.filter((word, index) => word === 'resend' || (word === 'retry' && said[index - 1] === 'not sent')).length;
  const doubted = said.includes('resend') || said.includes('not sent');
  if (copies.length > 1 + again) violations.push(`message ${id}: the server took it ${copies.length} times`);
  if (state === 'accepted' && copies.length === 0 && said.at(-1) !== 'sent')
    violations.push(`message ${id} is accepted, and the server does not have it`);
  const known = ['accepted', 'uncertain', ...(reconciled ? ['suppressed'] : [])];
  if (!known.includes(state) && copies.length > 0 && !doubted) violations.push(`message ${id} is ${state}, and the server has it`);
  if (reconciled) return;
  for (const copy of copies) {
    if (copy.frozenSha256 !== undefined && copy.frozenSha256 !== frozen_sha256)
      violations.push(`message ${id}: what arrived is not what was frozen`);
  }
}

interface ArmedRow {
  readonly sha256: string | null;
  readonly armed_at: number;
}

/** The limit of an armed mail in this build, and what a busy machine takes to read the last byte. */
const LATEST_MS = 1_500 + 600;

/** Every copy is one that an attempt recorded before, and came before others could give that attempt up. `clocks`: how far the clock on the wall was ahead, at one time or another. */
function judgeArms(
  { id }: MessageRow,
  copies: readonly Arrived[],
  armed: readonly ArmedRow[],
  clocks: readonly number[],
  violations: string[],
): void {
  for (const { sha256, at, key } of copies) {
    const own = armed.filter((attempt) => attempt.sha256 === sha256);
    const ages = own.flatMap(({ armed_at }) => clocks.map((ahead) => at + ahead - armed_at)).filter((age) => age > -LATEST_MS);
    if (own.length === 0) violations.push(`message ${id}: what arrived is not what an attempt recorded`);
    else if (key === undefined && !ages.some((age) => age <= LATEST_MS))
      violations.push(`message ${id}: its end arrived ${Math.min(...ages)} ms after its arm`);
  }
}

/** Once a server's acceptance is written down, nothing of that mail is armed any more, and nobody's word is above it. */
function judgeAcceptances(one: (sql: string) => number, violations: string[]): void {
  const again = one(
    `select count(*) as n from attempts later join attempts first on first.message_id = later.message_id
      where first.outcome = 'accepted' and later.id > first.id and later.armed_at > first.finished_at`,
  );
  if (again > 0) violations.push(`${again} mails were armed after their acceptance was known`);
  const overruled = one(
    `select count(*) as n from messages where state <> 'accepted' and id in (select message_id from attempts where outcome = 'accepted')`,
  );
  if (overruled > 0) violations.push(`${overruled} mails that a server accepted are not accepted`);
}

/** A mail that came to its end at a server, taken or not, is one whose end an attempt says that it wrote. */
function judgeProgress(all: <T>(sql: string) => T[], received: readonly Arrived[], violations: string[]): void {
  const told = all<{ sha256: string; progress: string }>(
    'select sha256, progress from attempts where sha256 is not null and progress is not null',
  );
  for (const { sha256, frozenSha256 } of received) {
    const own = told.filter((attempt) => attempt.sha256 === sha256);
    if (frozenSha256 !== undefined && own.length > 0 && !own.some(({ progress }) => progress === 'end'))
      violations.push(`a mail came to its end, and its attempt says: ${own.map(({ progress }) => progress).join(', ')}`);
  }
}

/** An attempt's end counts once against its sender and stands once in the story, however often its commit was repeated. */
function judgeEnds(one: (sql: string) => number, violations: string[]): void {
  const bounced = one('select coalesce(sum(bounced), 0) as n from sender_days');
  const refused = one("select count(*) as n from attempts where outcome = 'recipient_refused'");
  if (bounced > refused) violations.push(`${refused} mails came back, and ${bounced} were counted`);
  const told = one(
    // A rescuer and the worker itself, which comes late, each say it in words of their own.
    `select count(*) as n from (select message_id from events where kind = 'uncertain' group by message_id, detail
      having count(*) > (select count(*) from attempts where attempts.message_id = events.message_id and armed_at is not null))`,
  );
  if (told > 0) violations.push(`${told} mails were called uncertain for one reason more often than they were armed`);
}

/** Nobody is suppressed by a refusal unless a server said that the mailbox is missing. */
function judgeBounces(all: <T>(sql: string) => T[], missing: ReadonlySet<string>, violations: string[]): void {
  for (const { email_key, reason } of all<{ email_key: string; reason: string }>(
    "select email_key, reason from suppressions where reason like 'hard bounce%'",
  ))
    if (!missing.has(email_key)) violations.push(`${email_key} is suppressed without evidence: ${reason}`);
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

function judgeCap(one: (sql: string) => number, received: readonly Arrived[], scenario: Scenario, violations: string[]): void {
  const { dailyCap, warmUp, route, leads, calm } = scenario;
  if (dailyCap === undefined) return;
  // Each sender has its cap; a request that was refused as too much counts against none.
  const midnights = warmUp === undefined ? 0 : one('select count(distinct day) as n from attempts') - 1;
  const most = (dailyCap + Math.max(0, midnights)) * route.length;
  const attempts = one('select count(*) as n from attempts where counted = 1');
  if (attempts > most || received.filter(({ taken }) => taken).length > most)
    violations.push(`a daily cap of ${dailyCap} saw ${attempts} attempts and ${received.length} mails`);
  // A ramp that fell back to its start sends too little.
  if (warmUp !== undefined && calm && attempts < Math.min(leads, dailyCap * route.length))
    violations.push(`a warm-up that has come to ${dailyCap} let ${attempts} attempts out for ${leads} leads`);
}

/** After these a lead may wait for a person. */
const LEAD_FAILURES = new Set(['refusal', 'wrong schema']);

interface CallRow {
  readonly message_id: number;
  readonly email: string;
  readonly purpose: string;
  readonly outcome: string | null;
}

/**
 * No call without its reservation; nothing that was paid for and recorded is paid for again; what
 * was paid for and lost was on its way when a process died or froze.
 */
function judgeCalls(all: <T>(sql: string) => T[], calls: readonly AiCall[], { rounds }: Scenario, violations: string[]): void {
  const rows = all<CallRow>(
    `select message_id, email, purpose, outcome from ai_calls
      join messages on messages.id = ai_calls.message_id join prospects on prospects.id = messages.prospect_id`,
  );
  const freezes = rounds.filter(({ end }) => end.kind === 'freeze').length;
  const answered = rows.filter(({ outcome }) => outcome === 'text' || outcome === 'lead_failed');
  for (const email of new Set(calls.map((call) => call.email))) {
    const made = calls.filter((call) => call.email === email).length;
    const reserved = rows.filter((row) => row.email === email).length;
    if (made > reserved) violations.push(`${email}: ${made} calls to the model, and ${reserved} reservations`);
    for (const purpose of ['draft', 'repair']) {
      const times = answered.filter((row) => row.email === email && row.purpose === purpose).length;
      if (times > 1 + freezes) violations.push(`${email}: a ${purpose} was paid for ${times} times`);
    }
  }
  const lost = calls.filter(({ charged }) => charged).length - answered.length;
  // An answer that came after the call's time limit (0.3 s here) is known as lost, and counted at its reservation.
  const late = rows.filter(({ outcome }) => outcome === 'lost').length;
  const inFlight = late + rounds.reduce((sum, { workers }) => sum + workers * AI_CONCURRENCY, 0);
  if (lost > inFlight) violations.push(`${lost} paid answers were lost, and at most ${inFlight} were on their way`);
  if (rows.some(({ outcome }) => outcome === null)) violations.push('a call was never settled');
  const off = all<{ n: number }>(
    `select count(*) as n from ai_spend s where open_nano <> 0
      or settled_nano <> (select coalesce(sum(cost_nano), 0) from ai_calls c where c.job_id = s.job_id)`,
  );
  if (off[0]?.n !== 0) violations.push('what was spent is not what the calls cost');
}
