// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what this file is about
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lineOf } from '../../src/commands/completion/complete.ts';
import { askKey } from '../../src/terminal/askKey.ts';
import { askSecret } from '../../src/terminal/askSecret.ts';
import { confirm } from '../../src/terminal/confirm.ts';
import { openLog } from '../../src/terminal/log.ts';
import { Output } from '../../src/terminal/output.ts';
import { printable } from '../../src/terminal/printable.ts';
import { progressBar } from '../../src/terminal/progressBar.ts';
import { Screen as TerminalScreen } from '../../src/terminal/screen.ts';
import { formatTable } from '../../src/terminal/table.ts';
import { Folder, outreach } from '../support/program.ts';

/** What moves a cursor, writes a clipboard, turns a line around or hides; our own colours and the ways of a drawn bar aside. */
const HARMFUL =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0001}-\u{e007f}]/u;

const PIECES = [
  '\u001b]52;c;cHduZWQ=\u0007',
  '\u001b]0;title\u001b\\',
  '\u001b[2J',
  '\u001b[8m',
  '\u001b[1;1H',
  '\u009b31m',
  '\u009d52;c;eA==\u009c',
  '\u001bP$q\u001b\\',
  '\r',
  '\b\b',
  '\u0000',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u{e0041}',
  '\ufeff',
  '\ud800',
  'Grace',
  '日本',
  '👩‍👧',
  ' ',
  '\n',
];
const hostile = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(''));

let folder: Folder;
beforeAll(() => {
  folder = new Folder();
});
afterAll(() => folder.remove());

class DrawnScreen extends PassThrough {
  readonly isTTY = true;
  columns = 80;
  rows = 24;
  text(): string {
    return this.read()?.toString() ?? '';
  }
}

function outputOn(json = false) {
  const [stdout, stderr] = [new DrawnScreen(), new DrawnScreen()];
  const streams = { stdout: stdout as unknown as NodeJS.WriteStream, stderr: stderr as unknown as NodeJS.WriteStream };
  return { output: new Output({ json, colour: true, unicode: true, redraws: true, ...streams, formatTable }), stdout, stderr };
}

const withoutColours = (text: string) => text.replaceAll(/\u001b\[(?:[0127]|2[27]|3[1-79]|9[0-7])m/g, '');

test.each<[string, (text: string) => string | Promise<string>]>([
  ['a line', (text) => said(({ output }) => output.line(text))],
  ['a coloured line', (text) => said(({ output }) => output.line(output.colour.red(text)))],
  ['talk', (text) => said(({ output }) => output.talk(text))],
  ['a table', (text) => said(({ output }) => output.table(['A', text], [[text, output.colour.dim(text)]]))],
  ['an object', (text) => said(({ output }) => output.object({ [text]: text }), true)],
  ['data on a terminal', (text) => said(({ output }) => output.data(text))],
  ['a progress line', (text) => progressOf(text)],
  ['a question of yes and no', (text) => asked((input, output) => confirm(text, input, output))],
  ['a question with keys', (text) => asked((input, output) => askKey(text, ['yes', 'no'], input, output))],
  ['a question for a secret', (text) => asked((input, output) => askSecret(text, { input, output }))],
  ['a picture of the dashboard', (text) => drawn(text)],
  ['a line of the log on a terminal', (text) => logged(text, true)],
  ['a line of the log for a program', (text) => logged(text, false)],
  ['a completed word', (text) => lineOf({ value: text, meaning: text })],
])('%s brings nothing to a terminal that moves, hides or turns around', async (_, print) => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      expect(withoutColours(await print(text))).not.toMatch(HARMFUL);
    }),
    { numRuns: 60 },
  );
});

async function said(print: (on: ReturnType<typeof outputOn>) => unknown, json = false): Promise<string> {
  const on = outputOn(json);
  await print(on);
  return on.stdout.text() + on.stderr.text();
}

function drawn(text: string): string {
  const out = new DrawnScreen();
  const screen = new TerminalScreen(out as unknown as NodeJS.WriteStream);
  screen.open();
  screen.draw(text);
  screen.close();
  // Its own ways of drawing each line in its row.
  return out.text().replaceAll(/\u001b(?:\[\?\d+[hl]|\[\d*[KJ]|\[\d+;\d+H|\[0m)/g, '');
}

async function logged(text: string, isTTY: boolean): Promise<string> {
  const path = join(folder.path, 'log');
  const fd = openSync(path, 'w');
  const log = await openLog('info', { isTTY, fd }, true);
  log.warn({ to: text, reply: text, [text]: text, error: new Error(text) }, text);
  closeSync(fd);
  return readFileSync(path, 'utf8');
}

function progressOf(text: string): string {
  const screen = new DrawnScreen();
  const bar = progressBar(screen as unknown as NodeJS.WriteStream, 10, {});
  bar.update(5, text);
  bar.stop();
  // Its own ways of drawing on one line.
  return screen.text().replaceAll(/\u001b(?:\[(?:\d*[GKJ]|\?25[hl]|\?7[hl])|[78])|\r/g, '');
}

async function asked(ask: (input: NodeJS.ReadStream, output: NodeJS.WriteStream) => Promise<unknown>): Promise<string> {
  const [input, output] = [new DrawnScreen(), new DrawnScreen()];
  Object.assign(input, { setRawMode: () => input });
  const answered = ask(input as unknown as NodeJS.ReadStream, output as unknown as NodeJS.WriteStream).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 30));
  input.end('y\n');
  await answered;
  // The line editor draws its prompt anew and sets the cursor behind it.
  return output.text().replaceAll(/\u001b\[\d*[GJK]|\u001b\[\d+[ABCD]|\r\n|\r/g, '');
}

test('our own colours stay, and nothing else of the kind', () => {
  expect(printable('\u001b[31mred\u001b[39m \u001b[2mdim\u001b[22m')).toBe('\u001b[31mred\u001b[39m \u001b[2mdim\u001b[22m');
  expect(printable('\u001b[8mhidden\u001b[30mblack\u001b[41mback')).toBe('hiddenblackback');
  expect(printable('a\u202eb')).toBe('a⟨U+202E⟩b');
});

test('a terminal without a size is one of unknown width, and no line becomes nothing', () => {
  const { output, stdout } = outputOn();
  stdout.columns = 0;
  output.table(['A', 'B'], [['one', 'two words']]);
  expect(output.columns).toBeUndefined();
  expect(withoutColours(stdout.text())).toContain('one  two words');
});

test('an error repeats nothing of its input that moves, hides or turns around', async () => {
  const { code, stderr } = await outreach(folder, ['import', PIECES.filter((piece) => !piece.includes('\0')).join('x')]);
  expect([code, stderr.length > 0]).toEqual([2, true]);
  expect(stderr).not.toMatch(HARMFUL);
});
