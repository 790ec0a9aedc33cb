import type { Socket } from 'node:net';
import { ReplyReader, type SmtpReply } from './smtpReplies.ts';

/** What a server offers in its reply to EHLO. */
export interface Offers {
  readonly pipelining: boolean;
  readonly smtpUtf8: boolean;
  readonly size: boolean;
  /** Largest mail that it takes, in bytes; 0 where it names none (RFC 1870). */
  readonly mostBytes: number;
}

/** The server said what answers no command: from here on nobody can tell which of its replies answers which. */
export class OutOfStep extends Error {
  /** The complete reply that nobody asked for, where it was one. */
  readonly reply: SmtpReply | undefined;
  /** nodemailer's word for it. */
  readonly code = 'EPROTOCOL';

  constructor(message: string, reply?: SmtpReply) {
    super(message);
    this.reply = reply;
  }
}

/** Holds replies against commands: one for each, none before it. A server's greeting counts as asked for. */
export class AskedReplies {
  readonly #reader = new ReplyReader();
  #awaited = 1;

  get allIn(): boolean {
    return this.#awaited === 0 && !this.#reader.unfinished;
  }

  ask(replies: number): void {
    this.#awaited += replies;
  }

  /** The answers in these bytes, and what else is in them. */
  take(chunk: Buffer): { readonly answers: readonly SmtpReply[]; readonly stray: OutOfStep | undefined } {
    const { replies, malformed } = this.#reader.read(chunk);
    const answers = replies.splice(0, this.#awaited);
    this.#awaited -= answers.length;
    const [surplus] = replies;
    if (surplus !== undefined)
      return { answers, stray: new OutOfStep(`the server sent a reply that nobody asked for: ${surplus.text}`, surplus) };
    if (malformed !== undefined) return { answers, stray: new OutOfStep(`what the server sent is no reply: ${malformed}`) };
    const early = this.#awaited === 0 && this.#reader.unfinished;
    return { answers, stray: early ? new OutOfStep('the server began a reply that nobody asked for') : undefined };
  }
}

/** What nodemailer keeps of a connection that it has opened: its time limits, its listeners and how it ends. */
export interface Keeper {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  close(): void;
}

/** Lets sockets deliver what has arrived by now: two turns of the loop, because the first may end without a look at them. */
export async function readArrived(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const GOODBYE_LIMIT = 1_000;

/** A connection that is greeted, encrypted and logged in. Whatever arrives unasked closes it. */
export class SmtpWire {
  readonly offers: Offers;
  /** It has carried a mail that was accepted, so the server may have closed it meanwhile, or had enough of it. */
  reused = false;
  idleTimer: NodeJS.Timeout | undefined;
  /** What ended the connection. */
  broken: Error | undefined;
  readonly #socket: Socket;
  readonly #keeper: Keeper;
  readonly #replies: AskedReplies;
  readonly #inbox: SmtpReply[] = [];
  #wake: (() => void) | undefined;
  #leaving = false;

  constructor(socket: Socket, keeper: Keeper, replies: AskedReplies, offers: Offers) {
    this.#socket = socket;
    this.#keeper = keeper;
    this.#replies = replies;
    this.offers = offers;
    keeper.on('error', (error) => this.#break(error));
    keeper.on('end', () => this.#break(new Error('the connection was closed')));
  }

  receive(chunk: Buffer): void {
    if (this.#leaving) this.cut();
    if (this.broken !== undefined) return;
    const { answers, stray } = this.#replies.take(chunk);
    this.#inbox.push(...answers);
    if (stray !== undefined) this.#break(stray);
    else this.#wake?.();
  }

  /** Writes at once, and asks for so many replies. */
  write(bytes: string | Buffer, asks: number): void {
    if (this.broken !== undefined) throw this.broken;
    this.#replies.ask(asks);
    this.#socket.write(bytes);
  }

  /** Writes at once, with no reply to come; resolves when the system has taken all of it. */
  writeWhole(bytes: Buffer): Promise<void> {
    if (this.broken !== undefined) return Promise.reject(this.broken);
    let written = false;
    this.#socket.write(bytes, () => {
      written = true;
      this.#wake?.();
    });
    return this.#until(() => (this.broken === undefined && written ? true : undefined)).then(() => {});
  }

  /** The next reply; what has arrived before the connection ended is still read. */
  next(): Promise<SmtpReply> {
    return this.#until(() => this.#inbox.shift());
  }

  /** Rejects as soon as the connection ends. */
  async during<T>(work: Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    work.then(
      (value) => {
        outcome = { value };
        this.#wake?.();
      },
      (error: unknown) => {
        outcome = { error };
        this.#wake?.();
      },
    );
    const done = await this.#until(() => outcome);
    if ('error' in done) throw done.error;
    return done.value;
  }

  /** Ends the connection at once: nothing more is written, not even a final dot or QUIT. */
  cut(): void {
    this.#break(new Error('the connection was closed'));
  }

  /** QUIT, and no long wait for an answer to it. */
  quit(): void {
    if (this.broken !== undefined) return;
    this.#leaving = true;
    this.#socket.write('QUIT\r\n');
    setTimeout(() => this.cut(), GOODBYE_LIMIT).unref();
  }

  /** One conversation at a time waits here, so one waiter is enough. */
  #until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        const found = look();
        if (found === undefined && this.broken === undefined) return;
        this.#wake = undefined;
        if (found !== undefined) resolve(found);
        else reject(this.broken ?? new Error('the connection was closed'));
      };
      this.#wake();
    });
  }

  #break(why: Error): void {
    if (this.broken !== undefined) return;
    this.broken = why;
    this.#socket.destroy();
    this.#keeper.close();
    this.#wake?.();
  }
}
