import { DAY, HOUR, MINUTE } from '../../src/domain/duration.ts';
import { type HttpProviderName, isMailbox } from '../../src/domain/httpProvider.ts';
import { MILESTONES, type Milestone } from '../../src/domain/milestone.ts';
import type { AiFault } from '../support/aiServer.ts';
import { HTTP_FAULTS, type HttpFault } from '../support/mailProvider.ts';
import { type Removal, removal } from './companions.ts';
import { HELD_POINTS, type Intervention, intervention } from './person.ts';
import { Random } from './random.ts';
import { FAULTS, type Fault, ODD_FAULTS, type Said } from './sink.ts';

/** One round: some workers side by side, one of which (or none) meets its end at a milestone. */
export interface Round {
  readonly workers: number;
  readonly concurrency: number;
  readonly end:
    | { readonly kind: 'none' }
    | { readonly kind: 'kill'; readonly at: Milestone; readonly pass: number }
    /** Frozen until its deadlines have passed and the other workers are done, then awake among changed facts. */
    | { readonly kind: 'freeze'; readonly at: Milestone; readonly pass: number }
    /** Frozen while a person pauses the job, so that the arm is refused; the job is resumed a moment later. */
    | { readonly kind: 'pause'; readonly at: Milestone; readonly pass: number }
    | Intervention
    | Removal
    /** The clock on the wall is set while the first worker is frozen, so many milliseconds forward or back. */
    | { readonly kind: 'clock'; readonly at: Milestone; readonly pass: number; readonly by: number }
    /** Milliseconds after the start. */
    | { readonly kind: 'signal'; readonly signal: 'SIGKILL' | 'SIGTERM'; readonly after: number };
  /** Pages that the database may grow by, or undefined for a disk with room. */
  readonly sparePages: number | undefined;
  readonly trouble?: Trouble;
}

/** What the disk, or another program, does to the commits of a round. */
export type Trouble =
  /** An error instead of a commit, or after one that is done: some of them, from the so-manieth of a process on. */
  | { readonly kind: 'failed commit' | 'lost answer'; readonly from: number; readonly percent: number }
  /** Another program holds the database for a while, longer than a statement waits; milliseconds after the start. */
  | { readonly kind: 'held'; readonly after: number; readonly ms: number };

export interface Scenario {
  readonly seed: number;
  readonly leads: number;
  /** So many more people of the list have unsubscribed, as their rows say. */
  readonly refusing: number;
  readonly imports: readonly { readonly at: Milestone; readonly pass: number }[];
  readonly rounds: readonly Round[];
  readonly dailyCap: number | undefined;
  /** The cap comes from warming up: `start`, and one more for each of so many days that have sent; undefined when it is the daily cap. */
  readonly warmUp: { readonly start: number; readonly days: number } | undefined;
  /** Nothing goes wrong on the wire. */
  readonly calm: boolean;
  faultFor(to: string | undefined): Fault | undefined;
  /** The senders, in order of preference. */
  readonly route: Route;
  httpFaultFor(to: string | undefined): HttpFault | undefined;
  /** How every sender but those with a key logs in with a grant; undefined where nobody does. */
  readonly grants: Granting | undefined;
  /** Mails with a file that is longer than what the systems on both sides take while nobody reads. */
  readonly large: boolean;
  /** Where the clocks do not agree; undefined where they do. */
  readonly clocks: Clocks | undefined;
  /** A model writes the mails, and this is what goes wrong with it; undefined for a template. */
  readonly writing: ((email: string, turn: number) => AiFault | undefined) | undefined;
}

/** Grants whose access tokens last so many seconds, and all end at the so-manieth mail. `renewed`: the first worker meets one that has ended. */
interface Granting {
  readonly renewed: boolean;
  readonly lifetime: number;
  readonly endsAccessAt: number;
}

/** Milliseconds that clocks are ahead of the time at the beginning: the local one while the rounds go on, and both when the machine is on again behind them. */
interface Clocks {
  readonly local: number;
  readonly laterLocal: number;
  readonly laterProvider: number;
}

/** SMTP alone, a provider over HTTP alone, or SMTP with one behind it. */
type Route = readonly ('smtp' | HttpProviderName)[];

