import { readFileSync } from 'node:fs';
import { Chalk } from 'chalk';
import { type Command, CommanderError } from 'commander';
import type { GlobalOptions, Run, Use } from '../commands/context.ts';
import { type ErrorCode, messageOf, OutreachError } from '../domain/errors.ts';
import { redact } from '../domain/redact.ts';
import { storageError } from '../store/troubles.ts';
import { buildProgram } from './program.ts';

/** Exit codes are set here and nowhere else. */
const EXIT_CODES: Record<ErrorCode, number> = {
  usage: 2,
  config: 2,
  input: 2,
  not_found: 2,
  refused: 1,
  environment: 1,
  quota: 4,
  interrupted: 130,
};

/** Runs one command line and sets `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  // What is thrown where nobody waits for it passes the same gate; Node itself would print it as it is.
  process.on('uncaughtException', (error) => process.exit(complain(error)));
  try {
    await throwing(await buildProgram(version(), use, argv)).parseAsync(argv as string[]);
  } catch (error) {
    process.exitCode = complain(error);
  }
}

const use: Use =
  <Arguments extends unknown[]>(run: Run<Arguments>) =>
  async (...parameters: [...Arguments, Command]) => {
    const command = parameters.at(-1) as Command;
    const options = command.optsWithGlobals<GlobalOptions>();
    if (options.envFile !== undefined) readEnvironment(options.envFile);
    const { openContext } = await import('../commands/context.ts');
    const { context, close } = openContext(options, { cwd: process.cwd(), env: process.env, platform: process.platform });
    try {
      const code = await run(context, ...(parameters.slice(0, -1) as unknown as Arguments));
      process.exitCode = code ?? 0;
    } finally {
      await close();
    }
  };

/** Makes commander throw instead of leaving the process with its own code, and complain as everything else does. */
function throwing(command: Command, called = 'outreach'): Command {
  command.exitOverride();
  command.configureOutput({ outputError: (text) => say(text.trimEnd().replace(/^error:/, complainer())) });
  command.showHelpAfterError(`  See: ${called} --help`);
  for (const child of command.commands) throwing(child, `${called} ${child.name()}`);
  return command;
}

function complain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof OutreachError ? error : storageError(error);
  say(`${complainer()} ${known?.message ?? `unexpected error: ${messageOf(error)}`}`);
  if (known?.hint !== undefined) say(known.hint.replace(/^/gm, '  '));
  if (known === undefined && process.env.OUTREACH_LOG === 'debug' && error instanceof Error) say(error.stack ?? '');
  return known === undefined ? 1 : EXIT_CODES[known.code];
}

function complainer(): string {
  const colour = new Chalk({
    level: process.stderr.isTTY === true && !process.env.NO_COLOR && !process.argv.includes('--no-color') ? 1 : 0,
  });
  return colour.red('outreach:');
}

/** Whatever threw may have a secret in its words: a server's echo, a library's argument. */
function say(text: string): void {
  process.stderr.write(`${redact(text)}\n`);
}

function readEnvironment(path: string): void {
  try {
    process.loadEnvFile(path);
  } catch (cause) {
    throw new OutreachError('usage', `--env-file ${path}: ${messageOf(cause)}`, { cause });
  }
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
