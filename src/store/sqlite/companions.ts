import { type BigIntStats, fstatSync, readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Finding, refusal } from '../../domain/guard.ts';
import { connect, type SqliteConnection } from './load.ts';

/** What changed at the places of an open database's files. */
type Change = Extract<Finding, { kind: 'files' | 'replaced' }>;

interface Noted {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * Which files a connection works with: the database, its log (-wal) and the log's index (-shm). SQLite finds
 * the last two by name, so whoever opens the database after one was removed gets another one, and neither
 * sees what the other commits (https://sqlite.org/howtocorrupt.html, section 2). Nothing here opens them:
 * closing a descriptor would drop this process's locks on the file.
 */
export class OpenFiles {
  readonly #path: string;
  readonly #database: Noted | undefined;
  #log: Noted | undefined;
  #index: Noted | undefined;

  /** Before SQLite opens it: a database that is replaced in between then counts as another one. */
  constructor(path: string) {
    this.#path = path;
    this.#database = noted(path);
  }

  /** After SQLite has opened the others, which it does for the first statement that reads. */
  noteCompanions(): void {
    this.#log = noted(`${this.#path}-wal`);
    this.#index = noted(`${this.#path}-shm`);
  }

  /**
   * What stands no longer where it was opened. `gone`: nobody else has committed anything since, so what this
   * process holds is the truth, and closing puts it into the database. `other`: somebody works with other files.
   */
  change(): Change | undefined {
    const database = compare(this.#database);
    if (database === 'gone') return tell(this.#path, 'gone');
    if (database !== 'same') return { kind: 'replaced' };
    const log = compare(this.#log);
    const index = compare(this.#index);
    if (log === 'same' && index === 'same') return undefined;
    // Whoever opened the database since has an index of its own, or this one with another log. While that log is empty, nothing was committed.
    const used = log === 'other' || (log !== 'empty' && index !== 'same' && index !== 'gone');
    return tell(`${this.#path}${log === 'same' ? '-shm' : '-wal'}`, used ? 'other' : 'gone');
  }

  /** Throws when somebody works with other files: a commit into the ones that are open here would damage theirs. */
  refuseOthers(): void {
    const change = this.change();
    if (change !== undefined && !isGone(change)) throw refusal(this.#path, change);
  }

  /**
   * Closes the connection. The last one to close a database copies its log into it and deletes the log: where
   * somebody works with other files, an old one into theirs, and theirs (measured: their commits were lost).
   * It does neither while another connection of the process has the database open, and one that only reads
   * never does. A database that was replaced itself is left alone by SQLite (SQLITE_FCNTL_HAS_MOVED).
   */
  async close(close: () => Promise<void>): Promise<void> {
    const change = this.change();
    const reader = change?.kind === 'files' && !isGone(change) ? readerOf(this.#path) : undefined;
    await close();
    reader?.close();
  }

  /** A file that this process never opened, because it was replaced before it was noted. Only Linux can tell. */
  unopened(): Change | undefined {
    const open = openFiles();
    const missed = [this.#database, this.#log, this.#index].find((file) => file !== undefined && open?.has(keyOf(file)) === false);
    return missed === undefined ? undefined : tell(missed.path, 'other');
  }
}

function tell(path: string, how: 'gone' | 'other'): Change {
  return { kind: 'files', file: basename(path), how };
}

function isGone(change: Change): boolean {
  return change.kind === 'files' && change.how === 'gone';
}

function readerOf(path: string): SqliteConnection | undefined {
  try {
    const reader = connect(path, { readonly: true, fileMustExist: true, timeout: 0 });
    try {
      reader.prepare('select 1 from sqlite_master limit 1').all();
    } catch {
      // Its lock is what counts, not what it reads.
    }
    return reader;
  } catch {
    return undefined;
  }
}

function noted(path: string): Noted | undefined {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  return there === undefined ? undefined : { path, dev: there.dev, ino: there.ino };
}

function compare(file: Noted | undefined): 'same' | 'gone' | 'empty' | 'other' {
  if (file === undefined) return 'same';
  const there = statSync(file.path, { bigint: true, throwIfNoEntry: false });
  if (there === undefined) return 'gone';
  if (keyOf(there) === keyOf(file)) return 'same';
  return there.size === 0n ? 'empty' : 'other';
}

function openFiles(): ReadonlySet<string> | undefined {
  try {
    const keys = readdirSync('/proc/self/fd').map((descriptor) => {
      try {
        return keyOf(fstatSync(Number(descriptor), { bigint: true }));
      } catch {
        // The one that read the list is closed by now.
        return '';
      }
    });
    return new Set(keys);
  } catch {
    return undefined;
  }
}

function keyOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string {
  return `${dev}.${ino}`;
}
