import { standingVerdict, type Verdict } from '../domain/verdict.ts';
import { type Ruling, resolveMessages } from '../pipeline/resolveMessage.ts';
import { idsOf, listOfUncertain } from '../store/messageList.ts';
import type { MessageStory } from '../store/progress.ts';
import { cell, number, plural } from '../terminal/output.ts';
import type { Desk } from './desk.ts';
import type { Picture, Place, Question } from './views.ts';

/** What keys do with uncertain mails, and with verdicts that were given. */

export const VERDICT_KEYS: Readonly<Record<string, Verdict>> = { s: 'sent', n: 'not_sent', r: 'resend' };

/** The marked mails as the last picture showed them; without any the chosen one, or the one that is open. */
export function toJudge(picture: Picture | undefined): readonly Seen[] {
  const place = picture?.place;
  if (place?.view === 'uncertain' && place.marked.size > 0) return [...place.marked].map((id) => ({ id, seen: 'uncertain' }));
  const shown = picture?.story?.summary;
  return shown === undefined ? [] : [{ id: shown.id, seen: shown.state }];
}

/** A mail, and where it stood on the screen. */
type Seen = Required<Pick<Ruling, 'id' | 'seen'>>;

/** Whether a verdict may be given or corrected here; the verb itself looks again. */
export function isOpenToVerdict({ summary: { state }, attempts, events }: MessageStory): boolean {
  if (state === 'uncertain') return true;
  const attempt_id = attempts.at(-1)?.id ?? null;
  const accepted = attempts.some(({ outcome }) => outcome === 'accepted');
  return !accepted && standingVerdict({ state, attempt_id, attempts, events }) !== undefined;
}

export function questionOf(mails: readonly Seen[], verdict: Verdict, now: () => number): Question {
  const one = mails.length === 1;
  const which = one ? `message ${mails[0]?.id}` : plural(mails.length, 'marked mail');
  const texts: Record<Verdict, string> = {
    sent: `Count ${which} as sent?`,
    not_sent: `Count ${which} as not sent? A retry may send ${one ? 'it' : 'them'} again then.`,
    resend: `Send ${which} again? Whoever has it already gets it twice.`,
  };
  return { text: texts[verdict], yes: (desk) => judge(desk, mails, verdict, now) };
}

async function judge({ store, actor }: Desk, mails: readonly Seen[], verdict: Verdict, now: () => number): Promise<string> {
  const ruled = await resolveMessages(
    store,
    mails.map((mail) => ({ ...mail, verdict })),
    { actor, now },
  );
  const done = ruled.filter(({ left }) => left === null);
  const left = ruled.flatMap(({ id, left: why }) => (why === null ? [] : [`message ${id} ${cell(why, 200)}`]));
  const words = { sent: 'counted as sent', not_sent: 'counted as not sent', resend: 'sent again when due' }[verdict];
  const told = done.length === 0 ? [] : [`${plural(done.length, 'mail')} ${words}.`];
  if (left.length > 0) told.push(`${mails.length === 1 ? '' : `${number(left.length)} left: `}${left[0]}${left.length > 1 ? ', …' : '.'}`);
  return told.join(' ');
}

/** Every mail of the list, or none where all are marked already. */
export async function markAll({ store }: Desk, place: Place): Promise<string> {
  const ids = await idsOf(store.db, await listOfUncertain(store.db, place.id === 0 ? undefined : place.id));
  place.marked = place.marked.size >= ids.length ? new Set() : new Set(ids);
  return place.marked.size === 0 ? 'Nothing is marked.' : `${plural(place.marked.size, 'mail')} marked.`;
}

export function toggleMark(place: Place): void {
  const { chosen } = place;
  if (chosen === undefined) return;
  const marked = new Set(place.marked);
  if (!marked.delete(chosen)) marked.add(chosen);
  place.marked = marked;
}
