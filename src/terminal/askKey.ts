import { createInterface } from 'node:readline';
import { printable } from './printable.ts';

/** How long keys may still come in that were pressed before the question stood there. */
const EARLIER_MS = 20;

/**
 * Asks on a terminal until one of `answers` is typed, by its word or its first letter; Ctrl-C and Ctrl-D are `undefined`. What was
 * typed before the question was shown is not its answer, and is dropped.
 */
export async function askKey<Answer extends string>(
  question: string,
  answers: readonly Answer[],
  input: NodeJS.ReadStream,
  output: NodeJS.WritableStream,
): Promise<Answer | undefined> {
  if (await dropsEarlierKeys(input)) return undefined;
  for (;;) {
    const line = await askLine(question, input, output);
    if (line === undefined) return undefined;
    const word = line.trim().toLowerCase();
    const answer = answers.find((one) => word !== '' && (one === word || one.charAt(0) === word));
    if (answer !== undefined) return answer;
  }
}

/** True when one of them was Ctrl-C. */
async function dropsEarlierKeys(input: NodeJS.ReadStream): Promise<boolean> {
  let stopped = false;
  const drop = (keys: Buffer | string) => {
    stopped ||= keys.toString().includes('\u0003');
  };
  // Only so does the terminal give up a line that was begun.
  input.setRawMode(true);
  input.on('data', drop);
  input.resume();
  await new Promise((resolve) => setTimeout(resolve, EARLIER_MS));
  input.off('data', drop);
  input.pause();
  input.setRawMode(false);
  return stopped;
}

function askLine(question: string, input: NodeJS.ReadStream, output: NodeJS.WritableStream): Promise<string | undefined> {
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  return new Promise<string | undefined>((resolve) => {
    let answered = false;
    lines.question(printable(question), (line) => {
      answered = true;
      resolve(line);
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      // The cursor still stands behind the question.
      if (!answered) output.write('\n');
      resolve(undefined);
    });
  }).finally(() => lines.close());
}
