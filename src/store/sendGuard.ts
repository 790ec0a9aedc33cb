import { type BigIntStats, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { type Finding, type Identity, judge, refusal, type Seal } from '../domain/guard.ts';
import type { Store } from './database.ts';
import { type ArmCount, identityOf, stampMachine, takeOver } from './guard.ts';
import type { Tx } from './schema.ts';
import { connect } from './sqlite/load.ts';
import { drawRecord, raiseSeal, readSeal, replaceSeal } from './sqlite/sealFile.ts';

export interface GuardSettings {
  /** Folder of the user's own seals, which no copy of a workspace takes along. */
  readonly state: string;
  /** A hash; undefined where the machine has no id. */
  readonly machine: string | undefined;
  /** Told once when the seal in `state` cannot be written: the one beside the database is enough to go on. */
  warn(what: string): void;
}

/**
 * Refuses to send from a copied or restored database. What left is written to a seal beside the
 * database and to another in the user's state folder, after the commit that arms a mail and before its
 * first byte: so a seal is never ahead of its database, and never behind a mail.
 */
export class SendGuard {
  readonly #store: Store;
  readonly #settings: GuardSettings;
  readonly #opened: BigIntStats;
  readonly #record = drawRecord();
  #database = '';
  /** The highest count that waits to be written, and the writing of it. */
  #armed: ArmCount | undefined;
  #writing: Promise<void> | undefined;
  /** What is armed could not be written down. */
  #behind = false;
  #stateWorks = true;

  constructor(store: Store, settings: GuardSettings) {
    this.#store = store;
    this.#settings = settings;
    this.#opened = statSync(store.path, { bigint: true });
  }

  /** Why this database must not send; undefined when it may. Changes nothing. */
  async find(): Promise<Finding | undefined> {
    // Seals first: what another worker sends meanwhile then stands in the database, not only in its seal.
    const beside = readSeal(besideOf(this.#store.path));
    const { database } = await identityOf(this.#store.db);
    const own = this.#readState(database);
    return judge(await identityOf(this.#store.db), {
      machine: this.#settings.machine,
      seals: [beside, own].filter((seal) => seal !== undefined),
      twin: own === undefined ? undefined : twinOf(this.#store.path, own),
    });
  }

  /** Throws when this database must not send; otherwise seals it as the one that does. For the start of a worker. */
  async admit(): Promise<void> {
    await this.recheck();
    const { machine } = this.#settings;
    await this.#store.write(async (tx) => {
      const identity = await identityOf(tx);
      if (machine !== undefined && identity.machine === null) await stampMachine(tx, machine);
      this.#database = identity.database;
      this.#renew(identity);
    });
  }

  /** Throws when the file was replaced under this process, or what it holds was. For a worker, now and then. */
  async recheck(): Promise<void> {
    const there = statSync(this.#store.path, { bigint: true, throwIfNoEntry: false });
    if (there?.ino !== this.#opened.ino || there.dev !== this.#opened.dev) throw refusal(this.#store.path, { kind: 'replaced' });
    if (there.nlink > 1n)
      throw new OutreachError(
        'config',
        `nothing is sent: ${this.#store.path} has a second name, a hard link, and whoever opens it by that one does not see what leaves here`,
        {
          hint: 'Make the other one a copy of its own (cp, or outreach backup), and remove the link.',
        },
      );
    const finding = await this.find();
    if (finding !== undefined) throw refusal(this.#store.path, finding);
  }

  /** Tells both seals of an arm that is durable; the mail waits for it. Arms that shared a commit share this too. */
  seal(count: ArmCount): Promise<void> {
    if (this.#armed === undefined || count.sequence > this.#armed.sequence) this.#armed = count;
    // Whoever waited for the same commit goes on before this does.
    this.#writing ??= Promise.resolve().then(() => this.#write());
    return this.#writing;
  }

  /** Throws while the seal cannot be written: nothing is claimed then, or each mail would be begun only to be given back. */
  mend(): void {
    if (this.#behind) this.#write();
  }

  /** Makes this copy the one that sends; every other is behind it from then on. `also` shares the commit. */
  async takeOver<T>(also: (tx: Tx) => Promise<T>): Promise<T> {
    const done = await this.#store.write(async (tx) => {
      const { database, epoch } = await identityOf(tx);
      const known = [readSeal(besideOf(this.#store.path)), this.#readState(database)].filter((seal) => seal?.database === database);
      await takeOver(tx, Math.max(epoch, ...known.map((seal) => seal?.epoch ?? 0)) + 1, this.#settings.machine ?? null);
      return also(tx);
    });
    await this.#store.write(async (tx) => this.#renew(await identityOf(tx)));
    return done;
  }

  #write(): void {
    this.#writing = undefined;
    if (this.#armed === undefined) return;
    const seal = { ...this.#armed, database: this.#database, place: this.#store.path };
    this.#behind = true;
    raiseSeal(besideOf(this.#store.path), this.#record, seal);
    this.#behind = false;
    if (this.#stateWorks) this.#tryState(() => raiseSeal(this.#stateFile(seal.database), this.#record, seal));
  }

  /** Under the write lock: whatever another worker has armed by then, `identity` knows of. */
  #renew({ database, epoch, sequence }: Identity): void {
    const seal = { database, epoch, sequence, place: this.#store.path };
    const renew = (path: string) => {
      const there = readSeal(path);
      if (there?.place === seal.place && there.database === database) raiseSeal(path, this.#record, seal);
      else replaceSeal(path, seal);
    };
    renew(besideOf(this.#store.path));
    this.#tryState(() => renew(this.#stateFile(database)));
  }

  #tryState(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#stateWorks = false;
      this.#settings.warn(
        `no seal can be written to ${this.#settings.state} (${(error as Error).message}): a copy of the whole workspace would not be noticed`,
      );
    }
  }

  #readState(database: string): Seal | undefined {
    try {
      return readSeal(this.#stateFile(database));
    } catch {
      return undefined;
    }
  }

  #stateFile(database: string): string {
    return join(this.#settings.state, 'seals', `${database}.seal`);
  }
}

function besideOf(path: string): string {
  return `${path}.seal`;
}

/** Where the same database still is at the place that was sealed last: then this one is a copy of it, not moved. */
function twinOf(path: string, { place, database }: Seal): string | undefined {
  if (place === path || !existsSync(place)) return undefined;
  const [here, there] = [path, place].map((file) => statSync(file, { bigint: true }));
  if (here?.ino === there?.ino && here?.dev === there?.dev) return undefined;
  try {
    const other = connect(place, { readonly: true, fileMustExist: true });
    try {
      const [row] = other.prepare('select database_id from guard').all() as { database_id: string }[];
      return row?.database_id === database ? place : undefined;
    } finally {
      other.close();
    }
  } catch {
    // What cannot be read there sends nothing either.
    return undefined;
  }
}
