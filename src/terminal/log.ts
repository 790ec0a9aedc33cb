import { pino } from 'pino';
import { redact } from '../domain/redact.ts';
import { forTerminal } from '../domain/text.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn'] as const;

/** One line an event on stderr: JSON for machines, plain words on a terminal. No secret of this process gets through. */
export async function openLog(level: string, stderr: NodeJS.WriteStream, colour: boolean) {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: ['password', 'auth', 'api_key'] };
  if (stderr.isTTY !== true) return pino(options, redacting(pino.destination({ fd: 2, sync: true })));
  const { default: pretty } = await import('pino-pretty');
  const lines = pretty({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
    sync: true,
    destination: 2,
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
