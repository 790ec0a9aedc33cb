import { type Compilable, type CompiledQuery, type QueryResult, type RawBuilder, sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * Statements of the paths that run for every mail. Kysely builds and compiles each one once a
 * dialect; afterwards only its values are filled in. Building cost 20 µs a statement, a mail of
 * 21 statements half of its time (measured).
 */

/** Names the places of a statement that a value is filled into. */
export type Blanks<Values> = <Name extends keyof Values & string>(name: Name) => RawBuilder<Values[Name]>;

/** Runs a statement with these values. */
export type Run<Values, Row> = (db: Db, values: Values) => Promise<QueryResult<Row>>;

class Blank {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** `build` may depend on nothing but its parameters: it is called once, and its statement stays. */
export function statement<Values extends object, Row>(build: (db: Db, blank: Blanks<Values>) => Compilable<Row>): Run<Values, Row> {
  // Transactions share their database's adapter, which is what the compiled text depends on.
  const prepared = new WeakMap<object, CompiledQuery<Row>>();
  return (db, values) => {
    const { adapter } = db.getExecutor();
    let query = prepared.get(adapter);
    if (query === undefined) {
      query = build(db, (name) => sql`${new Blank(name)}`).compile();
      prepared.set(adapter, query);
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Blank ? (values as Record<string, unknown>)[parameter.name] : parameter,
    );
    return db.executeQuery({ ...query, parameters });
  };
}

/** Whether a statement changed any row. */
export function changed({ numAffectedRows }: QueryResult<unknown>): boolean {
  return (numAffectedRows ?? 0n) > 0n;
}
