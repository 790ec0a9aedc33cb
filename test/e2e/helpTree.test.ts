import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, expect, test } from 'vitest';
import type { Branch } from '../../src/commands/completion/tree.ts';
import { command } from '../../src/commands/context.ts';
import { TOPICS } from '../../src/commands/topics/topics.ts';
import { EXIT_MEANINGS } from '../../src/domain/exitCodes.ts';
import { MESSAGE_STATES } from '../../src/domain/message.ts';
import { commandTable, reference } from '../readme/reference.ts';
import { commandsIn, commandTree, examplesOf, helpOf, parametersOf, pathOf } from '../support/commandTree.ts';
import { Folder, outreach } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** A command with more flags of its own says what they are for, group by group. */
const MOST_UNGROUPED = 4;

let commands: Command[];

beforeAll(async () => {
  commands = commandsIn(await commandTree());
});

/** What is wrong with a command's help; nothing when all is well. */
function faults(of: Command): string[] {
  const found: string[] = [];
  const purpose = of.description();
  if (!/^[A-Z][^\n]{9,}\.$/.test(purpose)) found.push('its purpose is no single sentence');
  if (purpose.length > 130) found.push('its purpose is longer than 130 letters');
  if (of.summary() !== purpose) found.push('the list of commands says something else than its help');
  for (const argument of of.registeredArguments) if (argument.description === '') found.push(`<${argument.name()}> is not described`);
  const own = of.options.filter(({ hidden }) => !hidden);
  for (const option of own) if (option.description === '') found.push(`${option.flags} is not described`);
  const ungrouped = own.filter(({ helpGroupHeading }) => helpGroupHeading === undefined);
  if (ungrouped.length > 0 && own.length > MOST_UNGROUPED) found.push(`${ungrouped.map(({ flags }) => flags).join(', ')} in no group`);
  const help = helpOf(of);
  if (!help.startsWith(`Usage: ${pathOf(of)}`)) found.push('its usage does not begin with its name');
  for (const flag of ['--json', '--workspace <dir>', '--no-color', '--verbose', '-h, --help'])
    if (!help.includes(flag)) found.push(`its help lacks ${flag}`);
  const examples = of.commands.length > 0 ? of.commands.flatMap(examplesOf) : examplesOf(of);
  if (examples.length < 2) found.push('it has fewer than two examples');
  for (const example of examples)
    if (!`${example} `.startsWith(`${pathOf(of)} `)) found.push(`"${example}" is an example of something else`);
  return found;
}

test('every command, subcommands included, says its purpose in one sentence, describes and groups its flags, and has two examples', () => {
  expect(commands.length).toBeGreaterThan(30);
  expect(commands.flatMap((one) => faults(one).map((fault) => `${pathOf(one)}: ${fault}`))).toEqual([]);
});

test('a command without any of it is found out', () => {
  const program = new Command('outreach');
  const bad = command('bad', 'no sentence', ['good 1']).argument('<what>');
  for (const letter of 'abcde') bad.option(`--${letter}`, letter === 'a' ? '' : 'something');
  program.addCommand(bad);
  expect(faults(bad).map((fault) => fault.split(' ').slice(0, 3).join(' '))).toEqual([
    'its purpose is',
    '<what> is not',
    '--a is not',
    '--a, --b, --c,',
    'its help lacks',
    'its help lacks',
    'its help lacks',
    'its help lacks',
    'it has fewer',
    '"outreach good 1"',
  ]);
});

test('every example is understood by the command that shows it', async () => {
  const wrong: string[] = [];
  for (const example of commands.flatMap((one) => (one.commands.length > 0 ? [] : examplesOf(one)))) {
    let ran = false;
    const program = await commandTree(() => {
      ran = true;
    });
    const failed = await program.parseAsync(['node', 'outreach', ...parametersOf(example)]).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (!ran) wrong.push(`${example}: ${failed ?? 'nothing ran'}`);
  }
  expect(wrong).toEqual([]);
});

test('docs/reference.md is what npm run readme -- reference makes of the commands', async () => {
  const written = readFileSync(join(ROOT, 'docs', 'reference.md'), 'utf8');
  expect(written, 'run: npm run readme -- reference').toBe(await reference());
});

test("README's list of commands is what npm run readme -- commands makes of them", async () => {
  const cells = (table: string) => table.split('\n').map((row) => row.split('|').map((cell) => cell.trim().replace(/^-+$/, '-')));
  const [, written = ''] =
    /<!-- made by npm run readme: commands -->\n\n([\s\S]*?)\n\n<!-- end -->/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  expect(cells(written), 'run: npm run readme -- commands').toEqual(cells(await commandTable()));
});

test('--help alone is read from a file of the build, in ASCII, and tells what commander does', async () => {
  const folder = new Folder();
  try {
    const { stdout } = await outreach(folder, ['--help']);
    expect(stdout).toBe(readFileSync(join(ROOT, 'dist', 'help.txt'), 'utf8'));
    expect((await outreach(folder, ['--no-color', '--help'])).stdout).toBe(stdout);
    expect(stdout).toMatch(/^[\n\x20-\x7e]+$/);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, name]) => name);
    expect(listed).toEqual(commands.filter(({ parent }) => parent?.parent === null).map((one) => one.name()));
    const tree = JSON.parse(readFileSync(join(ROOT, 'dist', 'tree.json'), 'utf8')) as Branch;
    expect(tree.commands.map(({ name }) => name)).toEqual(listed);
  } finally {
    folder.remove();
  }
});

test('help tells of a command, of a topic and of the topics, and what was meant by a slip', async () => {
  const folder = new Folder();
  const says = async (...words: string[]) => (await outreach(folder, ['help', ...words])).stdout;
  try {
    expect(await says('import')).toBe((await outreach(folder, ['import', '--help'])).stdout);
    const list = await says('topics');
    for (const [name, { purpose, read }] of Object.entries(TOPICS)) {
      expect(list).toContain(`${name.padEnd(14)}  ${purpose}`);
      const text = await says(name);
      expect(text).toBe(`${await read()}\n`);
      expect(text, name).toMatch(/^[\n\x20-\x7e]+$/);
      expect(Math.max(...text.split('\n').map((line) => line.length)), name).toBeLessThanOrEqual(80);
    }
    for (const state of MESSAGE_STATES) expect(await TOPICS.states?.read()).toContain(`  ${state} `);
    for (const code of Object.keys(EXIT_MEANINGS)) expect(await TOPICS['exit-codes']?.read()).toMatch(new RegExp(`^ {2}${code} +\\w`, 'm'));
    expect(JSON.parse(await says('pace', '--json'))).toMatchObject({ topic: 'pace', text: expect.stringContaining('sender cap') });
    expect(await outreach(folder, ['help', 'priavcy'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no help on priavcy; did you mean privacy?\n'),
    });
  } finally {
    folder.remove();
  }
});