const IMPORT_POINTS = MILESTONES.filter((point) => point.startsWith('import.'));
const AI_POINTS = MILESTONES.filter((point) => point.startsWith('ai.'));
const GRANT_POINTS = MILESTONES.filter((point) => point.startsWith('oauth.'));
const WORK_POINTS = MILESTONES.filter((point) => !/^(?:import|ai|oauth)\./.test(point));
/** Where a frozen process is most dangerous when it wakes. */
const ZOMBIE_POINTS: readonly Milestone[] = [
  't2.asked',
  't2.asked',
  't1.committed',
  'connected',
  't2.asked',
  't2.committed',
  'body.begun',
  'body.ended',
  'reply.read',
  'draft.claimed',
  'draft.written',
];

export const FOCUSES = [
  'freeze',
  'import',
  'cap',
  'warm',
  'kill',
  'crowd',
  'write',
  'fallback',
  'replay',
  'person',
  'clock',
  'replies',
  'early',
  'key',
  'trouble',
  'bounce',
  'companions',
  'mailbox',
  'grant',
] as const;

/** What a seeded bug needs to show itself soon; the campaign itself has no focus. */
export type Focus = (typeof FOCUSES)[number];

/** What is about the answers of providers over HTTP. */
const ON_THE_WIRE: readonly Focus[] = ['fallback', 'replay', 'key', 'mailbox'];

/** Everything about a run follows from its seed. */
export function scenarioOf(seed: number, focus?: Focus): Scenario {
  const random = new Random(seed * 7919 + 17);
  const leads = focus === 'early' ? random.between(2, 3) : random.between(4, 9);
  const killsImport = focus === 'import' || random.chance(0.12);
  const points = focus === 'import' ? (['import.batch_open', 'import.batch_committed'] as const) : IMPORT_POINTS;
  const imports = killsImport
    ? Array.from({ length: random.between(1, 3) }, () => ({ at: random.pick(points), pass: random.between(1, 3) }))
    : [];
  const disturbed = disturbance(seed, focus);
  const route = routeOf(seed, focus);
  const usual = [...disturbed, ...Array.from({ length: random.between(1, 2) }, () => focused(random, leads, focus))];
  const grants = grantsOf(seed, focus, route, usual);
  const rounds = grants?.renewed === true ? [amidRefresh(seed), ...usual] : usual;
  const capped = focus === 'cap' || focus === 'warm' || random.chance(0.12) ? random.between(2, leads - 1) : undefined;
  // What a cap or a model would make of another day, or of what a person does, is judged elsewhere.
  const dailyCap = disturbed.length > 0 ? undefined : capped;
  const likelihood = focus === undefined ? random.pick([0, 0.15, 0.4]) : 0;
  const odd = oddity(seed, focus);
  const faultFor = firstOf(
    faults(seed + 3, unfounded(seed, focus), REFUSALS, isAtGreeting),
    faults(seed, focus === 'bounce' ? 0.6 : likelihood, focus === 'bounce' ? BOUNCES : FAULTS, isAtGreeting),
    faults(seed + 2, odd, ODD_FAULTS, isAtGreeting),
  );
  const onTheWire = focus !== undefined && ON_THE_WIRE.includes(focus);
  const overHttp =
    focus === 'early' ? earlyAnswers(seed) : withNewer(seed, faults(seed + 1, onTheWire ? 0.7 : likelihood, WIRE_FAULTS, isAtConnect));
  const httpFaultFor = route.some(isMailbox) ? withRefusedToken(seed, overHttp) : overHttp;
  const calm = likelihood === 0 && odd === 0 && unfounded(seed, focus) === 0 && !onTheWire && focus !== 'early';
  const clocks = disturbed.length > 0 || dailyCap !== undefined ? undefined : clocksOf(seed, focus, route);
  const wire = { calm, faultFor, route, grants, httpFaultFor, large: focus === 'early', clocks };
  // A source of its own, so that the runs with a template stay the runs they were.
  const ai = new Random(seed * 613 + 5);
  const refusing = refusingIn(seed, focus);
  if (disturbed.length > 0 || clocks !== undefined || !(focus === 'write' || (focus === undefined && ai.chance(0.2)))) {
    // What a cap makes of a try whose commit failed is judged elsewhere.
    const own = dailyCap === undefined ? troubled(seed, focus, rounds) : rounds;
    const warmUp = warmUpTo(dailyCap, seed, focus);
    return { seed, leads, refusing, imports, rounds: own, dailyCap, warmUp, ...wire, writing: undefined };
  }
  const writing = aiFaults(seed, focus === undefined ? ai.pick([0, 0.2, 0.5]) : 0);
  // Behind a full cap the last worker has a second and no more: too short for a provider that rests.
  return {
    seed,
    leads,
    refusing,
    imports,
    rounds: focus === 'write' ? rounds : rounds.map((round) => amongCalls(ai, round)),
    dailyCap: undefined,
    warmUp: undefined,
    ...wire,
    writing,
  };
}

