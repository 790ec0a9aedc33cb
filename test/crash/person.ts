import type { Milestone } from '../../src/domain/milestone.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { Random } from './random.ts';

/** What a person does while a worker stands frozen, on every mail that it concerns. */
export type Act =
  | 'resend'
  | 'not sent'
  | 'sent'
  | 'retry'
  | 'pause and resume'
  | 'cancel and import'
  | 'suppress one'
  /** Of whatever a verdict has settled. */
  | 'correct to sent'
  | 'correct to not sent'
  | 'correct to resend';

/** A person acts while the first worker is frozen; then another worker does what is asked. */
export interface Intervention {
  readonly kind: 'person';
  readonly at: Milestone;
  readonly pass: number;
  readonly acts: readonly Act[];
  /** The frozen worker reads its configuration anew as soon as it wakes. */
  readonly reload: boolean;
  /** The frozen worker wakes before the other one, not when that is done. */
  readonly wakesFirst: boolean;
}

/** From the claim to the reply: what a frozen worker still holds to be true, others have changed. */
export const HELD_POINTS: readonly Milestone[] = [
  't1.committed',
  'connected',
  't2.asked',
  't2.asked',
  't2.committed',
  't2.committed',
  'body.begun',
  'body.begun',
  'body.ended',
  'reply.read',
  'reply.read',
];

const ACTS: readonly (readonly Act[])[] = [
  ['resend'],
  ['resend'],
  ['not sent'],
  ['not sent', 'retry'],
  ['not sent', 'retry'],
  ['sent'],
  ['retry'],
  ['pause and resume', 'resend'],
  ['cancel and import'],
  ['not sent', 'cancel and import'],
  ['suppress one'],
];

/** Verdicts that are given and taken back. */
const CORRECTIONS: readonly (readonly Act[])[] = [
  ['sent', 'correct to not sent'],
  ['sent', 'correct to not sent', 'retry'],
  ['not sent', 'correct to sent'],
  ['not sent', 'correct to sent', 'correct to not sent', 'retry'],
  ['not sent', 'correct to sent', 'retry'],
  ['sent', 'correct to resend'],
  ['not sent', 'correct to resend'],
];

export function intervention(random: Random): Intervention {
  const at = random.pick(HELD_POINTS);
  const pass = random.between(1, 3);
  const acts = random.pick(ACTS);
  const reload = random.chance(0.3);
  const wakesFirst = random.chance(0.5);
  // A source of its own, so that the other runs stay what they were.
  const own = new Random(random.between(0, 2 ** 31));
  return { kind: 'person', at, pass, acts: own.chance(0.3) ? own.pick(CORRECTIONS) : acts, reload, wakesFirst };
}

/** The command lines of an act, as things stand now. */
export function commandsOf(act: Act, database: string): string[][] {
  const uncertain = () => idsOf(database, "select id from messages where state = 'uncertain'");
  const judged = (...states: string[]) =>
    idsOf(
      database,
      `select id from messages where state in (${states.map((state) => `'${state}'`).join()})
        and id in (select message_id from events where kind = 'resolved')`,
    );
  switch (act) {
    case 'resend':
      return uncertain().map((id) => ['resolve', id, '--resend']);
    case 'not sent':
      return uncertain().map((id) => ['resolve', id, '--not-sent']);
    case 'sent':
      return uncertain().map((id) => ['resolve', id, '--sent']);
    case 'correct to sent':
      return judged('failed').map((id) => ['resolve', id, '--sent']);
    case 'correct to not sent':
      return judged('accepted').map((id) => ['resolve', id, '--not-sent']);
    case 'correct to resend':
      return judged('accepted', 'failed').map((id) => ['resolve', id, '--resend']);
    case 'retry':
      return [['retry', '--job', '1']];
    case 'pause and resume':
      return [
        ['pause', '1'],
        ['resume', '1'],
      ];
    case 'cancel and import':
      return [
        ['cancel', '1'],
        ['import', 'leads.csv'],
      ];
    case 'suppress one':
      return [['suppress', 'add', 'lead0@company0.example']];
  }
}

function idsOf(path: string, query: string): string[] {
  const db = connect(path, { fileMustExist: true });
  try {
    return (db.prepare(query).all() as { id: number }[]).map(({ id }) => String(id));
  } finally {
    db.close();
  }
}
