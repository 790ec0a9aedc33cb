import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionTrouble } from '../../src/domain/connectionTrouble.ts';
import { parseTemplate } from '../../src/domain/template.ts';
import { CAMPAIGN, csv, Folder, json, outreach } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = join(ROOT, 'bin', 'outreach.js');
const run = promisify(execFile);
/** Test machines without it (Windows) have no pseudo-terminal either. */
const PYTHON = spawnSync('python3', ['--version']).status === 0;

/** Far from the machine's own UTC, without daylight saving, and never the same day for long. */
const ZONE = 'Asia/Tokyo';
const AHEAD = 9 * 3_600_000;

const CONFIG = `version: 1
identity: { name: Ana Ruiz, timezone: ${ZONE} }
senders: [{ name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>", gap: { min: 1h, max: 2h } }]
`;

let folder: Folder;

/** Job 1 is a drip that takes weeks, with its first mail out; job 2 starts in 2030. */
beforeAll(async () => {
  folder = new Folder();
  folder.write('outreach.yaml', CONFIG);
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('campaigns/a-rather-long-name.md', CAMPAIGN);
  folder.write('leads.csv', csv(300));
  await outreach(folder, ['import', 'leads.csv', '--campaign', 'hello', '--rate', '1']);
  await outreach(folder, ['worker', '--drain']);
  await outreach(folder, ['import', 'leads.csv', '--campaign', 'a-rather-long-name', '--at', '2030-03-01T09:30']);
});

afterAll(() => folder.remove());

interface Drawn {
  readonly code: number;
  readonly text: string;
}

/** On a real terminal; `text` as drawn, escape sequences included. */
async function onTerminal(columns: number, parameters: readonly string[], env: Record<string, string> = {}): Promise<Drawn> {
  const environment = { PATH: process.env.PATH, HOME: folder.path, TZ: 'UTC', TERM: 'xterm-256color', ...env };
  const pty = [join(ROOT, 'test', 'support', 'terminal.py'), String(columns), JSON.stringify(environment), process.execPath, PROGRAM];
  const ended = run('python3', [...pty, ...parameters], { cwd: folder.path });
  const { stdout, code } = await ended.then(
    (good) => ({ ...good, code: 0 }),
    (bad: { stdout: string; code: number }) => bad,
  );
  return { code, text: stdout.replaceAll('\r\n', '\n') };
}

function shell(script: string, env: Record<string, string> = {}) {
  return spawnSync('bash', ['-c', `set -o pipefail; ${script}`], {
    cwd: folder.path,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder.path, TZ: 'UTC', PROGRAM, NODE: process.execPath, ...env },
  });
}

const ESCAPE = '\u001b';
const widest = (text: string) =>
  Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => [...line].length),
  );

test('a reader that has seen enough ends the command without a word', () => {
  expect(shell('"$NODE" "$PROGRAM" messages --json | head -1')).toMatchObject({ status: 0, stderr: '' });
  expect(shell('"$NODE" "$PROGRAM" messages | head -1')).toMatchObject({ status: 0, stderr: '' });
  for (const words of ['help states', '--help', '-h', 'help', '--version', '-V'])
    expect(shell(`"$NODE" "$PROGRAM" ${words} | true`).stderr).toBe('');
});

test('whoever stops reading the talk still has the work done', () => {
  const { stdout } = shell('{ "$NODE" "$PROGRAM" import leads.csv --campaign hello --dry-run --json 2>&1 >&3 | true; } 3>&1');
  expect(JSON.parse(stdout)).toMatchObject({ rows: 300 });
});

test('closed standard streams are no trouble', () => {
  expect(shell('"$NODE" "$PROGRAM" status <&-')).toMatchObject({ status: 0, stderr: '' });
  expect(shell('"$NODE" "$PROGRAM" status >&-')).toMatchObject({ status: 0, stderr: '' });
  expect(shell('"$NODE" "$PROGRAM" nope 2>&-')).toMatchObject({ status: 2, stdout: '' });
  const asks = shell('"$NODE" "$PROGRAM" forget jane@northwind.example <&-');
  expect([asks.status, asks.stderr]).toEqual([2, expect.stringMatching(/^outreach: .* no terminal to ask on\n {2}Add --yes\.\n$/)]);
  const empty = shell('"$NODE" "$PROGRAM" import - --campaign hello <&-');
  expect([empty.status, empty.stderr]).toEqual([2, expect.stringMatching(/^outreach: stdin/m)]);
});

