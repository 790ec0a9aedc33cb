import type { Db, EventRow, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** What happened to a message besides its attempts; the story that `outreach show` tells. */
export type EventKind =
  | 'drafted'
  | 'held'
  | 'approved'
  | 'rejected'
  | 'voided'
  | 'updated'
  | 'suppressed'
  | 'recovered'
  | 'uncertain'
  | 'late reply'
  | 'retry asked'
  | 'resolved'
  /** A person's list says that it left, though this database knows of no mail. */
  | 'sent already'
  | 'cancelled'
  /** By a later import, after its job was cancelled. */
  | 'imported again'
  | 'bounced'
  | 'complained';

/** `actor`: the person who did it; null where the program did. */
export async function noteEvent(
  tx: Tx,
  messageId: number,
  kind: EventKind,
  now: number,
  detail: string | null = null,
  actor: string | null = null,
): Promise<void> {
  await insertEvent(tx, { messageId, now, kind, detail, actor });
}

interface NewEvent {
  readonly messageId: number;
  readonly now: number;
  readonly kind: EventKind;
  readonly detail: string | null;
  readonly actor: string | null;
}

const insertEvent = statement((db, value: Blanks<NewEvent>) =>
  db.insertInto('events').values({
    message_id: value('messageId'),
    at: value('now'),
    kind: value('kind'),
    detail: value('detail'),
    actor: value('actor'),
  }),
);

export async function wasSentAlready(db: Db, messageId: number): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('id')
    .where('message_id', '=', messageId)
    .where('kind', '=', 'sent already')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function noteEvents(
  tx: Tx,
  messageIds: readonly number[],
  kind: EventKind,
  now: number,
  detail: string | null = null,
  actor: string | null = null,
): Promise<void> {
  for (const id of messageIds) await noteEvent(tx, id, kind, now, detail, actor);
}

/** Mails of a job that came back: refused for good by the recipient's server, bounced later, or complained of. */
export async function bouncesOf(db: Db, jobId: number): Promise<number> {
  const { n } = await db
    .selectFrom('messages')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('job_id', '=', jobId)
    .where('state', 'in', ['failed', 'accepted'])
    .where(({ or, exists, selectFrom }) =>
      or([
        exists(
          selectFrom('attempts')
            .select('attempts.id')
            .whereRef('attempts.message_id', '=', 'messages.id')
            .where('attempts.outcome', '=', 'recipient_refused'),
        ),
        exists(
          selectFrom('events')
            .select('events.id')
            .whereRef('events.message_id', '=', 'messages.id')
            .where('events.kind', 'in', ['bounced', 'complained']),
        ),
      ]),
    )
    .executeTakeFirstOrThrow();
  return n;
}

export function eventsOf(db: Db, messageId: number): Promise<EventRow[]> {
  return db.selectFrom('events').selectAll().where('message_id', '=', messageId).orderBy('id').execute();
}
