import { createInterface } from 'node:readline';
import { OutreachError } from '../domain/errors.ts';
import { printable } from './printable.ts';

/** Asks on a terminal; anything but y or yes, Ctrl-C and Ctrl-D included, is no. */
export async function confirm(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<boolean> {
  return /^y(es)?$/i.test(await answerTo(`${question} [y/N]`, input, output));
}

/** Asks on a terminal for one of these words, or its first letter; anything else is the one that stands in `otherwise`. */
export async function choose<Choice extends string>(
  question: string,
  choices: readonly Choice[],
  otherwise: Choice,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<Choice> {
  const shown = choices.map((choice) => (choice === otherwise ? choice.toUpperCase() : choice)).join('/');
  const answer = (await answerTo(`${question} [${shown}]`, input, output)).toLowerCase();
  return choices.find((choice) => answer === choice || answer === choice.charAt(0)) ?? otherwise;
}

/** Rejects when nothing is answered: Ctrl-C, Ctrl-D. */
function answerTo(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  return new Promise<string>((resolve, reject) => {
    let answered = false;
    lines.question(`${printable(question)} `, (answer) => {
      answered = true;
      resolve(answer.trim());
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
