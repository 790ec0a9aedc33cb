import { createInterface } from 'node:readline';
import { OutreachError } from '../domain/errors.ts';
import { printable } from './printable.ts';

/** Asks on a terminal; anything but y or yes, Ctrl-C and Ctrl-D included, is no. */
export function confirm(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<boolean> {
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  return new Promise<boolean>((resolve, reject) => {
    let answered = false;
    lines.question(`${printable(question)} [y/N] `, (answer) => {
      answered = true;
      resolve(/^y(es)?$/i.test(answer.trim()));
    });
    lines.once('SIGINT', () => lines.close());
    // After an answer this rejects what is settled already.
    lines.once('close', () => {
      // The cursor still stands behind the question.
      if (!answered) output.write('\n');
      reject(new OutreachError('interrupted', 'nothing was answered, and nothing is changed'));
    });
  }).finally(() => lines.close());
}
