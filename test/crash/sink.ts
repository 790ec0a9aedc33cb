import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What may go wrong with one mail at the server. Names say what the client sees. */
export const FAULTS = [
  'greeting 421',
  'greeting drop',
  'mail 421',
  'mail drop',
  'rcpt 450',
  'rcpt 550',
  'rcpt drop',
  'data 451',
  'data drop',
  'body drop',
  'dot 421',
  'dot 451',
  'dot 552',
  'dot 554',
  'dot drop, taken',
  'dot drop, not taken',
  'dot half a reply, taken',
  'dot unfinished refusal, not taken',
  'dot trickle, taken',
  'dot hang, taken',
  'dot late, taken',
] as const;

/** What servers do that break the rules of the protocol, or keep a rule of their own about a connection. */
export const ODD_FAULTS = [
  'greeting thrice, slow, not taken',
  'greeting, then 421 after two mails',
  'data 250, not taken',
  'data 354 and 250, not taken',
  'dot 451- then 250, taken',
  'dot 250- then 554, not taken',
  'dot 250 and another, taken',
] as const;
/** A refusal in any words, of the recipient or behind the final dot. */
export type Said = `${'rcpt' | 'dot'} says ${string}`;
export type Fault = (typeof FAULTS)[number] | (typeof ODD_FAULTS)[number] | Said;

/** A mail whose final dot arrived. `taken` is the server's own decision: the truth everything is judged by. */
interface Received {
  readonly to: string;
  /** Whom the server took it for, `to` first; a copy to oneself comes after it. */
  readonly recipients: readonly string[];
  readonly bytes: Buffer;
  readonly sha256: string;
  /** The same without its Date header. */
  readonly frozenSha256: string;
  readonly taken: boolean;
  /** When its end arrived, epoch milliseconds. */
  readonly at: number;
}

export interface Sink {
  readonly port: number;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** Whom a server lets in, and for how long. */
interface Rules {
  /** More mails on one connection are refused with `reply` to MAIL, and the connection is closed. */
  readonly mails?: number;
  readonly reply?: string;
  /** With it nobody sends who has not shown such a token (XOAUTH2). */
  readonly takes?: ((token: string) => boolean) | undefined;
}

/** A scripted SMTP server on loopback; `faultFor` is asked once a mail, and once a connection with no address. */
export async function startSink(faultFor: (to: string | undefined) => Fault | undefined, rules: Rules = {}): Promise<Sink> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    new Session(socket, faultFor, received, rules);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

class Session {
  readonly #socket: Socket;
  readonly #faultFor: (to: string | undefined) => Fault | undefined;
  readonly #received: Received[];
  #buffer = Buffer.alloc(0);
  #to = '';
  #recipients: string[] = [];
  #fault: Fault | undefined;
  #inData = false;
  #mails = 0;
  readonly #rules: Rules;
  #loggedIn: boolean;
  /** It greets three times, answers RCPT late and takes no mail: whoever counts replies from the greeting on is two behind. */
  readonly #deaf: boolean;