/** In one run of six the server breaks the rules of the protocol, too. From a source of its own, so that the other runs stay what they were. */
function oddity(seed: number, focus: Focus | undefined): number {
  if (focus === 'replies') return 0.5;
  return focus === undefined && new Random(seed * 769 + 29).chance(0.17) ? 0.3 : 0;
}

/** In every second run that is about bounces, and in one of eight others, servers refuse for reasons of their own. From a source of its own, too. */
function unfounded(seed: number, focus: Focus | undefined): number {
  const random = new Random(seed * 677 + 19);
  if (focus === 'bounce') return random.chance(0.5) ? 0.6 : 0;
  return focus === undefined && random.chance(0.12) ? 0.3 : 0;
}

function firstOf<F>(...all: readonly ((to: string | undefined) => F | undefined)[]): (to: string | undefined) => F | undefined {
  return (to) => all.map((faultFor) => faultFor(to)).find((fault) => fault !== undefined);
}

/** Always for a mailbox's API, and in one run of eight over SMTP. From a source of its own, so that the other runs stay what they were. */
function grantsOf(seed: number, focus: Focus | undefined, route: Route, rounds: readonly Round[]): Scenario['grants'] {
  const random = new Random(seed * 911 + 37);
  const chosen = focus === 'grant' || (focus === undefined && random.chance(0.13) && route.includes('smtp'));
  if (!chosen && !route.some(isMailbox)) return undefined;
  // One process at a time renews a grant: while it is frozen at that, the others wait for it, as long as it takes.
  if (rounds.some(({ end }) => end.kind === 'freeze' || end.kind === 'person'))
    return { renewed: false, lifetime: 3_600, endsAccessAt: Number.POSITIVE_INFINITY };
  return { renewed: true, lifetime: random.pick([2, 3, 3_600]), endsAccessAt: random.between(1, 8) };
}

/** Killed while it renews a grant, or right behind. */
function amidRefresh(seed: number): Round {
  const random = new Random(seed * 953 + 43);
  const end = { kind: 'kill', at: random.pick(GRANT_POINTS), pass: random.between(1, 2) } as const;
  return { workers: random.pick([1, 2]), concurrency: random.pick([1, 3]), sparePages: undefined, end };
}

/** In one run of four. From a source of its own, so that the other runs stay what they were. */
function refusingIn(seed: number, focus: Focus | undefined): number {
  const random = new Random(seed * 727 + 41);
  return focus === undefined && random.chance(0.25) ? random.between(1, 2) : 0;
}

/** In one run of four a person acts beside a frozen worker, or somebody sets the clock, or removes files beside the database. From a source of its own, so that the other runs stay what they were. */
function disturbance(seed: number, focus: Focus | undefined): Round[] {
  const random = new Random(seed * 541 + 23);
  const kind = random.next();
  const concurrency = random.pick([1, 1, 3]);
  const round = { workers: 2, concurrency, sparePages: undefined };
  if (focus === 'person' || (focus === undefined && kind < 0.12)) return [{ ...round, end: intervention(random) }];
  if (focus === 'clock' || (focus === undefined && kind < 0.2)) return [{ ...round, end: settingTheClock(random) }];
  const other = new Random(seed * 883 + 29);
  if (focus === 'companions' || (focus === undefined && other.chance(0.06)))
    return [{ ...round, workers: 1, concurrency: other.pick([1, 1, 3]), end: removal(other) }];
  return [];
}

