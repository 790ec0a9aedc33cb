import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { OutreachError } from '../domain/errors.ts';
import { printable } from './printable.ts';

interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Asks for one line on a terminal and shows nothing of what is typed. Ctrl-C and Ctrl-D end it with `interrupted`. */
export function askSecret(question: string, { input, output }: Terminal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // As a terminal it switches echo off and knows the keys for erasing; what it would draw goes nowhere.
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  output.write(printable(question));
  return new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('SIGINT', () => lines.close());
    // After a line this rejects what is settled already.
    lines.once('close', () => reject(new OutreachError('interrupted', 'nothing was typed, and nothing is stored')));
  }).finally(() => {
    lines.close();
    output.write('\n');
  });
}

/** The secret on a stream: its first line, without its end; of a key in PEM form (RFC 7468) all of them. */
export async function readSecret(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input, terminal: false });
  const pem: string[] = [];
  try {
    for await (const line of lines) {
      if (pem.length === 0 && !line.startsWith('-----BEGIN ')) return line;
      pem.push(line);
      if (line.startsWith('-----END ')) break;
    }
    return pem.map((line) => `${line}\n`).join('');
  } finally {
    lines.close();
  }
}