test.runIf(existsSync('/dev/full'))('a full disk is said in one line, and when it takes no errors either the code stays', () => {
  expect(shell('"$NODE" "$PROGRAM" --help >/dev/full')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^outreach: .*ENOSPC.*\n$/),
  });
  expect(shell('"$NODE" "$PROGRAM" status >/dev/full')).toMatchObject({ status: 1, stderr: expect.stringContaining('the disk is full') });
  expect(shell('"$NODE" "$PROGRAM" nope 2>/dev/full')).toMatchObject({ status: 2 });
});

test.runIf(PYTHON)('neither JSON on a terminal nor an error carries what moves its cursor', async () => {
  folder.write('evil.csv', 'email,first_name,company\nevil@evil.example,\u009b31mx\u202ey,x\n');
  await outreach(folder, ['import', 'evil.csv', '--campaign', 'hello']);
  const { text: shown } = await onTerminal(80, ['export', 'person', 'evil@evil.example', '--json']);
  expect(shown).toContain('\\u009b31mx\\u202ey');
  expect(shown).not.toMatch(/[\u009b\u202e]/);
  expect(shell(`"$NODE" "$PROGRAM" campaign check "$(printf 'a\\033[2Jb')"`).stderr).toContain('there is no campaign ab in');
  await outreach(folder, ['forget', 'evil@evil.example', '--yes']);
});

test.runIf(PYTHON)('a terminal gets colour, unless it is dumb or NO_COLOR or --no-color says otherwise', async () => {
  expect((await onTerminal(80, ['status'])).text).toContain(ESCAPE);
  for (const env of [{ TERM: 'dumb' }, { NO_COLOR: '1' }]) {
    expect((await onTerminal(80, ['status'], env)).text).not.toContain(ESCAPE);
    expect((await onTerminal(80, ['show', '9999'], env)).text).not.toContain(ESCAPE);
  }
  expect((await onTerminal(80, ['status', '--no-color'])).text).not.toContain(ESCAPE);
  expect((await outreach(folder, ['status'])).stdout).not.toContain(ESCAPE);
});

test.runIf(PYTHON)('a dumb terminal and a CI run are not drawn over, and in CI nobody is asked', async () => {
  const imported = async (rows: number, env: Record<string, string> = {}) => {
    folder.write('more.csv', csv(rows));
    return (await onTerminal(80, ['import', 'more.csv', '--campaign', 'hello'], env)).text;
  };
  expect(await imported(301)).toContain('\u001b[?25l');
  expect(await imported(302, { TERM: 'dumb' })).not.toContain(ESCAPE);
  expect(await imported(303, { CI: 'true' })).not.toContain('\u001b[?25l');
  const asked = await onTerminal(80, ['forget', 'jane@northwind.example'], { CI: 'true', NO_COLOR: '1' });
  expect(asked).toEqual({ code: 2, text: expect.stringContaining('no terminal to ask on') });
});

test.runIf(PYTHON)('status fits into 80 columns, with jobs that take weeks and start in years', async () => {
  const { text } = await onTerminal(80, ['status']);
  const table = stripVTControlCharacters(text).split('\n\n')[0] ?? '';
  expect(table).toMatch(/^JOB +CAMPAIGN +STATUS +SENT +FAILED +LEFT +NEEDS YOU +DONE BY$/m);
  expect(table).toMatch(/^1 +hello +processing +1\/300 +0 +299 +0 +\d+ [A-Z][a-z]{2}/m);
  expect(
    widest(
      table
        .split('\n')
        .filter((line) => /^(?:JOB|\d)/.test(line))
        .join('\n'),
    ),
  ).toBeLessThanOrEqual(80);
  expect(stripVTControlCharacters((await onTerminal(120, ['status'])).text)).toMatch(/ MODE .*\n.* drip 1\/h .*\n.* at 1 Mar 30 /);
});