/** In one run of six the disk errs in a round, or another program holds the database. From a source of its own, too. */
function troubled(seed: number, focus: Focus | undefined, rounds: readonly Round[]): readonly Round[] {
  const random = new Random(seed * 827 + 41);
  const chosen = focus === 'trouble' || focus === 'bounce' || (focus === undefined && random.chance(0.17));
  const at = rounds.findIndex(({ end, sparePages }) => TROUBLED_ENDS.includes(end.kind) && sparePages === undefined);
  if (!chosen || at === -1) return rounds;
  const trouble = troubleOf(random, focus);
  // A row of refusals takes long enough where most commits succeed.
  const rarely = focus === 'bounce' && unfounded(seed, focus) > 0 && trouble.kind !== 'held';
  return rounds.map((round, index) => (index === at ? { ...round, trouble: rarely ? { ...trouble, percent: 20 } : trouble } : round));
}

const TROUBLED_ENDS: readonly Round['end']['kind'][] = ['none', 'kill', 'signal'];

function troubleOf(random: Random, focus: Focus | undefined): Trouble {
  const kind = focus === 'bounce' ? 'lost answer' : random.pick(['failed commit', 'lost answer', 'held'] as const);
  if (kind === 'held') return { kind, after: random.between(400, 900), ms: random.between(500, 1_200) };
  // Behind the commits of a start: a worker that cannot begin ends, and shows nothing.
  return { kind, from: random.between(8, 16), percent: random.pick([20, 40]) };
}

function settingTheClock(random: Random): Round['end'] {
  const by = random.pick([2_000, HOUR, DAY + HOUR, -2_000, -HOUR]);
  return { kind: 'clock', at: random.pick(HELD_POINTS), pass: random.between(1, 3), by };
}

/** Hours after both times of day, so that whatever was put off is due. */
export function laterThan(by: number): number {
  return Math.max(0, by) + 3 * HOUR;
}

/** A ramp that has come as far as the cap. */
function warmUpTo(dailyCap: number | undefined, seed: number, focus: Focus | undefined): Scenario['warmUp'] {
  const random = new Random(seed * 389 + 11);
  if (dailyCap === undefined || !(focus === 'warm' || (focus === undefined && random.chance(0.5)))) return undefined;
  const start = random.between(1, dailyCap - 1);
  return { start, days: dailyCap - start };
}

/** Twenty kills around the calls to a model, each after a few of them. */
export function draftingScenario(seed: number): Scenario {
  const random = new Random(seed);
  const points: readonly Milestone[] = [...AI_POINTS, 'draft.claimed', 'draft.written', 'draft.store_open'];
  const rounds = Array.from({ length: 20 }, (): Round => {
    const end = { kind: 'kill', at: random.pick(points), pass: random.between(1, 3) } as const;
    return { workers: 1, concurrency: 1, sparePages: undefined, end };
  });
  const still = { faultFor: () => undefined, httpFaultFor: () => undefined };
  const wire = { calm: true, ...still, route: ['smtp'], grants: undefined, large: false, clocks: undefined } as const;
  return { seed, leads: 60, refusing: 0, imports: [], rounds, dailyCap: undefined, warmUp: undefined, ...wire, writing: () => undefined };
}

/** Half of the ends come around a call instead. */
function amongCalls(random: Random, round: Round): Round {
  const { end } = round;
  if (!(end.kind === 'kill' || end.kind === 'freeze') || random.chance(0.5)) return round;
  // Frozen inside a transaction a process only keeps everybody waiting: that is no zombie.
  const points = end.kind === 'freeze' ? AI_POINTS.filter((point) => !point.endsWith('_open')) : AI_POINTS;
  return { ...round, end: { ...end, at: random.pick(points), pass: random.between(1, 3) } };
}

/** What a model's provider may do; keys refused for good are left out, as no worker can finish then. */
const AI_FAULTS: readonly AiFault[] = [
  'hang',
  'reset',
  '429 for an hour',
  '429 for ever',
  '429 till yesterday',
  '500',
  'cut JSON',
  'slow drip',
  'refusal',
  'wrong schema',
  'wrong schema, then right',
];

function aiFaults(seed: number, likelihood: number): (email: string, turn: number) => AiFault | undefined {
  return (email, turn) => {
    const random = new Random(seed * 37 + turn * 89 + hash(email));
    return turn <= 2 && random.chance(likelihood) ? random.pick(AI_FAULTS) : undefined;
  };
}

