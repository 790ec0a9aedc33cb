import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';
import type { OpenFiles } from './sqlite/companions.ts';
import type { SqliteConnection } from './sqlite/load.ts';

/** Units that may share one commit: enough for 20 connections, short enough for a second process. */
const LARGEST_GROUP = 64;
/** 20 connections to one SMTP server sent a fifth more with it, in pairs of rounds; eight turns were no better, a timer was slower. */
const GATHERED = { turns: 4, units: 12 };

interface Waiting {
  readonly run: (tx: Tx) => Promise<void>;
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
}

/** Transactions that share a commit, and so an fsync; what `Store.write` promises is kept here. */
export class GroupCommit {
  readonly #db: Db;
  readonly #sqlite: SqliteConnection;
  readonly #files: OpenFiles;
  readonly #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(db: Db, sqlite: SqliteConnection, files: OpenFiles) {
    this.#db = db;
    this.#sqlite = sqlite;
    this.#files = files;
  }

  write<T>(unit: (tx: Tx) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: { value: T };
      this.#waiting.push({
        run: async (tx) => {
          result = { value: await unit(tx) };
        },
        committed: () => resolve(result.value),
        failed: reject,
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#gather(1));
  }

  /** A commit waits a few turns of the loop for company, unless it has enough: it costs as much as three mails' statements. */
  #gather(turns: number): void {
    if (turns >= GATHERED.turns || this.#waiting.length >= GATHERED.units) void this.#commit();
    else setImmediate(() => this.#gather(turns + 1));
  }

  async #commit(): Promise<void> {
    const group = this.#waiting.splice(0, LARGEST_GROUP);
    try {
      const alone = await this.#together(group);
      if (alone !== undefined) await this.#apart(group, alone);
    } catch (error) {
      for (const member of group) member.failed(error);
    } finally {
      this.#scheduled = false;
      this.#schedule();
    }
  }

  /** All members in one transaction. When one throws everything is undone, and what it threw is returned. */
  async #together(group: readonly Waiting[]): Promise<{ thrown: unknown } | undefined> {
    let failure: { thrown: unknown } | undefined;
    try {
      await this.#db.transaction().execute(async (tx) => {
        for (const member of group) {
          await member.run(tx).catch((thrown: unknown) => {
            failure = { thrown };
            throw thrown;
          });
        }
        // As late as can be: until the commit nothing is written to the log.
        this.#files.refuseOthers();
      });
    } catch (error) {
      // A commit that failed is everybody's failure.
      if (failure === undefined) throw error;
      return failure;
    }
    for (const member of group) member.committed();
    return undefined;
  }

  /** Once more, each member in a savepoint of its own: one that throws undoes only itself. Rare, so that the usual group pays for no savepoints. */
  async #apart(group: readonly Waiting[], first: { thrown: unknown }): Promise<void> {
    const [only] = group;
    if (group.length === 1) return only?.failed(first.thrown);
    const done: Waiting[] = [];
    const undone: [Waiting, unknown][] = [];
    await this.#db.transaction().execute(async (tx) => {
      for (const member of group) {
        const error = await this.#inSavepoint(tx, member);
        if (error === undefined) done.push(member);
        else undone.push([member, error.thrown]);
      }
      this.#files.refuseOthers();
    });
    for (const member of done) member.committed();
    for (const [member, error] of undone) member.failed(error);
  }

  /** A failed member is undone alone, unless SQLite has already undone the whole transaction (disk full). */
  async #inSavepoint(tx: Tx, member: Waiting): Promise<{ thrown: unknown } | undefined> {
    await sql`savepoint member`.execute(tx);
    try {
      await member.run(tx);
      await sql`release member`.execute(tx);
      return undefined;
    } catch (thrown) {
      if (!this.#sqlite.inTransaction) throw thrown;
      await sql`rollback to member`.execute(tx);
      await sql`release member`.execute(tx);
      return { thrown };
    }
  }
}