test.runIf(PYTHON)('on 20 columns a row is a block of lines, and nothing is lost', async () => {
  for (const parameters of [['status'], ['jobs'], ['messages', '--limit', '2'], ['senders'], ['plan']]) {
    const { code, text } = await onTerminal(20, parameters);
    expect([parameters[0], code]).toEqual([parameters[0], 0]);
    expect(text).toContain('Next: ');
  }
  const messages = stripVTControlCharacters((await onTerminal(20, ['messages', '--limit', '1'])).text);
  expect(messages).toMatch(/^ID +1\nJOB +1\nTO +lead0@company0\.example\nSTATE +accepted\n/);
  expect((await onTerminal(20, ['--help'])).text).toContain('Usage: outreach');
  expect((await onTerminal(20, ['status', '--help'])).code).toBe(0);
});

test.runIf(PYTHON)('where UTF-8 is not read, tables, bars and talk are ASCII, and people keep their names', async () => {
  folder.write('umlaut.csv', 'email,first_name,company\nhana@umlaut.example,Müller,A company with a name that is too long for any table\n');
  folder.write('campaigns/umlaut.md', '---\nsubject: "For {{ first_name }} of {{ company }}"\n---\nHi.\n');
  await outreach(folder, ['import', 'umlaut.csv', '--campaign', 'umlaut']);
  await outreach(folder, ['worker', '--drain', '--only', 'generate']);
  const inC = async (parameters: string[]) =>
    stripVTControlCharacters((await onTerminal(80, parameters, { LC_ALL: 'C', LANG: 'en_US.UTF-8' })).text);
  const cut = await inC(['messages', '--email', 'hana@umlaut.example']);
  expect(cut).toMatch(/For Müller of A.*\.\.\./);
  expect(cut).not.toContain('…');
  expect(await inC(['import', 'leads.csv', '--campaign', 'hello'])).toMatch(/^[\n\r\x20-\x7e]+$/);
  expect(await inC(['import', 'umlaut.csv', '--campaign', 'umlaut', '--dry-run'])).toContain('email -> email');
  const utf8 = await onTerminal(80, ['messages', '--email', 'hana@umlaut.example'], { LANG: 'C.UTF-8' });
  expect(utf8.text).toContain('…');
});

test('all commands tell the time of the workspace’s zone, and JSON that of UTC', async () => {
  const wall = (iso: string) => new Date(Date.parse(iso) + AHEAD).toISOString().slice(11, 19);
  const says = async (...parameters: string[]) => (await outreach(folder, parameters)).stdout;
  const shown = await json<{ attempts: { started_at: string }[] }>(folder, 'show', '1');
  expect(shown.attempts[0]?.started_at).toMatch(/Z$/);
  expect(await says('show', '1')).toContain(wall(shown.attempts[0]?.started_at ?? ''));
  const [waits] = (await json<{ waits_for: { opens_at: string }[] }>(folder, 'why', '2')).waits_for;
  expect(await says('why', '2')).toContain(wall(waits?.opens_at ?? ''));
  const job = await json<{ created_at: string }>(folder, 'jobs', '1');
  expect(await says('jobs', '1')).toContain(wall(job.created_at));
  expect(await says('jobs')).toContain(wall(job.created_at));
  const late = await json<{ scheduled_for: string }>(folder, 'jobs', '2');
  expect(late.scheduled_for).toBe('2030-03-01T00:30:00.000Z');
  expect(await says('status')).toContain('Job 2 waits: scheduled, until 2030-03-01 09:30:00');
  expect(await says('status')).toContain(`Times are those of ${ZONE}.`);
  const { until } = await json<{ until: string }>(folder, 'plan', '--until', 'tomorrow');
  const day = new Date(Date.parse(until) + AHEAD).toISOString();
  expect(await says('plan', '--until', 'tomorrow')).toContain(`Until ${day.slice(0, 10)} ${day.slice(11, 19)}, days of ${ZONE}`);
  expect((await outreach(folder, ['import', 'leads.csv', '--campaign', 'hello', '--at', '2020-01-01T09:00'])).stderr).toContain(
    '2020-01-01 09:00:00 is over',
  );
});

