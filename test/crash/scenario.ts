import { DAY, HOUR } from '../../src/domain/duration.ts';
import { MILESTONES, type Milestone } from '../../src/domain/milestone.ts';
import type { AiFault } from '../support/aiServer.ts';
import { HTTP_FAULTS, type HttpFault } from '../support/mailProvider.ts';
import { type Removal, removal } from './companions.ts';
import { HELD_POINTS, type Intervention, intervention } from './person.ts';
import { Random } from './random.ts';
import { FAULTS, type Fault } from './sink.ts';

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
}

export interface Scenario {
  readonly seed: number;
  readonly leads: number;
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
  /** A model writes the mails, and this is what goes wrong with it; undefined for a template. */
  readonly writing: ((email: string, turn: number) => AiFault | undefined) | undefined;
}

/** SMTP alone, a provider over HTTP alone, or SMTP with one behind it. */
type Route = readonly ('smtp' | 'sendgrid' | 'resend')[];

const IMPORT_POINTS = MILESTONES.filter((point) => point.startsWith('import.'));
const AI_POINTS = MILESTONES.filter((point) => point.startsWith('ai.'));
const WORK_POINTS = MILESTONES.filter((point) => !point.startsWith('import.') && !point.startsWith('ai.'));
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
  'companions',
] as const;

/** What a seeded bug needs to show itself soon; the campaign itself has no focus. */
export type Focus = (typeof FOCUSES)[number];

/** Everything about a run follows from its seed. */
export function scenarioOf(seed: number, focus?: Focus): Scenario {
  const random = new Random(seed * 7919 + 17);
  const leads = random.between(4, 9);
  const killsImport = focus === 'import' || random.chance(0.12);
  const points = focus === 'import' ? (['import.batch_open', 'import.batch_committed'] as const) : IMPORT_POINTS;
  const imports = killsImport
    ? Array.from({ length: random.between(1, 3) }, () => ({ at: random.pick(points), pass: random.between(1, 3) }))
    : [];
  const disturbed = disturbance(seed, focus);
  const rounds = [...disturbed, ...Array.from({ length: random.between(1, 2) }, () => focused(random, leads, focus))];
  const capped = focus === 'cap' || focus === 'warm' || random.chance(0.12) ? random.between(2, leads - 1) : undefined;
  // What a cap or a model would make of another day, or of what a person does, is judged elsewhere.
  const dailyCap = disturbed.length > 0 ? undefined : capped;
  const likelihood = focus === undefined ? random.pick([0, 0.15, 0.4]) : 0;
  const faultFor = faults(seed, likelihood, FAULTS, isAtGreeting);
  const route = routeOf(seed, focus);
  const httpFaultFor = faults(seed + 1, focus === 'fallback' || focus === 'replay' ? 0.7 : likelihood, WIRE_FAULTS, isAtConnect);
  const wire = { calm: likelihood === 0 && focus !== 'fallback' && focus !== 'replay', faultFor, route, httpFaultFor };
  // A source of its own, so that the runs with a template stay the runs they were.
  const ai = new Random(seed * 613 + 5);
  if (disturbed.length > 0 || !(focus === 'write' || (focus === undefined && ai.chance(0.2))))
    return { seed, leads, imports, rounds, dailyCap, warmUp: warmUpTo(dailyCap, seed, focus), ...wire, writing: undefined };
  const writing = aiFaults(seed, focus === undefined ? ai.pick([0, 0.2, 0.5]) : 0);
  // Behind a full cap the last worker has a second and no more: too short for a provider that rests.
  return {
    seed,
    leads,
    imports,
    rounds: focus === 'write' ? rounds : rounds.map((round) => amongCalls(ai, round)),
    dailyCap: undefined,
    warmUp: undefined,
    ...wire,
    writing,
  };
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
  const wire = { calm: true, faultFor: () => undefined, route: ['smtp'], httpFaultFor: () => undefined } as const;
  return { seed, leads: 60, imports: [], rounds, dailyCap: undefined, warmUp: undefined, ...wire, writing: () => undefined };
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
  if (focus === 'crowd') return { workers: 4, concurrency: 3, sparePages: undefined, end: { kind: 'none' } };
  if (focus === 'write') return betweenTextAndDraft(random);
  if (focus === 'fallback' || focus === 'replay') return { workers: 1, concurrency: 3, sparePages: undefined, end: { kind: 'none' } };
  if (focus !== 'kill') return roundOf(random, leads);
  const at = random.pick(['t2.committed', 'body.ended', 'reply.read', 't3.committed'] as const);
  return { workers: 1, concurrency: 1, sparePages: undefined, end: { kind: 'kill', at, pass: random.between(1, 3) } };
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
    return random.pick(all.filter((fault) => isOfConnection(fault) === (to === undefined)));
  };
}

const isAtGreeting = (fault: Fault) => fault.startsWith('greeting');
const isAtConnect = (fault: HttpFault) => fault === 'drop at connect';

/** What a provider over HTTP may do; what stops a sender for good, or for an hour, is left out, as no worker can finish then. */
const WIRE_FAULTS: readonly HttpFault[] = HTTP_FAULTS.filter((fault) => !['401', '403', '302', '429 for an hour'].includes(fault));

function routeOf(seed: number, focus: Focus | undefined): Route {
  // A source of its own, so that the runs with SMTP stay the runs they were.
  const random = new Random(seed * 971 + 3);
  if (focus === 'fallback') return ['sendgrid', 'smtp'];
  if (focus === 'replay') return ['resend'];
  if (focus !== undefined || random.chance(0.6)) return ['smtp'];
  return random.pick<Route>([['sendgrid'], ['resend'], ['smtp', 'sendgrid'], ['smtp', 'resend'], ['resend', 'smtp']]);
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 33) + letter.charCodeAt(0)) >>> 0, 5381);
}