function roundOf(random: Random, leads: number): Round {
  const special = random.next();
  if (special < 0.05) return pausing(random);
  const at = special < 0.15 ? random.pick(ZOMBIE_POINTS) : random.pick(WORK_POINTS);
  const pass = random.between(1, leads);
  const concurrency = random.pick([1, 1, 3]);
  if (special < 0.15) return { workers: 2, concurrency, sparePages: undefined, end: { kind: 'freeze', at, pass } };
  const workers = random.pick([1, 1, 2, 4]);
  const sparePages = random.chance(0.08) ? random.between(0, 4) : undefined;
  const kind = random.next();
  if (kind < 0.65) return { workers, concurrency, sparePages, end: { kind: 'kill', at, pass } };
  const signal = random.pick(['SIGKILL', 'SIGTERM'] as const);
  if (kind < 0.9) return { workers, concurrency, sparePages, end: { kind: 'signal', signal, after: random.between(150, 700) } };
  return { workers, concurrency, sparePages, end: { kind: 'none' } };
}

/** An arm refused on a connection that has carried mails before, with more mails to come. */
function pausing(random: Random): Round {
  return { workers: 1, concurrency: 1, sparePages: undefined, end: { kind: 'pause', at: 't2.asked', pass: random.between(2, 4) } };
}

function focused(random: Random, leads: number, focus: Focus | undefined): Round {
  if (focus === 'freeze') return fencing(random);
  if (focus === 'replies') return { workers: 1, concurrency: random.pick([1, 3]), sparePages: undefined, end: { kind: 'none' } };
  if (focus === 'crowd') return { workers: 4, concurrency: 3, sparePages: undefined, end: { kind: 'none' } };
  if (focus === 'write') return betweenTextAndDraft(random);
  if (focus === 'early' || focus === 'bounce') return { workers: 1, concurrency: 1, sparePages: undefined, end: { kind: 'none' } };
  if (focus === 'trouble') return stopping(random);
  if (focus !== undefined && ON_THE_WIRE.includes(focus))
    return { workers: 1, concurrency: 3, sparePages: undefined, end: { kind: 'none' } };
  if (focus !== 'kill') return roundOf(random, leads);
  const at = random.pick(['t2.committed', 'body.ended', 'reply.read', 't3.committed'] as const);
  return { workers: 1, concurrency: 1, sparePages: undefined, end: { kind: 'kill', at, pass: random.between(1, 3) } };
}

/** Asked to stop amid its work. */
function stopping(random: Random): Round {
  const end = { kind: 'signal', signal: 'SIGTERM', after: random.between(350, 900) } as const;
  return { workers: random.pick([1, 2]), concurrency: random.pick([1, 3]), sparePages: undefined, end };
}

/** Killed when a text is paid for and its draft is not stored yet. */
function betweenTextAndDraft(random: Random): Round {
  const at = random.pick(['ai.settled', 'draft.written', 'draft.store_open'] as const);
  return { workers: 1, concurrency: 1, sparePages: undefined, end: { kind: 'kill', at, pass: random.between(1, 3) } };
}

/** A worker frozen between claim and arm, while another takes its mail over. */
function fencing(random: Random): Round {
  const at = random.pick(['connected', 't2.asked', 't2.asked'] as const);
  return { workers: 2, concurrency: 1, sparePages: undefined, end: { kind: 'freeze', at, pass: random.between(1, 3) } };
}

/** Each address meets its faults in a fixed order whatever the timing, and after three of them the server behaves. */
function faults<F extends string>(
  seed: number,
  likelihood: number,
  all: readonly F[],
  isOfConnection: (fault: F) => boolean,
): (to: string | undefined) => F | undefined {
  const met = new Map<string, number>();
  return (to) => {
    const key = to ?? 'connection';
    const turn = (met.get(key) ?? 0) + 1;
    met.set(key, turn);
    const random = new Random(seed * 31 + turn * 101 + hash(key));
    if (!random.chance(likelihood) || turn > 3) return undefined;
    const apt = all.filter((fault) => isOfConnection(fault) === (to === undefined));
    return apt.length === 0 ? undefined : random.pick(apt);
  };
}

/** Mails that come back for good at once. */
const BOUNCES: readonly Fault[] = ['rcpt 550'];

