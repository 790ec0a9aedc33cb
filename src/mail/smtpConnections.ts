import { isIP, type Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { DEADLINES } from '../domain/deadlines.ts';

/** How to reach and trust one SMTP server. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** `starttls` requires the upgrade, `tls` speaks it from the first byte, `none` never does. */
  readonly security: 'starttls' | 'tls' | 'none';
  readonly auth: { readonly user: string; readonly password: string } | undefined;
  /** Certificate authorities to trust instead of the system's (PEM). */
  readonly ca?: string;
}

/** Idle connections are given back to the server after this long, in ms. */
const IDLE_LIMIT = 30_000;
const GOODBYE_LIMIT = 1_000;

export interface OpenConnection {
  readonly smtp: SMTPConnection;
  /** It has carried a mail before, so the server may have closed it meanwhile. */
  reused: boolean;
  alive: boolean;
  idleTimer: NodeJS.Timeout | undefined;
  /** Asked before every write while a mail is on its way: nothing may follow, so the connection is cut instead. */
  isOver: (() => boolean) | undefined;
}

/**
 * Connections to one server, kept open between mails. Not nodemailer's pool: that one queues a
 * mail again by itself when a connection breaks, and only the send protocol may decide that.
 */
export class SmtpConnections {
  readonly #server: SmtpServer;
  readonly #idle: OpenConnection[] = [];

  constructor(server: SmtpServer) {
    this.#server = server;
  }

  /** An idle connection, or a new one that is greeted, encrypted and logged in. Rejects with nodemailer's error. */
  async acquire(cut: AbortSignal): Promise<OpenConnection> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.idleTimer);
      if (idle.alive) return idle;
    }
    return this.connect(cut);
  }

  async connect(cut: AbortSignal): Promise<OpenConnection> {
    if (cut.aborted) throw new Error('the time limit passed');
    const { host, port, security, auth, ca } = this.#server;
    const smtp = new SMTPConnection({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      tls: { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) },
      connectionTimeout: DEADLINES.connect,
      greetingTimeout: DEADLINES.greeting,
      socketTimeout: DEADLINES.socketSilence,
    });
    const connection: OpenConnection = { smtp, reused: false, alive: true, idleTimer: undefined, isOver: undefined };
    let destroy = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        destroy = () => {
          discard(connection);
          reject(new Error('the time limit passed'));
        };
        cut.addEventListener('abort', destroy, { once: true });
        const ended = () => {
          connection.alive = false;
          reject(new Error('the server closed the connection'));
        };
        smtp.on('error', (error) => {
          connection.alive = false;
          reject(error);
        });
        smtp.on('end', ended);
        smtp.connect((error) => {
          if (error) reject(error);
          else if (auth === undefined) resolve();
          else smtp.login({ user: auth.user, pass: auth.password }, (failed) => (failed ? reject(failed) : resolve()));
        });
      });
      watchWrites(connection);
      return connection;
    } catch (error) {
      discard(connection);
      throw error;
    } finally {
      cut.removeEventListener('abort', destroy);
    }
  }

  /** Keeps the connection for the next mail. Only after an accepted mail: any other end leaves its state in doubt. */
  release(connection: OpenConnection): void {
    if (!connection.alive) return;
    connection.reused = true;
    connection.idleTimer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      sayGoodbye(connection);
    }, IDLE_LIMIT).unref();
    this.#idle.push(connection);
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) {
      clearTimeout(connection.idleTimer);
      sayGoodbye(connection);
    }
  }
}

/** QUIT, and no long wait for an answer to it. */
function sayGoodbye(connection: OpenConnection): void {
  connection.smtp.quit();
  setTimeout(() => discard(connection), GOODBYE_LIMIT).unref();
}

/** Cuts the connection at once: nothing more is written, not even a final dot or QUIT. */
export function discard(connection: OpenConnection): void {
  connection.alive = false;
  socketOf(connection)?.destroy();
  connection.smtp.close();
}

/**
 * nodemailer writes the final dot some turns of the loop after the last piece of a mail, and a process may stand
 * frozen between them for as long as it likes. What is asked in the write itself is asked in time.
 */
function watchWrites(connection: OpenConnection): void {
  const socket = socketOf(connection);
  if (socket === undefined) return;
  const write = socket.write.bind(socket) as (...parameters: unknown[]) => boolean;
  socket.write = (...parameters: unknown[]) => {
    if (connection.isOver?.() !== true) return write(...parameters);
    discard(connection);
    return false;
  };
}

/** nodemailer keeps it to itself, and `false` in its place until there is one. */
function socketOf(connection: OpenConnection): Socket | undefined {
  return (connection.smtp as unknown as { _socket: Socket | false | undefined })._socket || undefined;
}
