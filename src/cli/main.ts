import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Chalk } from 'chalk';
import { type Command, CommanderError } from 'commander';
import { type GlobalOptions, isReading, openContext, type Rehearsing, type Run, type Use } from '../commands/context.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { EXIT_CODES } from '../domain/exitCodes.ts';
import { redact } from '../domain/redact.ts';
import { blockForTerminal, didYouMean } from '../domain/text.ts';
import { readTextFile, whyUnread } from '../files/readFile.ts';
import { storageError } from '../store/troubles.ts';
import { inAscii, showsColour, speaksUnicode } from '../terminal/abilities.ts';
import { buildProgram } from './program.ts';

/** Runs one command line and sets `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no error. Whoever does not take the talk still wants the work done.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.stderr.on('error', () => {});
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
    const options = command.optsWithGlobals<GlobalOptions & Rehearsing>();
    if (options.envFile !== undefined) readEnvironment(options.envFile);
    refuseUntrusted(process.env);
    const reads = isReading([nameOf(command), ...command.args], options);
    const { context, close } = openContext(options, { cwd: process.cwd(), env: process.env, platform: process.platform }, reads);
    try {
      const code = await run(context, ...(parameters.slice(0, -1) as unknown as Arguments));
      process.exitCode = code ?? 0;
    } finally {
      await close();
    }
  };

/** Of the command below `outreach` itself, not of a subcommand. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : nameOf(parent);
}

/** Makes commander throw instead of leaving the process with its own code, and complain as everything else does. */
function throwing(command: Command, called = 'outreach'): Command {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => process.stdout.write(written(text)),
    outputError: (text) => complainOf(inOneSentence(text)),
  });
  command.showHelpAfterError(`  See: ${called} --help`);
  for (const child of command.commands) throwing(child, `${called} ${child.name()}`);
  return command;
}

/** Commander's complaint, with what was probably meant, also where a value is one of a few. */
function inOneSentence(text: string): string {
  const sentence = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.+)\?\)$/, '; did you mean $1?');
  const known =
    /^(?:command-argument value|option '([^']*)' argument) '([^']*)' is invalid(?: for argument '([^']*)')?\. Allowed choices are (.+)\.$/s;
  const [, flag, value = '', argument, choices] = known.exec(sentence) ?? [];
  if (choices === undefined) return sentence;
  const near = didYouMean(value, choices.split(', '));
  const name = flag === undefined ? `<${argument}>` : flag.replace(/^-\w, /, '').split(' ', 1)[0];
  return `${name}: "${value}" is not one of ${choices}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function complain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof OutreachError ? error : storageError(error);
  complainOf(known?.message ?? `unexpected error: ${messageOf(error)}`);
  if (known?.hint !== undefined) say(known.hint.replace(/^/gm, '  '));
  if (asked('--verbose') || process.env.OUTREACH_LOG === 'debug') for (const line of causesOf(error, known)) say(line);
  else if (known === undefined) say('  The same command with --verbose shows where.');
  return known === undefined ? 1 : EXIT_CODES[known.code];
}

/** Each cause below the sentence, outermost first; of what nobody expected also where it was thrown. */
function causesOf(error: unknown, known: OutreachError | undefined): string[] {
  const lines: string[] = [];
  let cause = known === error ? known?.cause : error;
  for (let depth = 0; cause !== undefined && cause !== null && depth < DEEPEST; depth++) {
    const { name = 'error', code } = cause as { name?: string; code?: unknown };
    lines.push(`  because of ${name}${typeof code === 'string' ? ` ${code}` : ''}: ${messageOf(cause)}`);
    if (known === undefined && cause instanceof Error) lines.push((cause.stack ?? '').replace(/^(?! *at ).*\n?/gm, '').trimEnd());
    cause = (cause as { cause?: unknown }).cause;
  }
  return lines.length === 0 && known !== undefined ? ['  Nothing failed before it.'] : lines;
}

/** A chain that is longer goes in circles. */
const DEEPEST = 8;

/** Before commander has read the flags, and after it has refused them. */
function asked(flag: string): boolean {
  const end = process.argv.indexOf('--');
  return process.argv.slice(2, end === -1 ? undefined : end).includes(flag);
}

function written(text: string): string {
  return speaksUnicode(process.env) ? text : inAscii(text);
}

function complainOf(text: string): void {
  const colour = new Chalk({ level: process.stderr.isTTY === true && showsColour(process.env) && !asked('--no-color') ? 1 : 0 });
  process.stderr.write(`${colour.red('outreach:')} `);
  say(text);
}

/** Whatever threw may have a secret in its words, or what moves a cursor: a server's echo, a library's argument, the name of a file. */
function say(text: string): void {
  process.stderr.write(`${written(blockForTerminal(redact(text)))}\n`);
}

/** What is set already stays. */
function readEnvironment(path: string): void {
  let said: NodeJS.Dict<string>;
  try {
    said = parseEnv(readTextFile(path));
  } catch (cause) {
    throw new OutreachError('usage', `--env-file: ${whyUnread(path, cause)}`, { cause });
  }
  const ofNode = Object.keys(said).find((name) => /^NODE_/i.test(name));
  if (ofNode !== undefined) {
    throw new OutreachError('usage', `--env-file ${path}: ${ofNode} is for Node itself, and such a file may not set it; remove the line`, {
      hint: 'What Node itself is told, such as NODE_EXTRA_CA_CERTS, belongs into the shell or the unit that starts outreach.',
    });
  }
  for (const [name, value] of Object.entries(said)) process.env[name] ??= value;
}

/** It would trust whoever answers; each connection here asks for a certificate all the same, but other parts of Node would not. */
function refuseUntrusted(env: NodeJS.ProcessEnv): void {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return;
  throw new OutreachError('config', 'NODE_TLS_REJECT_UNAUTHORIZED=0 is set, which would trust any server; unset it', {
    hint: 'To trust a certificate authority of your own: NODE_EXTRA_CA_CERTS=FILE outreach …',
  });
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
