import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { makeFolder, replaceFile } from '../files/ownFiles.ts';

/** A mail server on loopback that keeps what it takes as .eml files. */
export interface DemoServer {
  readonly port: number;
  /** Paths of the mails taken, in order. */
  readonly received: readonly string[];
  close(): Promise<void>;
}

/** Refuses one unknown mailbox for good and asks one sender to come back later, as real servers do. */
export async function startDemoServer(folder: string): Promise<DemoServer> {
  makeFolder(folder);
  const received: string[] = [];
  const deferred = new Set<string>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onRcptTo({ address }, _session, done) {
      if (address.endsWith('@unknown-user.example')) return done(refusal(550, '5.1.1 No such mailbox here'));
      if (address.endsWith('@greylist.example') && !deferred.has(address)) {
        deferred.add(address);
        return done(refusal(451, '4.7.1 Greylisted, come back in a moment'));
      }
      done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo[0]?.address ?? 'unknown';
        const path = join(folder, `${String(received.length + 1).padStart(2, '0')}-${to.replace(/[^\w.@-]/g, '_')}.eml`);
        replaceFile(path, Buffer.concat(chunks));
        received.push(path);
        done();
      });
    },
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, received, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function refusal(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
