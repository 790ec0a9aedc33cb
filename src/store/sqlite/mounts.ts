import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OutreachError } from '../../domain/errors.ts';

/** What SQLite and the guard keep beside a database, under its name. */
const BESIDE = ['', '-wal', '-shm', '.seal', '.locks'] as const;

/**
 * Throws where a database, or what stands beside it, is a mount point of its own, as with a file that was
 * mounted alone into a container. Whoever opens the same database by another path has other files beside
 * it, sees none of the commits made here, and sends the same mails. `path` has no symbolic link in it.
 */
export function refuseMounts(path: string): void {
  const files = BESIDE.map((suffix) => `${path}${suffix}`);
  const table = mountTable();
  const mounted = table === undefined ? files.find(isOnOtherDevice) : mountedIn(table, path, files);
  if (mounted === undefined) return;
  throw new OutreachError(
    'config',
    `${mounted} is mounted by itself: whoever uses this database by its other path has other files beside it, and both would send the same mails`,
    { hint: 'Mount the folder that holds the database instead of its file.' },
  );
}

/** Undefined where there is no such table: not Linux, or nothing may read it. */
function mountTable(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return undefined;
  }
}

/** Of each line the fifth field is the mount point (man 5 proc_pid_mountinfo). */
function mountedIn(table: string, path: string, files: readonly string[]): string | undefined {
  // Most tables need not be taken apart: some machines have a thousand mounts, and every command comes by here.
  if (/^[\w./-]+$/.test(path) && !table.includes(path)) return undefined;
  const places = new Set(table.split('\n').map((line) => decoded(line.split(' ', 5)[4] ?? '')));
  return files.find((file) => places.has(file));
}

/** A blank, a tab, a line's end and a backslash stand there as three octal digits. */
function decoded(field: string): string {
  return field.includes('\\')
    ? field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : field;
}

/**
 * Where no table tells. A mount from the same disk is not seen by it. Beside the table it would only do harm:
 * an overlay may give a file another device than its folder (kernel's overlayfs.rst, "Inode properties").
 */
function isOnOtherDevice(file: string): boolean {
  const there = statSync(file, { throwIfNoEntry: false });
  return there !== undefined && there.dev !== statSync(dirname(file)).dev;
}
