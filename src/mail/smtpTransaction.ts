import { fileSize } from '../domain/attachment.ts';
import { connectionTrouble } from '../domain/connectionTrouble.ts';
import type { Delivery, Progress } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import type { SmtpPhase } from '../domain/refusalRules.ts';
import { Arming } from './arming.ts';
import { stuffed } from './dotStuffing.ts';
import type { DeliveryAttempt, FrozenMail } from './mailer.ts';
import { sha256 } from './mime.ts';
import { readReply, shortReply } from './replies.ts';
import type { SmtpReply } from './smtpReplies.ts';
import { OutOfStep, readArrived, type SmtpWire } from './smtpWire.ts';

/** Written at a time, so that the clocks are looked at in between. */
const PIECE = 64 * 1024;
const FINAL_DOT = Buffer.from('.\r\n');

/** One mail over one connection (RFC 5321 §3.3). Whether it was armed decides what an end without a reply means. */
export class Transaction {
  readonly #wire: SmtpWire;
  readonly #mail: FrozenMail;
  readonly #attempt: DeliveryAttempt;
  /** What goes on the wire: with its Date, and its signature where there is one. */
  readonly #bytes: Buffer;
  readonly #arming: Arming;
  #progress: Progress = 'nothing';
  #copyNote = '';
  #settled = false;

  constructor(wire: SmtpWire, mail: FrozenMail, attempt: DeliveryAttempt, bytes: Buffer) {
    this.#wire = wire;
    this.#mail = mail;
    this.#attempt = attempt;
    this.#bytes = bytes;
    this.#arming = new Arming(attempt, () => wire.cut());
  }

  /** Its arm has not been asked for, so that the same mail may be tried over another connection. */
  get untouched(): boolean {
    return this.#arming.state === 'not yet';
  }

  async run(): Promise<Delivery> {
    try {
      reached('connected');
      const delivery = await this.#talk().finally(() => reached('reply.read'));
      return { ...delivery, progress: this.#progress };
    } catch (error) {
      return { ...this.#verdict(error), progress: this.#progress };
    } finally {
      this.#settled = true;
      this.#arming.end();
    }
  }

  async #talk(): Promise<Delivery> {
    if (this.#attempt.cut.aborted) throw new Error('the worker is stopping');
    const refusal = this.#unfit() ?? (await this.#envelope());
    if (refusal !== undefined) return refusal;
    await this.#body();
    // A reply that came before the dot does not answer it, and the arm's commit has kept this process from reading.
    await readArrived();
    reached('body.ended');
    this.#look('end');
    this.#wire.write(FINAL_DOT, 1);
    return this.#readFinal(await this.#wire.next());
  }

  /** What is known before anything is said. */
  #unfit(): Delivery | undefined {
    const { mostBytes } = this.#wire.offers;
    const { from, to, bcc } = this.#mail.envelope;
    const size = this.#bytes.length;
    // Its reply to EHLO names what it takes (RFC 1870), and no byte of the mail is sent.
    if (mostBytes > 0 && size > mostBytes) {
      const reply = `the mail is too large for this server: ${fileSize(size)}, and it takes ${fileSize(mostBytes)}`;
      return { kind: 'content_refused', code: null, reply };
    }
    const broken = [from, to, bcc ?? ''].find((address) => /[\r\n<>]/.test(address));
    if (broken === undefined && to !== '') return undefined;
    return { kind: 'content_refused', code: null, reply: shortReply(`no command can hold the address ${JSON.stringify(broken ?? to)}`) };
  }

  #steps(): Step[] {
    const { from, to, bcc } = this.#mail.envelope;
    const { size, smtpUtf8 } = this.#wire.offers;
    // Bytes beyond ASCII in an address (RFC 6531 §3.4). The mail itself is composed in ASCII, so BODY=8BITMIME is not needed.
    const utf8 = smtpUtf8 && /[^ -~]/.test(`${from}${to}${bcc ?? ''}`) ? ' SMTPUTF8' : '';
    const recipients = [to, ...(bcc === undefined ? [] : [bcc])];
    return [
      { line: `MAIL FROM:<${from}>${utf8}${size ? ` SIZE=${this.#bytes.length}` : ''}`, phase: 'mail', decides: true },
      ...recipients.map((address, index): Step => ({ line: `RCPT TO:<${address}>`, phase: 'rcpt', decides: index === 0 })),
      { line: 'DATA', phase: 'data', decides: true },
    ];
  }

  /**
   * MAIL, RCPT and DATA; with PIPELINING in one write, of which DATA may be the last (RFC 2920 §3.1). Undefined when the
   * server waits for the mail: where a copy goes to ourselves it would take a mail for that alone, so the lead's own reply decides.
   */
  async #envelope(): Promise<Delivery | undefined> {
    const steps = this.#steps();
    const together = this.#wire.offers.pipelining;
    if (together) this.#say(steps);
    let refusal: Delivery | undefined;
    for (const step of steps) {
      if (!together) this.#say([step]);
      const reply = await this.#wire.next().catch((error: unknown) => {
        if (refusal === undefined || error instanceof OutOfStep) throw error;
      });
      // The connection ended behind a refusal, which stands.
      if (reply === undefined) return refusal;
      const refused = this.#refusedBy(step, reply);
      // Behind a reply too many, a refusal may be the answer to something else.
      if (refused !== undefined && this.#astray !== undefined) throw this.#astray;
      // Of several refusals the first counts: behind a refused MAIL all else is refused for nothing of its own.
      if (refused !== undefined) refusal ??= refused;
      if (reply.code === 421 || (!together && refusal !== undefined)) return refusal;
    }
    return refusal;
  }

