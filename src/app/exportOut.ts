import { OutreachError } from '../domain/errors.ts';
import { type OutFile, openOutFile } from '../terminal/outFile.ts';
import { type Output, plural } from '../terminal/output.ts';
import { progressBar } from '../terminal/progressBar.ts';
import type { Piece } from './exportRows.ts';

/** A terminal that is closed sends the last. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Target {
  /** Undefined: standard output. */
  readonly path: string | undefined;
  readonly force: boolean | undefined;
  readonly output: Output;
}

/** Takes the pieces to where they shall go, and resolves to the number of rows. A file that does not become whole is not left behind. */
export async function copyOut(pieces: AsyncIterable<Piece>, { path, force, output }: Target): Promise<number> {
  if (path === undefined) return copyToOutput(pieces, output);
  const stopped = new AbortController();
  let file: OutFile | undefined;
  const stop = (signal: NodeJS.Signals) => {
    if (!stopped.signal.aborted) return stopped.abort();
    // Who says it twice waits for no page.
    file?.discard();
    unlisten();
    process.kill(process.pid, signal);
  };
  const unlisten = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const out = openOutFile(path, { force });
    file = out;
    const rows = await copy(pieces, output, (text) => {
      if (stopped.signal.aborted) throw new OutreachError('interrupted', `stopped; there is no ${path}`);
      out.write(text);
    });
    out.finish();
    return rows;
  } finally {
    unlisten();
    file?.discard();
  }
}

/** Rows that scroll by on a terminal are progress enough. */
function copyToOutput(pieces: AsyncIterable<Piece>, output: Output): Promise<number> {
  return copy(pieces, output, (text) => output.data(text), !output.terminal);
}

async function copy(
  pieces: AsyncIterable<Piece>,
  { stderr }: Output,
  write: (text: string) => Promise<void> | void,
  showsProgress = true,
): Promise<number> {
  let bar: ReturnType<typeof progressBar> | undefined;
  let rows = 0;
  try {
    for await (const piece of pieces) {
      if (showsProgress) bar ??= progressBar(stderr, piece.total);
      await write(piece.text);
      rows += piece.rows;
      bar?.update(piece.done, plural(rows, 'row'));
    }
  } finally {
    bar?.stop();
  }
  return rows;
}
