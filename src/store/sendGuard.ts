import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { type Arm, type Finding, type Identity, judge, refusal, type Seal } from '../domain/guard.ts';
import type { Store } from './database.ts';
import { hasStranger, identityOf, stampMachine, takeOver } from './guard.ts';
import type { Tx } from './schema.ts';
import { connect } from './sqlite/load.ts';
import { type Note, readSeal, SealWriter } from './sqlite/sealFile.ts';

export interface GuardSettings {
  /** Folder of the user's own seals, which no copy of a workspace takes along. */
  readonly state: string;
  /** A hash; undefined where the machine has no id. */
  readonly machine: string | undefined;
  /** Told once when the seal in `state` cannot be written: the one beside the database is enough to go on. */
  warn(what: string): void;
}

/**
 * Refuses to send from a copied or restored database, and from one that is not the only one of its name. What
 * left is written to a seal beside the database and to another in the user's state folder, after the commit that
 * arms a mail and before its first byte: so a seal is never ahead of its database, and never behind a mail.
 */
export class SendGuard {
  readonly #store: Store;
  readonly #settings: GuardSettings;
  readonly #beside: SealWriter;
  #database = '';
  /** The seal in the state folder, which is named after the database. */
  #own: SealWriter | undefined;
  /** The highest arm that waits to be written down, and the writing of it. */
  #armed: Arm | undefined;
  #writing: Promise<void> | undefined;
  /** What other writers noted, until it is judged: no mail leaves before that. */
  #heard: readonly Note[] = [];
  /** What is armed could not be written down. */
  #behind = false;
  #stateWorks = true;
  /** Once there is a reason no mail leaves any more, whatever is found later. */
  #refusal: OutreachError | undefined;

  constructor(store: Store, settings: GuardSettings) {
    this.#store = store;
    this.#settings = settings;
    this.#beside = new SealWriter(besideOf(store.path));
  }

  /** Why this database must not send; undefined when it may. Changes nothing. */
  async find(): Promise<Finding | undefined> {
    const change = this.#store.files.change();
    if (change !== undefined) return change;
    // Seals first: what another worker sends meanwhile then stands in the database, not only in its seal.
    const beside = readSeal(besideOf(this.#store.path));
    const { database } = await identityOf(this.#store.db);
    const own = this.#readState(database);
    const seals = [beside, own].filter((seal) => seal !== undefined);
    const identity = await identityOf(this.#store.db);
    return judge(identity, {
      machine: this.#settings.machine,
      seals,
      twin: own === undefined ? undefined : twinOf(this.#store.path, own),
      stranger: await hasStranger(this.#store.db, armsOf(identity, seals)),
    });
  }

  /** Throws when this database must not send; otherwise seals it as the one that does. For the start of a worker. */
  async admit(): Promise<void> {
    const unopened = this.#store.files.unopened();
    if (unopened !== undefined) throw refusal(this.#store.path, unopened);
    await this.recheck();
    const { machine } = this.#settings;
    await this.#store.write(async (tx) => {
      const identity = await identityOf(tx);
      if (machine !== undefined && identity.machine === null) await stampMachine(tx, machine);
      this.#database = identity.database;
      this.#renew(identity);
    });
  }

  /** Throws when the files were replaced under this process, or what they hold was. For a worker, now and then. */
  async recheck(): Promise<void> {
    const there = statSync(this.#store.path, { throwIfNoEntry: false });
    if (there !== undefined && there.nlink > 1)
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

  /**
   * Tells both seals of an arm that is durable, and looks whether the database is still the only one that sends;
   * the mail waits for it, and does not leave when it throws. Arms that shared a commit share this too.
   */
  seal(arm: Arm): Promise<void> {
    if (this.#armed === undefined || arm.sequence > this.#armed.sequence) this.#armed = arm;
    // Whoever waited for the same commit goes on before this does.
    this.#writing ??= Promise.resolve().then(() => {
      this.#writing = undefined;
      return this.#write();
    });
    return this.#writing;
  }

  /** Throws while the seal cannot be written, or once it must not be: nothing is claimed then, or each mail would be begun only to be given back. */
  mend(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#behind) this.#raise();
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

  async #write(): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal;
    const change = this.#store.files.change();
    if (change === undefined) this.#raise();
    const notes = this.#heard;
    const finding = change ?? (await this.#judgeOthers(notes));
    if (finding !== undefined) {
      this.#refusal ??= refusal(this.#store.path, finding);
      throw this.#refusal;
    }
    this.#heard = this.#heard.filter((note) => !notes.includes(note));
  }

  /** Writes what is armed to both seals, and hears what other writers have noted since the last time. */
  #raise(): void {
    if (this.#armed === undefined) return;
    const { epoch, sequence } = this.#armed;
    const note = { database: this.#database, epoch, sequence, arm: this.#armed };
    const raise = (seal: SealWriter | undefined) => {
      const others = seal?.raise(note, this.#store.path) ?? [];
      if (others.length > 0) this.#heard = [...this.#heard, ...others];
    };
    this.#behind = true;
    raise(this.#beside);
    this.#behind = false;
    if (this.#stateWorks) this.#tryState(() => raise(this.#own));
  }

  /** Every arm is committed before it is noted, so a note of this database that it does not know is another view's. */
  async #judgeOthers(notes: readonly Note[]): Promise<Finding | undefined> {
    const own = notes.filter(({ database }) => database === this.#database);
    if (own.length === 0) return undefined;
    const { epoch, sequence } = await identityOf(this.#store.db);
    const ahead = own.some((note) => note.epoch > epoch || (note.epoch === epoch && note.sequence > sequence));
    const arms = own.flatMap(({ arm }) => (arm?.epoch === epoch ? [arm] : []));
    return ahead || (await hasStranger(this.#store.db, arms)) ? { kind: 'split' } : undefined;
  }

  /** Under the write lock: whatever another worker has armed by then, `identity` knows of. */
  #renew({ database, epoch, sequence }: Identity): void {
    const note = { database, epoch, sequence, arm: undefined };
    this.#beside.renew(note, this.#store.path);
    this.#own ??= new SealWriter(this.#stateFile(database));
    this.#tryState(() => this.#own?.renew(note, this.#store.path));
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

/** What the seals tell of single arms, for as long as this database has not been taken over. */
function armsOf({ database, epoch }: Identity, seals: readonly Seal[]): Arm[] {
  return seals.flatMap((seal) => (seal.database === database ? seal.arms.filter((arm) => arm.epoch === epoch) : []));
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
