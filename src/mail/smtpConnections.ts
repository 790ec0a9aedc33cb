import type { SmtpServer } from './smtpHandshake.ts';
import { logIn } from './smtpLogin.ts';
import { readArrived, type SmtpWire } from './smtpWire.ts';

/** Idle connections are given back to the server after this long, in ms. */
const IDLE_LIMIT = 30_000;

/**
 * Connections to one server, kept open between mails. Not nodemailer's pool: that one queues a
 * mail again by itself when a connection breaks, and only the send protocol may decide that.
 */
export class SmtpConnections {
  readonly #server: SmtpServer;
  readonly #idle: SmtpWire[] = [];

  constructor(server: SmtpServer) {
    this.#server = server;
  }

  /** An idle connection, or a new one that is greeted, encrypted and logged in. Rejects with nodemailer's error. */
  async acquire(cut: AbortSignal): Promise<SmtpWire> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.idleTimer);
      // What the server has sent meanwhile is read before anything is asked: it is the answer to nothing, and closes the connection.
      await readArrived();
      if (idle.broken === undefined) return idle;
    }
    return this.connect(cut);
  }

  connect(cut: AbortSignal): Promise<SmtpWire> {
    return logIn(this.#server, cut);
  }

  /** Keeps the connection for the next mail. Only after an accepted mail: any other end leaves its state in doubt. */
  release(wire: SmtpWire): void {
    if (wire.broken !== undefined) return;
    wire.reused = true;
    wire.idleTimer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(wire), 1);
      wire.quit();
    }, IDLE_LIMIT).unref();
    this.#idle.push(wire);
  }

  close(): void {
    for (const wire of this.#idle.splice(0)) {
      clearTimeout(wire.idleTimer);
      wire.quit();
    }
  }
}