  /** The delivery that this reply decides, if it decides one. */
  #refusedBy({ phase, decides, line }: Step, reply: SmtpReply): Delivery | undefined {
    if (reply.code < 400) {
      if (phase === 'data' ? reply.code === 354 : MAIL_SYSTEM.test(String(reply.code))) return undefined;
      throw new OutOfStep(`the server answered ${line.slice(0, 4)} with “${reply.text}”`);
    }
    if (decides || reply.code === 421) return this.#read(phase, reply);
    this.#copyNote = ` (the copy to yourself was refused: ${shortReply(reply.text)})`;
    return undefined;
  }

  #say(steps: readonly Step[]): void {
    this.#look();
    this.#wire.write(steps.map(({ line }) => `${line}\r\n`).join(''), steps.length);
  }

  /** Everything but the final dot. */
  async #body(): Promise<void> {
    const bytes = stuffed(this.#bytes);
    reached('t2.asked');
    const ended = () => this.#settled || this.#wire.broken !== undefined;
    if (!(await this.#wire.during(this.#arming.ask(sha256(this.#bytes), ended)))) throw new Error('the mail was not released');
    for (let from = 0; from < bytes.length; from += PIECE) {
      this.#look('part');
      await this.#wire.writeWhole(bytes.subarray(from, from + PIECE));
      if (from === 0) reached('body.begun');
    }
    this.#progress = 'all';
  }

  /**
   * In the same turn as the write that follows: a process may stand frozen for as long as it likes between any two
   * writes, and nothing of a mail may follow once others can give it up.
   */
  #look(progress: Progress = this.#progress): void {
    if (this.#arming.over) this.#wire.cut();
    if (this.#wire.broken !== undefined) throw this.#wire.broken;
    this.#progress = progress;
  }

  /** What arrived unasked; not counted is a goodbye (421), which a server may say at any time (RFC 5321 §3.8). */
  get #astray(): OutOfStep | undefined {
    const { broken } = this.#wire;
    return broken instanceof OutOfStep && broken.reply?.code !== 421 ? broken : undefined;
  }

  #read(phase: SmtpPhase, { code, text }: SmtpReply): Delivery {
    return readReply(phase, code, text, this.#mail.envelope);
  }

  /** The one reply behind the dot. A second one that says otherwise leaves open which of them was meant. */
  #readFinal({ code, text }: SmtpReply): Delivery {
    const astray = this.#astray;
    const taken = MAIL_SYSTEM.test(String(code));
    const agrees = astray === undefined || (astray.reply !== undefined && astray.reply.code < 400 === taken);
    if (agrees && taken) return { kind: 'accepted', code, reply: shortReply(`${text}${this.#copyNote}`) };
    if (agrees && code >= 400) return this.#read('dot', { code, text });
    const reply = agrees ? `the server answered the mail with “${text}”` : `${text}; then: ${messageOf(astray)}`;
    return { kind: 'ambiguous', code: null, reply: shortReply(reply) };
  }

  #verdict(failure: unknown): Delivery {
    const { state, expired } = this.#arming;
    const said = this.#saidUnasked(failure);
    const text = shortReply(connectionTrouble(messageOf(failure)));
    if (state === 'armed') {
      return said === undefined
        ? { kind: 'ambiguous', code: null, reply: expired ? 'the time limit passed' : text }
        : this.#read('dot', said);
    }
    if (state === 'refused' || (state === 'asking' && expired) || (this.#attempt.cut.aborted && said === undefined))
      return { kind: 'not_armed', code: null, reply: expired ? 'the time limit passed' : text };
    if (said !== undefined) return this.#read('data', said);
    return { kind: 'temporary', code: null, reply: expired ? 'the time limit passed' : text };
  }

  /**
   * A goodbye, or a refusal while the mail is still coming, as some servers have it. The mail's end has not been written
   * then and never will be, so the refusal is certain.
   */
  #saidUnasked(failure: unknown): SmtpReply | undefined {
    const reply = failure instanceof OutOfStep && this.#progress !== 'end' ? failure.reply : undefined;
    if (reply === undefined || reply.code < 400) return undefined;
    return this.#arming.state === 'armed' || reply.code === 421 ? reply : undefined;
  }
}

interface Step {
  readonly line: string;
  readonly phase: SmtpPhase;
  /** Without this command's success no mail goes out. */
  readonly decides: boolean;
}

/** A yes of the mail system (RFC 5321 §4.2.1, x5z); every other 2xx answers something else than MAIL, RCPT or a mail. */
const MAIL_SYSTEM = /^25\d$/;
