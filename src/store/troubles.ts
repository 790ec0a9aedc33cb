import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { describeHolder } from './sqlite/holder.ts';
import { isBusy } from './sqlite/load.ts';
import type { Waited } from './sqlite/patience.ts';

const TROUBLES: readonly [prefix: string, what: string, hint: string][] = [
  ['SQLITE_FULL', 'the disk is full', 'Free some space; nothing is lost.'],
  [
    'SQLITE_READONLY',
    'the database cannot be written to',
    'Check the permissions of the file and its folder, and that the disk is not read-only.',
  ],
  [
    'SQLITE_CANTOPEN',
    'the database cannot be opened',
    'Check the permissions of the file and its folder, and that the disk is not read-only.',
  ],
  ['SQLITE_IOERR', 'the disk reports an error', 'Check that the disk works and is not full; nothing is sent meanwhile.'],
  ['SQLITE_CORRUPT', 'the database file is damaged', 'Restore a backup of it.'],
  ['ENOSPC', 'the disk is full', 'Free some space; nothing is lost.'],
  ['EROFS', 'the disk is read-only', 'Make it writable again.'],
  ['EISDIR', 'a folder stands where a file should be', 'Move it away.'],
  ['EACCES', 'a file or folder may not be read or written', 'Check its permissions.'],
  ['SQLITE_NOTADB', 'the file is not a database', 'Set "database" in outreach.yaml to another path.'],
];

/** Trouble with the disk or another program, as a sentence; undefined for everything else. */
export function storageError(error: unknown, path?: string): OutreachError | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return undefined;
  if (isBusy(error)) return held(error as Partial<Waited>, path);
  const trouble = TROUBLES.find(([prefix]) => code.startsWith(prefix));
  if (trouble === undefined) return undefined;
  if (code.startsWith('SQLITE_IOERR') && path !== undefined && hasLostItsLog(path)) {
    return new OutreachError(
      'environment',
      `${basename(path)} has lost its file ${basename(path)}-wal, which a program still has open (${path})`,
      {
        hint: 'End every outreach worker of this workspace, then try again; remove or replace nothing beside a database while one runs.',
        cause: error,
      },
    );
  }
  return new OutreachError('environment', `${trouble[1]}${path === undefined ? '' : ` (${path})`}`, { hint: trouble[2], cause: error });
}

/** The index of a write-ahead log stands there without the log, or with the empty one that was made for whoever looked for it. */
function hasLostItsLog(path: string): boolean {
  return existsSync(`${path}-shm`) && (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** Only who holds it can be closed; our own let go by themselves. */
function held(error: Partial<Waited>, path: string | undefined): OutreachError {
  const { holder = { kind: 'unknown' }, waitedMs = 0 } = error;
  const ours = holder.kind === 'ours' || holder.kind === 'workers';
  const waited = waitedMs < 1_000 ? '' : `, and let nobody write for ${Math.round(waitedMs / 1_000)} s`;
  return new OutreachError('environment', `${describeHolder(holder)}${path === undefined ? '' : ` (${path})`}${waited}`, {
    hint: ours ? 'Nothing is lost. Try again; outreach status tells which workers run.' : 'Close it; nothing is lost.',
    cause: error,
  });
}
