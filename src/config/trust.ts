import { existsSync, lstatSync, statSync } from 'node:fs';
import { OutreachError } from '../domain/errors.ts';
import { asTyped } from '../domain/text.ts';
import { ownUser, strangersOf } from '../files/owners.ts';
import { isRemembered, remember } from './trustedFolders.ts';
import type { FoundWorkspace, Surroundings, Workspace } from './workspace.ts';

/** What may be done in a workspace: everything, or look at it only (root in the workspace of another user). */
export type Admission = 'all' | 'reading';

/**
 * Whether a workspace may be used. Trusted is what a person trusted by name (`outreach trust`), and what they made,
 * named or stood in themselves, if they or root own it and nobody else can write to it. One that was only found
 * above the folder they stand in must be known from before. Throws the sentence with the command that allows it.
 */
export function admit({ workspace, by, passed }: FoundWorkspace, surroundings: Surroundings): Admission {
  const { env } = surroundings;
  if (env.OUTREACH_TRUST === '1' || isRemembered(workspace.root, surroundings, 'trusted')) return 'all';
  const doubt = strangersIn(workspace);
  if (by !== 'upward') {
    if (doubt === undefined) {
      remember(workspace.root, surroundings, 'used');
      return 'all';
    }
    if (ownUser() === 0 && isOfAnotherUser(workspace.root)) return 'reading';
    throw untrusted(workspace, doubt);
  }
  const strange = doubt ?? strangersAt(passed);
  if (strange !== undefined) throw untrusted(workspace, strange);
  if (isRemembered(workspace.root, surroundings, 'used')) return 'all';
  throw untrusted(workspace, `${workspace.root} was found above this folder, and you have not used it before`);
}

/** Notes a workspace that was made just now, so that it is found from below. */
export function trustOwn(workspace: Workspace, surroundings: Surroundings): void {
  if (strangersIn(workspace) === undefined) remember(workspace.root, surroundings, 'used');
}

/** Throws where a workspace is to be made in a folder that is not this user's alone. */
export function refuseStrangeFolder(workspace: Workspace, surroundings: Surroundings): void {
  const doubt = strangersIn(workspace);
  if (doubt === undefined || surroundings.env.OUTREACH_TRUST === '1' || isRemembered(workspace.root, surroundings, 'trusted')) return;
  throw untrusted(workspace, doubt);
}

function untrusted({ root }: Workspace, why: string): OutreachError {
  return new OutreachError('config', `this workspace is not trusted: ${why}`, {
    hint: `If its settings may send mail and read secrets in your name: ${asTyped(['outreach', 'trust', root])}`,
  });
}

export function readingOnly({ root }: Workspace): { readonly sentence: string; readonly hint: string } {
  return {
    sentence: `${root} belongs to another user, and root only reads there`,
    hint: `Run the command as that user; or, if its settings may send mail and read secrets as root: ${asTyped(['outreach', 'trust', root])}`,
  };
}

/** Who else decides over what a workspace is run by: its folder, its settings and its data; as a sentence. */
function strangersIn({ root, configFile, data }: Workspace): string | undefined {
  const folder = statSync(root, { throwIfNoEntry: false });
  if (folder === undefined) return undefined;
  const what = strangersOf(folder);
  if (what !== undefined) return `${root} ${what}`;
  // Where others cannot even enter, what lies inside is out of their reach.
  if (ownUser() !== undefined && (folder.mode & 0o011) === 0) return undefined;
  return strangersAt([configFile, data]);
}

function strangersAt(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const there = existsSync(path) ? statSync(path) : lstatSync(path, { throwIfNoEntry: false });
    const what = there === undefined ? undefined : strangersOf(there);
    if (what !== undefined) return `${path} ${what}`;
  }
  return undefined;
}

function isOfAnotherUser(root: string): boolean {
  return statSync(root).uid !== 0;
}
