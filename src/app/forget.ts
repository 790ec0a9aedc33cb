import { basename } from 'node:path';
import { workspaceKey } from '../config/workspaceKey.ts';
import { OutreachError } from '../domain/errors.ts';
import { forgetPerson } from '../pipeline/forgetPerson.ts';
import type { Store } from '../store/database.ts';
import { type Erased, openImports } from '../store/people.ts';
import { anyForgotten } from '../store/suppressions.ts';
import type { App } from './app.ts';
import { refusalOf } from './guard.ts';
import { forgottenHash } from './people.ts';
import { erasePersonFiles, personFiles } from './personFiles.ts';

export interface ForgottenPerson extends Erased {
  readonly rejected_rows: number;
  readonly outbox_mails: number;
  /** Copies of the database from before updates, and what killed imports left. */
  readonly other_files: number;
  /** False while another program's reading keeps old pages in the write-ahead log. */
  readonly scrubbed: boolean;
}

/** Every copy of a person that the program has; only a keyed hash stays. May be repeated: what a killed run left, the next one finds. */
export async function forget(app: App, store: Store, key: string, env: NodeJS.ProcessEnv): Promise<ForgottenPerson> {
  const files = await personFiles(app, key);
  await refuseBeforeReconcile(store, files.copies, env);
  await refuseOpenImport(store, files.rejects);
  // The first person to be forgotten may find no key yet; of the next ones it must be the same.
  if (!(await anyForgotten(store.db))) workspaceKey(app.workspace);
  const erased = await forgetPerson({ store, now: () => Date.now(), forgottenKey: forgottenHash(app.workspace) }, key);
  const rejected_rows = await erasePersonFiles(files, key);
  const scrubbed = store.scrub();
  return { ...erased, rejected_rows, outbox_mails: files.mails.length, other_files: files.copies.length + files.spools.length, scrubbed };
}

/** Copies go whole. The one from before a restore is the only record of what left since the backup, until a person has said how to go on. */
async function refuseBeforeReconcile(store: Store, copies: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const newer = copies.find((path) => basename(path).includes('.before-restore-'));
  if (newer === undefined || (await refusalOf(store, env)) === null) return;
  throw new OutreachError('refused', `${newer} holds them too and would be deleted, and it alone knows what was sent since the backup`, {
    hint: 'Say first how to go on after the restore: outreach reconcile    and then forget again.',
  });
}

/** An import that goes on knows how long its rejects file is. */
async function refuseOpenImport({ db }: Store, rejects: readonly string[]): Promise<void> {
  const open = (await openImports(db)).find(({ rejects_path }) => rejects.includes(rejects_path));
  if (open === undefined) return;
  throw new OutreachError('refused', `job ${open.job_id} is half imported, and has a row of theirs among its rejects`, {
    hint: `Continue it with its own command, or drop it: outreach cancel ${open.job_id}    and then forget again.`,
  });
}