/** Refusals that are no evidence of a missing mailbox. A quota is left out: its sender rests for an hour. */
const REFUSALS: readonly Said[] = [
  'rcpt says 550 5.7.1 We take no mail from you',
  'rcpt says 554 5.7.1 Access denied',
  'rcpt says 550 Administrative prohibition',
  'rcpt says 550 5.7.1 Relaying denied',
  'rcpt says 552 5.2.2 Mailbox full',
  // The sender's own address, which another server has looked up.
  'rcpt says 550 5.1.1 <ana@ruiz.example>: no such user',
  'dot says 554 5.7.1 Refused as spam',
];

const isAtGreeting = (fault: Fault) => fault.startsWith('greeting');
const isAtConnect = (fault: HttpFault) => fault === 'drop at connect';

/** What a provider over HTTP may do. What stops a sender for good, or for an hour, is left out, as no worker can finish then; what was added later is drawn elsewhere. */
const LEFT_OUT: readonly HttpFault[] = ['401', '403', '302', '307', '429 for an hour', '303, taken', 'early 2xx, not taken', '401 token'];
const WIRE_FAULTS: readonly HttpFault[] = HTTP_FAULTS.filter((fault) => !LEFT_OUT.includes(fault));

/** A fault in ten is one that was added later; from a source of its own, so that the others stay what they were. */
function withNewer(seed: number, faultFor: (to: string | undefined) => HttpFault | undefined): Scenario['httpFaultFor'] {
  const random = new Random(seed * 47 + 13);
  return (to) => {
    const fault = faultFor(to);
    return fault !== undefined && to !== undefined && random.chance(0.1) ? '303, taken' : fault;
  };
}

/** In every second run a mailbox refuses a token, once: a new one that is refused, too, would stop the sender. */
function withRefusedToken(seed: number, faultFor: Scenario['httpFaultFor']): Scenario['httpFaultFor'] {
  const random = new Random(seed * 59 + 31);
  let left = random.chance(0.5) ? random.between(1, 4) : 0;
  return (to) => {
    const fault = faultFor(to);
    if (to === undefined || left === 0) return fault;
    return --left === 0 ? '401 token' : fault;
  };
}

/** The first answers to a mail come when its beginning was read. */
function earlyAnswers(seed: number): Scenario['httpFaultFor'] {
  const faultFor = faults(seed + 2, 0.6, ['early 2xx, not taken'], isAtConnect);
  return (to) => (to === undefined ? undefined : faultFor(to));
}

/** A mail is left uncertain at Resend, and a day later its key is not known there any more; the local clock tells an hour, or less. */
function clocksOf(seed: number, focus: Focus | undefined, route: Route): Clocks | undefined {
  const random = new Random(seed * 733 + 29);
  const onResend = route.length === 1 && route[0] === 'resend';
  if (!(focus === 'key' || (focus === undefined && onResend && random.chance(0.3)))) return undefined;
  const stoodStill = { local: 0, laterLocal: MINUTE, laterProvider: DAY + HOUR };
  const wasAhead = { local: DAY, laterLocal: DAY + HOUR, laterProvider: DAY + HOUR };
  return random.pick([stoodStill, wasAhead]);
}

function routeOf(seed: number, focus: Focus | undefined): Route {
  // A source of its own, so that the runs with SMTP stay the runs they were.
  const random = new Random(seed * 971 + 3);
  // Mailboxes came later: theirs is another.
  const later = new Random(seed * 499 + 13);
  if (focus === 'mailbox') return later.pick<Route>([['gmail'], ['graph']]);
  if (focus === 'fallback') return ['sendgrid', 'smtp'];
  if (focus === 'replay' || focus === 'key') return ['resend'];
  // Graph takes no mail that is so large.
  if (focus === 'early') return later.chance(0.25) ? ['gmail'] : random.pick<Route>([['sendgrid'], ['resend']]);
  if (focus !== undefined || random.chance(0.6)) return ['smtp'];
  if (later.chance(0.4)) return later.pick<Route>([['gmail'], ['graph'], ['gmail', 'smtp'], ['smtp', 'graph']]);
  return random.pick<Route>([['sendgrid'], ['resend'], ['smtp', 'sendgrid'], ['smtp', 'resend'], ['resend', 'smtp']]);
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 33) + letter.charCodeAt(0)) >>> 0, 5381);
}
