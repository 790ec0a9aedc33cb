import cliProgress from 'cli-progress';
import { canRedraw, speaksUnicode } from './abilities.ts';
import { printable } from './printable.ts';

/** Progress of long work: a bar on a terminal, a plain line now and then elsewhere. Written to stderr. */
export interface ProgressBar {
  update(done: number, note: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** What ends a process that does not listen to it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function progressBar(stderr: NodeJS.WriteStream, total: number, env: NodeJS.ProcessEnv = process.env): ProgressBar {
  if (stderr.isTTY !== true || !canRedraw(env)) return progressLines(stderr, total);
  const bar = new cliProgress.SingleBar(
    {
      stream: stderr,
      format: '  {bar} {percentage}%  {note}',
      barsize: (stderr.columns || 80) < 60 ? 8 : 24,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
    },
    speaksUnicode(env) ? cliProgress.Presets.shades_classic : cliProgress.Presets.legacy,
  );
  bar.start(Math.max(1, total), 0, { note: '' });
  // Whoever leaves in the middle gets the cursor and the breaking of lines back.
  const onExit = () => bar.stop();
  process.once('exit', onExit);
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return;
    stop();
    process.kill(process.pid, signal);
  };
  const stop = () => {
    process.off('exit', onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
    bar.stop();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { update: (done, note) => bar.update(Math.min(done, total), { note: printable(note) }), stop };
}

function progressLines(stderr: NodeJS.WriteStream, total: number): ProgressBar {
  let lastLine = Date.now();
  return {
    update(done, note) {
      if (Date.now() - lastLine < LINE_EVERY_MS) return;
      lastLine = Date.now();
      stderr.write(`${Math.floor((100 * Math.min(done, total)) / Math.max(1, total))}%  ${printable(note)}\n`);
    },
    stop() {},
  };
}
