import { sep } from 'node:path';
import { OutreachError } from '../domain/errors.ts';

/** Why this process writes nothing; set once, before a command begins. */
let reason: { readonly sentence: string; readonly hint: string } | undefined;

/** Temporary folders of this process, which are gone when it ends. */
const scratch: string[] = [];

/** From now on nothing that the program keeps is written in this process: every attempt throws this sentence. */
export function writeNothing(sentence: string, hint: string): void {
  reason = { sentence, hint };
}

export function writesNothing(): boolean {
  return reason !== undefined;
}

/** A temporary folder, where such a process may write nevertheless. */
export function allowScratch(folder: string): void {
  scratch.push(folder);
}

/** Throws in a process that writes nothing. */
export function refuseWhereReadOnly(path: string): void {
  if (reason === undefined || scratch.some((folder) => path === folder || path.startsWith(`${folder}${sep}`))) return;
  throw new OutreachError('refused', `${path} is not written: ${reason.sentence}`, { hint: reason.hint });
}
