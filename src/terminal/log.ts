import { Writable } from 'node:stream';
import { pino } from 'pino';
import { redact } from '../domain/redact.ts';
import { escapedJson, forTerminal } from '../domain/text.ts';
import { printable } from './printable.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn'] as const;

/** One line an event on stderr: JSON for machines, plain words on a terminal. No secret of this process gets through. */
export async function openLog(level: string, stderr: { readonly isTTY?: boolean; readonly fd?: number }, colour: boolean) {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: ['password', 'auth', 'api_key'] };
  const errors = pino.destination({ fd: stderr.fd ?? 2, sync: true });
  if (stderr.isTTY !== true) return pino(options, redacting({ write: (line) => errors.write(escapedJson(line)) }));
  const { default: pretty } = await import('pino-pretty');
  const lines = pretty({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
    destination: new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        errors.write(printable(String(text)));
        done();
      },
    }),
    customPrettifiers: { to: plain, reply: plain, reason: plain, campaign: plain },
  });
  return pino(options, redacting(lines));
}

function redacting(lines: { write(line: string): unknown }) {
  return { write: (line: string) => void lines.write(redact(line)) };
}

function plain(value: unknown): string {
  return forTerminal(String(value));
}