test('what a slip of the finger meant is told: commands, flags, values, campaigns, senders, variables, filters', async () => {
  const complains = async (...parameters: string[]) => {
    const { code, stderr } = await outreach(folder, parameters);
    expect(code).toBe(2);
    return stderr.split('\n')[0];
  };
  expect(await complains('wokrer')).toBe("outreach: unknown command 'wokrer'; did you mean worker?");
  expect(await complains('status', '--wacth')).toBe("outreach: unknown option '--wacth'; did you mean --watch?");
  expect(await complains('status', '--jsno')).toBe("outreach: unknown option '--jsno'; did you mean --json?");
  expect(await complains('messages', '--state', 'uncertian')).toMatch(/; did you mean uncertain\?$/);
  expect(await complains('suppress', 'lits')).toMatch(/; did you mean list\?$/);
  expect(await complains('preview', 'helo')).toMatch(/; did you mean hello\?$/);
  expect(await complains('import', 'leads.csv', '--campaign', 'helo')).toMatch(/; did you mean hello\?$/);
  expect(await complains('senders', 'resume', 'mian')).toMatch(/; did you mean main\?$/);
  expect(await complains('test', 'hello', '--to', 'me@ruiz.example', '--sender', 'mian')).toMatch(/; did you mean main\?$/);
  folder.write('campaigns/slip.md', CAMPAIGN.replace('{{ company }}', '{{ compny }}'));
  expect(await complains('import', 'leads.csv', '--campaign', 'slip')).toMatch(/slip\.md:2:\d+: .*; did you mean \{\{ company \}\}\?$/);
  folder.write('campaigns/slip.md', CAMPAIGN.replace('{{ company }}', '{{ sender.nmae }}'));
  expect(await complains('import', 'leads.csv', '--campaign', 'slip')).toMatch(/; did you mean \{\{ sender\.name \}\}\?$/);
  const at = { path: 'slip.md', line: 1 };
  expect(() => parseTemplate('{{ company | defualt: "you" }}', at)).toThrow('undefined filter: defualt; did you mean default?');
  expect(() => parseTemplate('{% iff company %}', at)).toThrow('did you mean if?');
});

test('an error is one sentence; --verbose adds what caused it, without a secret', async () => {
  const spoiled = new Folder();
  try {
    spoiled.write('outreach.yaml', CONFIG);
    spoiled.write('campaigns/hello.md', CAMPAIGN);
    spoiled.write('there.db', 'something');
    await outreach(spoiled, ['status']);
    const plain = await outreach(spoiled, ['restore', 'there.db']);
    expect(plain.stderr).toMatch(/^outreach: .*there\.db is not a whole database\n {2}Name another backup\.\n$/);
    const verbose = await outreach(spoiled, ['restore', 'there.db', '--verbose']);
    expect(verbose.code).toBe(plain.code);
    expect(verbose.stderr).toBe(`${plain.stderr}  because of SqliteError SQLITE_NOTADB: file is not a database\n`);
    // A folder is called as the password is, and a folder stands where the file of passwords belongs.
    const password = 'correct-horse-battery';
    mkdirSync(spoiled.at(password, '.outreach', 'secrets.json'), { recursive: true });
    chmodSync(spoiled.at(password, '.outreach', 'secrets.json'), 0o600);
    spoiled.write(`${password}/outreach.yaml`, CONFIG);
    const login = ['login', 'main', '--stdin', '--file', '--no-check', '--verbose', '--workspace', password];
    const told = (await outreach(spoiled, login, {}, password)).stderr;
    expect(told).toContain('[redacted]');
    expect(told).toContain('  because of UnfitFile: ');
    expect(told).not.toContain(password);
    expect((await outreach(spoiled, ['show', '7', '--verbose'])).stderr).toContain('there is no message 7');
  } finally {
    spoiled.remove();
  }
});

test('what the system says of a connection is told in words', () => {
  expect(connectionTrouble('getaddrinfo ENOTFOUND smtp.ruiz.example')).toBe('there is no host smtp.ruiz.example in DNS (ENOTFOUND)');
  expect(connectionTrouble('connect ECONNREFUSED 127.0.0.1:25')).toBe('nothing answers at 127.0.0.1:25 (ECONNREFUSED)');
  expect(connectionTrouble('read ECONNRESET')).toBe('the other side broke the connection (ECONNRESET)');
  expect(connectionTrouble('535 5.7.8 Bad credentials')).toBe('535 5.7.8 Bad credentials');
  expect(connectionTrouble('EHLO is required')).toBe('EHLO is required');
});
