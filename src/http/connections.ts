import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** What is to be done with bytes that come in on a connection, while somebody talks there. */
type Listener = (bytes: Buffer) => void;

const listeners = new WeakMap<Socket, Listener | undefined>();

/**
 * Resolves when the request has a connection that is open and, with TLS, trusted; nothing has been written then.
 * From there on `listener` is told of all bytes that come in, before anybody reads them as an answer.
 */
export function connected(request: ClientRequest, listener: Listener): Promise<Socket> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('socket', (socket: Socket & { secureConnecting?: boolean }) => {
      listen(socket, listener);
      const event = socket.secureConnecting === undefined ? 'connect' : 'secureConnect';
      const waiting = socket.connecting || socket.secureConnecting === true;
      if (!waiting) resolve(socket);
      else socket.once(event, () => resolve(socket));
    });
  });
}

/** `listener` hears no more. Of bytes that come in while nobody talks Node would say nothing, and use the connection again; here they end it. */
export function leave(socket: Socket, listener: Listener): void {
  if (listeners.get(socket) === listener) listeners.set(socket, undefined);
}

/**
 * Resolves when what has come in meanwhile was read: after a turn of the loop that asks the system. One turn is enough
 * behind a commit, which is made where the next turn begins; elsewhere the first may have asked already.
 */
export async function looked(turns = 2): Promise<undefined> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  return undefined;
}

/** Calls `taken` once the system has all of these bytes; resolves then, or when it will never have them. */
export function write(request: ClientRequest, bytes: Buffer, taken: () => void): Promise<void> {
  return new Promise((resolve) => {
    request.write(bytes, (error: Error | null | undefined) => {
      // Node reports no error for what was on its way when the connection was dropped.
      if ((error === undefined || error === null) && request.socket?.destroyed === false) taken();
      resolve();
    });
  });
}

/** No provider's answer is longer; the rest of a longer one is not read. */
const LONGEST_ANSWER = 64 * 1024;

/** The body of an answer, and whether it came to its end. */
export function bodyOf(response: IncomingMessage): Promise<{ text: string; complete: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (complete: boolean) => resolve({ text: Buffer.concat(chunks).toString('utf8'), complete });
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LONGEST_ANSWER) chunks.push(chunk);
      else {
        end(false);
        response.destroy();
      }
    });
    response.on('end', () => end(response.complete));
    response.on('error', () => end(false));
    response.on('close', () => end(response.complete));
  });
}

function listen(socket: Socket, listener: Listener): void {
  const known = listeners.has(socket);
  listeners.set(socket, listener);
  if (known) return;
  socket.prependListener('data', (bytes: Buffer) => {
    const hear = listeners.get(socket);
    if (hear === undefined) socket.destroy();
    else hear(bytes);
  });
}