  constructor(socket: Socket, faultFor: (to: string | undefined) => Fault | undefined, received: Received[], rules: Rules) {
    this.#socket = socket;
    this.#faultFor = faultFor;
    this.#received = received;
    const fault = faultFor(undefined);
    const few = fault === 'greeting, then 421 after two mails' ? { mails: 2, reply: '421 4.3.2 No more mails here' } : {};
    this.#rules = { ...rules, ...few };
    this.#loggedIn = rules.takes === undefined;
    this.#deaf = fault === 'greeting thrice, slow, not taken';
    if (this.#deaf) this.#say('220 sink ESMTP\r\n220 sink ESMTP\r\n220 sink ESMTP');
    else if (fault === 'greeting drop') socket.destroy();
    else if (fault === 'greeting 421') socket.end('421 4.3.2 Not now\r\n');
    else this.#say('220 sink ESMTP');
    socket.on('data', (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#read();
    });
  }

  #read(): void {
    for (;;) {
      if (this.#inData) {
        if (this.#fault === 'body drop' && this.#buffer.length > 0) this.#socket.destroy();
        if (this.#socket.destroyed) return;
        const end = this.#buffer.indexOf('\r\n.\r\n');
        if (end < 0) return;
        const body = this.#buffer.subarray(0, end + 2);
        this.#buffer = this.#buffer.subarray(end + 5);
        this.#inData = false;
        this.#finish(body);
        continue;
      }
      const end = this.#buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#buffer.subarray(0, end).toString('latin1');
      this.#buffer = this.#buffer.subarray(end + 2);
      this.#command(line);
    }
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') this.#say(`250-sink\r\n${this.#loggedIn ? '' : '250-AUTH XOAUTH2\r\n'}250-PIPELINING\r\n250 8BITMIME`);
    else if (verb === 'AUTH') this.#logIn(line);
    else if (verb === 'MAIL' && !this.#loggedIn) this.#say('530 5.7.0 Authentication required');
    else if (verb === 'MAIL') this.#mail();
    else if (verb === 'RCPT') this.#recipient(line);
    else if (verb === 'DATA') this.#data();
    else if (verb === 'QUIT') this.#socket.end('221 2.0.0 Bye\r\n');
    else this.#say('250 2.0.0 Ok');
  }

  #logIn(line: string): void {
    const [, method, blob = ''] = line.split(' ');
    const token = /auth=Bearer ([\x21-\x7e]+)/.exec(Buffer.from(blob, 'base64').toString('latin1'))?.[1] ?? '';
    this.#loggedIn = method === 'XOAUTH2' && this.#rules.takes?.(token) === true;
    this.#say(this.#loggedIn ? '235 2.7.0 Accepted' : '535 5.7.8 Token refused');
  }

  #mail(): void {
    this.#to = '';
    this.#recipients = [];
    const { mails = Number.POSITIVE_INFINITY, reply = '' } = this.#rules;
    if (this.#mails++ >= mails) this.#socket.end(`${reply}\r\n`);
    else this.#say('250 2.1.0 Ok');
  }

  /** Faults at MAIL are acted out here, where the address is known; with pipelining the client cannot tell. */
  #recipient(line: string): void {
    const to = /<([^>]*)>/.exec(line)?.[1] ?? '';
    const fault = this.#faultFor(to);
    if (this.#to === '') {
      this.#to = to;
      this.#fault = fault;
    }
    if (fault === 'mail drop' || fault === 'rcpt drop') this.#socket.destroy();
    else if (fault === 'mail 421') this.#socket.end('421 4.3.2 Closing\r\n');
    else if (fault === 'rcpt 450') this.#say('450 4.2.1 Come back later');
    else if (fault === 'rcpt 550') this.#say('550 5.1.1 No such user');
    else if (saidAt('rcpt', fault) !== undefined) this.#say(saidAt('rcpt', fault) ?? '');
    else {
      this.#recipients.push(to);
      if (this.#deaf) setTimeout(() => this.#say('250 2.1.5 Ok'), 60);
      else this.#say('250 2.1.5 Ok');
    }
  }

  #data(): void {
    if (this.#recipients.length === 0) this.#say('503 5.5.1 No valid recipients');
    else if (this.#fault === 'data drop') this.#socket.destroy();
    else if (this.#fault === 'data 451') this.#say('451 4.3.0 Not now');
    else {
      this.#inData = true;
      if (this.#fault === 'data 250, not taken') this.#say('250 2.0.0 Ok');
      else if (this.#fault === 'data 354 and 250, not taken') this.#say('354 Go on\r\n250 2.0.0 Ok');
      else this.#say('354 End data with <CR><LF>.<CR><LF>');
    }
  }

  #finish(stuffed: Buffer): void {
    const fault = this.#fault ?? '';
    const refusal = REFUSALS[fault] ?? saidAt('dot', fault);
    const body = Buffer.from(stuffed.toString('latin1').replace(/^\.\./gm, '.'), 'latin1');
    const taken = refusal === undefined && !fault.endsWith('not taken') && !this.#deaf;
    const hashes = { sha256: digest(body), frozenSha256: digest(withoutDate(body)) };
    this.#received.push({ to: this.#to, recipients: this.#recipients, bytes: body, ...hashes, taken, at: Date.now() });
    if (refusal !== undefined) {
      this.#say(refusal);
      if (refusal.startsWith('421')) this.#socket.end();
    } else if (this.#deaf) setTimeout(() => this.#say('554 5.6.0 No'), 120);
    else if (fault === 'dot 451- then 250, taken') this.#say('451-4.3.0 Not now\r\n250 2.0.0 Ok');
    else if (fault === 'dot 250- then 554, not taken') this.#say('250-2.0.0 Ok\r\n554 5.6.0 No');
    else if (fault === 'dot 250 and another, taken') {
      this.#say('250 2.0.0 Ok');
      setTimeout(() => this.#say('250 2.0.0 Ok, as said'), 3);
    } else if (fault.startsWith('dot drop')) this.#socket.destroy();
    else if (fault === 'dot half a reply, taken') this.#socket.end('25');
    else if (fault === 'dot unfinished refusal, not taken') this.#socket.end('451 4.3.0 Not n');
    else if (fault === 'dot late, taken') setTimeout(() => this.#say('250 2.0.0 Ok, at last'), 900);
    else if (fault === 'dot trickle, taken') this.#trickle('250 2.0.0 Ok, and this reply takes its time\r\n');
    else if (fault !== 'dot hang, taken') this.#say('250 2.0.0 Ok');
  }

  /** One byte at a time, slower than the client's deadline but never silent. */
  #trickle(reply: string): void {
    let sent = 0;
    const timer = setInterval(() => {
      if (sent >= reply.length || this.#socket.destroyed) clearInterval(timer);
      else this.#socket.write(reply[sent++] ?? '');
    }, 90);
  }

  #say(line: string): void {
    if (!this.#socket.destroyed) this.#socket.write(`${line}\r\n`);
  }
}

/** Complete refusals of the final dot: the client knows that the mail was not taken. */
const REFUSALS: Record<string, string> = {
  'dot 421': '421 4.3.2 Closing',
  'dot 451': '451 4.3.0 Not now',
  'dot 552': '552 5.3.4 Too big',
  'dot 554': '554 5.6.0 No',
};

function saidAt(phase: 'rcpt' | 'dot', fault: string | undefined): string | undefined {
  const [, said] = fault?.split(`${phase} says `) ?? [];
  return said?.replaceAll('\n', '\r\n');
}

function withoutDate(body: Buffer): Buffer {
  return Buffer.from(body.toString('latin1').replace(/^Date: [^\r\n]*\r\n/, ''), 'latin1');
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
