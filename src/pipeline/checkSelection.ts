import { OutreachError } from '../domain/errors.ts';
import type { MessageState } from '../domain/message.ts';
import type { Store } from '../store/database.ts';
import { findMessage, type Selection } from '../store/messages.ts';
import { requireJob } from './steerJob.ts';

/** Refuses a choice that names what is not there, or a message in a state that the command does not work on: all of it, before anything is done. */
export async function checkSelection(store: Store, selection: Selection, state: MessageState): Promise<void> {
  if (selection.jobId !== undefined) await requireJob(store, selection.jobId);
  for (const id of selection.ids ?? []) {
    const row = await findMessage(store.db, id);
    if (row === undefined)
      throw new OutreachError('not_found', `there is no message ${id}`, { hint: `See them with: outreach messages --state ${state}` });
    if (row.state !== state) {
      throw new OutreachError('refused', `message ${id} is ${row.state}, not ${state}; nothing was done`, {
        hint: `Its story: outreach show ${id}`,
      });
    }
  }
}
