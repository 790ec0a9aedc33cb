import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { connect } from './load.ts';
import { isAlive } from './lock.ts';

/** Who holds a database, as far as anybody can tell. */
export type Holder =
  | { readonly kind: 'other'; readonly program: string; readonly pid: number }
  /** One of ours lets go by itself. `since`: when a worker began (epoch ms). */
  | { readonly kind: 'ours'; readonly program: string; readonly pid: number; readonly since: number | undefined }
  /** One of these, perhaps one after the other. */
  | { readonly kind: 'workers'; readonly pids: readonly number[] }
  | { readonly kind: 'unknown' };

/** The byte of the -shm file that a writer locks (https://sqlite.org/walformat.html#locks), and the first that locks a whole database. */
const WRITE_LOCK = 120;
const PENDING_BYTE = 0x40000000;

/** Never throws: it is asked when something has failed already. */
export function holderOf(given: string): Holder {
  try {
    // Beside the file itself, not beside a link to it, stands what is locked.
    const path = realpathSync(given);
    const workers = runningWorkers(path);
    const pid = lockingPid(path);
    const worker = workers.find((known) => known.pid === pid);
    if (worker !== undefined) return { kind: 'ours', program: 'outreach worker', ...worker };
    if (pid !== undefined) return { pid, ...programOf(pid) };
    const pids = workers.map((known) => known.pid).filter((known) => known !== process.pid);
    return pids.length === 0 ? { kind: 'unknown' } : { kind: 'workers', pids };
  } catch {
    return { kind: 'unknown' };
  }
}

export function describeHolder(holder: Holder): string {
  switch (holder.kind) {
    case 'unknown':
      return 'another program holds the database';
    case 'other':
      return `another program holds the database: ${holder.program} (pid ${holder.pid})`;
    case 'workers':
      return `the database is held by outreach workers (pid ${holder.pids.join(', ')})`;
    case 'ours': {
      const since = holder.since === undefined ? '' : ` since ${new Date(holder.since).toISOString()}`;
      return `the database is held by ${holder.program} (pid ${holder.pid}, running${since})`;
    }
  }
}

/** Linux lists every lock with its owner and its file. */
function lockingPid(path: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [log, whole] = [`${path}-shm`, path].map((file) => statSync(file, { throwIfNoEntry: false })?.ino.toString());
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    // 1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 120 120
    const [, , , kind, pid, file, from, to] = line.split(/\s+/);
    if (kind !== 'WRITE' || Number(pid) <= 0 || Number(pid) === process.pid) continue;
    const ino = file?.split(':')[2];
    const end = to === 'EOF' ? Infinity : Number(to);
    const writes = ino === log && Number(from) <= WRITE_LOCK && WRITE_LOCK <= end;
    if (writes || (ino === whole && end >= PENDING_BYTE)) return Number(pid);
  }
  return undefined;
}

/** Of another program its name; of ours the command, too. */
function programOf(pid: number): { kind: 'other'; program: string } | { kind: 'ours'; program: string; since: undefined } {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const ours = words.findIndex((word) => /^outreach(\.m?js)?$/.test(basename(word)));
  if (ours === -1) return { kind: 'other', program: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
  return { kind: 'ours', program: `outreach ${words[ours + 1] ?? ''}`.trim(), since: undefined };
}

/** A writer does not keep readers out. */
function runningWorkers(path: string): { pid: number; since: number }[] {
  const db = connect(path, { readonly: true, fileMustExist: true, timeout: 50 });
  try {
    const rows = db.prepare('select id, pid, started_at as since from workers where stopped_at is null').all();
    return (rows as { id: string; pid: number; since: number }[]).filter(({ id }) => isAlive(`${path}.locks`, id));
  } finally {
    db.close();
  }
}
