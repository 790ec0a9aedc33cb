import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteQueryCompiler,
} from 'kysely';
import type { SqliteConnection, SqliteStatement } from './load.ts';
import type { Patience } from './patience.ts';

/**
 * Kysely on one better-sqlite3 connection. It differs from the dialect that ships with Kysely in
 * two measured points: statements are prepared once (a lookup costs less than the statement), and
 * transactions begin IMMEDIATE (a deferred one that turns into a writer meets SQLITE_BUSY with
 * several processes). So other programs are met, and waited for, at the beginning of a transaction
 * or at a statement outside of one, where nothing is done yet.
 */
export function sqliteDialect(sqlite: SqliteConnection, patience: Pick<Patience, 'until'>): Dialect {
  return {
    createDriver: () => new SqliteDriver(sqlite, patience),
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: () => {
      throw new Error('the schema is known: nothing here looks it up');
    },
  };
}

class SqliteDriver implements Driver {
  readonly #sqlite: SqliteConnection;
  readonly #patience: Pick<Patience, 'until'>;
  readonly #connection: CachingConnection;
  #turn: Promise<void> = Promise.resolve();
  #endTurn: (() => void) | undefined;

  constructor(sqlite: SqliteConnection, patience: Pick<Patience, 'until'>) {
    this.#sqlite = sqlite;
    this.#patience = patience;
    this.#connection = new CachingConnection(sqlite, patience);
  }

  async init(): Promise<void> {}

  /** One connection, so one user at a time: a read never falls into somebody's transaction. */
  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    let end: () => void = () => {};
    this.#turn = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    this.#endTurn = end;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#endTurn?.();
  }

  async beginTransaction(): Promise<void> {
    await this.#patience.until(() => this.#sqlite.exec('begin immediate'));
  }

  async commitTransaction(): Promise<void> {
    this.#sqlite.exec('commit');
  }

  async rollbackTransaction(): Promise<void> {
    // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
    if (this.#sqlite.inTransaction) this.#sqlite.exec('rollback');
  }

  async destroy(): Promise<void> {
    this.#sqlite.close();
  }
}

class CachingConnection implements DatabaseConnection {
  readonly #sqlite: SqliteConnection;
  readonly #patience: Pick<Patience, 'until'>;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(sqlite: SqliteConnection, patience: Pick<Patience, 'until'>) {
    this.#sqlite = sqlite;
    this.#patience = patience;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#sqlite.inTransaction ? this.#run(query) : this.#patience.until(() => this.#run(query));
  }

  #run<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    const statement = this.#prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters) as Row[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for (const row of this.#sqlite.prepare(sql).iterate(...parameters)) yield { rows: [row as Row] };
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql);
      // Statements with lists of varying length would otherwise pile up.
      if (this.#statements.size < 500) this.#statements.set(sql, statement);
    }
    return statement;
  }
}
