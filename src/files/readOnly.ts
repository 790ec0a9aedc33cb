import { OutreachError } from '../domain/errors.ts';

/** Why this process writes nothing; set once, before a command begins. */
let reason: { readonly sentence: string; readonly hint: string } | undefined;

/** From now on nothing that the program keeps is written in this process: every attempt throws this sentence. */
export function writeNothing(sentence: string, hint: string): void {
  reason = { sentence, hint };
}

export function writesNothing(): boolean {
  return reason !== undefined;
}

/** Throws in a process that writes nothing. */
export function refuseWhereReadOnly(what: string): void {
  if (reason !== undefined) throw new OutreachError('refused', `${what} is not written: ${reason.sentence}`, { hint: reason.hint });
}
