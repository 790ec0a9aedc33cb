import type { Milestone } from '../../src/domain/milestone.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import type { Random } from './random.ts';

/** What a person does while a worker stands frozen, on every mail that it concerns. */
export type Act = 'resend' | 'not sent' | 'sent' | 'retry' | 'pause and resume' | 'cancel and import' | 'suppress one';

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

export function intervention(random: Random): Intervention {
  const at = random.pick(HELD_POINTS);
  return {
    kind: 'person',
    at,
    pass: random.between(1, 3),
    acts: random.pick(ACTS),
    reload: random.chance(0.3),
    wakesFirst: random.chance(0.5),
  };
}

/** The command lines of an act, as things stand now. */
export function commandsOf(act: Act, database: string): string[][] {
  const uncertain = () => idsOf(database, "select id from messages where state = 'uncertain'");
  switch (act) {
    case 'resend':
      return uncertain().map((id) => ['resolve', id, '--resend']);
    case 'not sent':
      return uncertain().map((id) => ['resolve', id, '--not-sent']);
    case 'sent':
      return uncertain().map((id) => ['resolve', id, '--sent']);
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
