import { OutreachError } from '../domain/errors.ts';

const TROUBLES: readonly [prefix: string, what: string, hint: string][] = [
  ['SQLITE_FULL', 'the disk is full', 'Free some space; nothing is lost.'],
  ['SQLITE_BUSY', 'another program holds the database', 'Close it; nothing is lost.'],
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
  ['EACCES', 'a file or folder may not be read or written', 'Check its permissions.'],
  ['SQLITE_NOTADB', 'the file is not a database', 'Set "database" in outreach.yaml to another path.'],
];

/** Trouble with the disk or another program, as a sentence; undefined for everything else. */
export function storageError(error: unknown, path?: string): OutreachError | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return undefined;
  const trouble = TROUBLES.find(([prefix]) => code.startsWith(prefix));
  if (trouble === undefined) return undefined;
  return new OutreachError('environment', `${trouble[1]}${path === undefined ? '' : ` (${path})`}`, { hint: trouble[2], cause: error });
}
