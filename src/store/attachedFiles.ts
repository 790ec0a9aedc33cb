import { sha256Of } from '../domain/attachment.ts';
import type { Db, Tx } from './schema.ts';

/** What mails attach, kept once each, whatever the number of mails. */

interface Named {
  readonly sha256: string;
}

export async function saveFiles(tx: Tx, files: readonly (Named & { readonly content: Buffer })[], now: number): Promise<void> {
  const kept = new Set(await keptOf(tx, files));
  for (const { sha256, content } of files) {
    // Looked up first: binding the content for nothing cost a copy of it for every mail.
    if (kept.has(sha256)) continue;
    kept.add(sha256);
    await tx.insertInto('attached_files').values({ sha256, content, created_at: now }).execute();
  }
}

export async function readFiles(db: Db, files: readonly Named[]): Promise<ReadonlyMap<string, Buffer>> {
  const rows = await db.selectFrom('attached_files').select(['sha256', 'content']).where('sha256', 'in', namesOf(files)).execute();
  return new Map(rows.map(({ sha256, content }) => [sha256, content]));
}

/** Deletes those of `files` whose content is not what their name says. */
export async function dropBrokenFiles(tx: Tx, files: readonly Named[]): Promise<void> {
  for (const [sha256, content] of await readFiles(tx, files)) {
    if (sha256Of(content) !== sha256) await tx.deleteFrom('attached_files').where('sha256', '=', sha256).execute();
  }
}

async function keptOf(tx: Tx, files: readonly Named[]): Promise<string[]> {
  const rows = await tx.selectFrom('attached_files').select('sha256').where('sha256', 'in', namesOf(files)).execute();
  return rows.map(({ sha256 }) => sha256);
}

function namesOf(files: readonly Named[]): string[] {
  return files.map(({ sha256 }) => sha256);
}
