import { closeSync, createReadStream, fsyncSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { domainToUnicode } from 'node:url';
import { openCsv } from '../csv/readRows.ts';
import { csvLine } from '../csv/rejects.ts';
import { openAside } from '../files/ownFiles.ts';
import type { App } from './app.ts';

/** What stands of a person outside the database, in files that the program wrote. Paths are absolute. */
export interface PersonFiles {
  /** Rejects with rows of theirs. */
  readonly rejects: readonly string[];
  /** Mails of the outbox sender. */
  readonly mails: readonly string[];
  /** What a killed import left of a standard input. */
  readonly spools: readonly string[];
  /** Copies of the database from before updates of the program: of everybody, whatever is in them. */
  readonly copies: readonly string[];
}

/** `key` is the address in lower case. */
export async function personFiles({ workspace, config }: App, key: string): Promise<PersonFiles> {
  const copyName = `${basename(config.database)}.before-`;
  return {
    rejects: await mentioning(filesIn(workspace.rejects), key),
    mails: await mentioning(filesIn(workspace.outbox), key),
    spools: await mentioning(filesIn(join(workspace.data, 'imports')), key),
    copies: filesIn(dirname(config.database)).filter((path) => basename(path).startsWith(copyName)),
  };
}

/** Deletes what is theirs alone and takes their rows out of the rejects; returns how many rows went. */
export async function erasePersonFiles({ rejects, mails, spools, copies }: PersonFiles, key: string): Promise<number> {
  for (const path of [...mails, ...spools, ...copies]) rmSync(path, { force: true });
  let rows = 0;
  for (const path of rejects) rows += await withoutRows(path, key);
  return rows;
}

/** The rows of rejects files that name this address. */
export async function rejectedRows(paths: readonly string[], key: string): Promise<{ file: string; row: Record<string, string> }[]> {
  const found: { file: string; row: Record<string, string> }[] = [];
  for (const path of paths) {
    const file = await openRejects(path);
    for await (const { cells } of file.rows()) {
      if (names(cells, key))
        found.push({ file: path, row: Object.fromEntries(file.header.map((name, index) => [name, cells[index] ?? ''])) });
    }
  }
  return found;
}

/** The file anew, whole or not at all: written aside, synced, and renamed over the old one. */
async function withoutRows(path: string, key: string): Promise<number> {
  const file = await openRejects(path);
  let gone = 0;
  let kept = 0;
  const { aside, descriptor } = openAside(path);
  try {
    try {
      writeFileSync(descriptor, `\ufeff${csvLine(file.header, file.delimiter)}`);
      for await (const { cells } of file.rows()) {
        if (names(cells, key)) {
          gone++;
          continue;
        }
        kept++;
        writeFileSync(descriptor, csvLine(cells, file.delimiter));
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (kept === 0) rmSync(path, { force: true });
    else renameSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
  return gone;
}

function openRejects(path: string) {
  return openCsv(path, basename(path), { delimiter: undefined, encoding: 'utf-8' });
}

function names(cells: readonly string[], key: string): boolean {
  const theirs = whole(spellings(key));
  return cells.some((cell) => theirs.test(`\n${cell.toLowerCase()}`));
}

/**
 * These addresses, but not inside others: `ana@x.example` stands in `diana@x.example` and in `ana@x.example.org`, who
 * are somebody else. A text begins with a line break here. `=3D` is quoted-printable for what stands before an address in a link.
 */
function whole(addresses: readonly string[]): RegExp {
  const any = addresses.map((address) => address.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
  return new RegExp(`(?<=[^\\w.+%-]|=3d)(?:${any})(?![\\w-]|\\.\\w)`);
}

/** A file may have a domain as it is read, `bücher.example`, where the key has it in ASCII. */
function spellings(key: string): string[] {
  const at = key.indexOf('@') + 1;
  return [...new Set([key, key.slice(0, at) + domainToUnicode(key.slice(at))])];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(folder, entry.name)] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Bytes are compared, each as a letter; the end of each piece is looked at again with the next one. */
async function mentioning(paths: readonly string[], key: string): Promise<string[]> {
  const found: string[] = [];
  const theirs = whole(spellings(key).map((spelling) => Buffer.from(spelling).toString('latin1').toLowerCase()));
  for (const path of paths) {
    let text = '\n';
    let isTheirs = false;
    for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
      text = text.slice(-2 * key.length - 4) + (chunk as string).toLowerCase();
      // What follows an address at the very end comes with the next piece.
      const match = theirs.exec(text);
      isTheirs = match !== null && match.index + match[0].length + 2 <= text.length;
      if (isTheirs) break;
    }
    if (isTheirs || theirs.test(text)) found.push(path);
  }
  return found;
}
