import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  blockIn,
  cronFile,
  cronLine,
  cronMarkers,
  launchdPlist,
  type ServiceOrder,
  systemdUnit,
  withBlock,
  withoutBlock,
} from '../../src/app/serviceUnits.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outreach-test-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Whatever a person may call a folder. */
const ODD = ['plain', 'two  words', '100% $HOME $(x) $1', `it's "odd"`, 'back\\slash', 'percent\\%t <&> ;|*?~#`x`', 'ends\\', 'ñandú'];

/** A worker whose every path goes through a folder of that name; its Node is a real one, under a name of its own. */
function orderIn(name: string, more: Partial<ServiceOrder> = {}): ServiceOrder {
  const place = join(folder, name);
  mkdirSync(join(place, 'ws'), { recursive: true });
  // Node runs no module below a folder with a backslash in its name.
  const program = join(name.includes('\\') ? folder : place, 'say.mjs');
  symlinkSync(process.execPath, join(place, 'node'));
  writeFileSync(program, 'process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.OUTREACH_STATE]));\n');
  return {
    name: 'outreach-odd',
    workspace: place,
    node: join(place, 'node'),
    program,
    envFile: join(place, '.env'),
    environment: { OUTREACH_STATE: join(place, 'state') },
    credentials: [{ name: 'smtp', path: join(place, 'secret') }],
    account: undefined,
    log: join(place, 'said'),
    ...more,
  };
}

const has = (program: string) => spawnSync(program, ['--version']).status === 0;

/** What systemd makes of a unit: its complaints, and the unit as it understood it. */
function understood(unit: string, manager: '--user' | '--system'): { complaints: string; dump: string } {
  const path = join(folder, 'outreach-odd.service');
  writeFileSync(path, unit);
  const runtime = { XDG_RUNTIME_DIR: folder, HOME: folder };
  const verify = (level: string) =>
    spawnSync('systemd-analyze', [manager, '--man=no', 'verify', path], {
      encoding: 'utf8',
      env: { ...process.env, ...runtime, SYSTEMD_LOG_LEVEL: level },
    });
  const { status, stdout, stderr } = verify('warning');
  const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('outreach-odd'));
  return { complaints: `${status} ${about.join('\n')}`.trim(), dump: verify('debug').stdout };
}

test.skipIf(!has('systemd-analyze')).each(ODD)(
  'systemd-analyze verify takes a unit whose paths hold %j, and reads them as they are',
  (name) => {
    const order = orderIn(name);
    const { complaints, dump } = understood(systemdUnit(order), '--user');
    expect(complaints).toBe('0');
    const shown = (key: string) => new RegExp(`^\\s*${key}: (.*)$`, 'm').exec(dump)?.[1];
    expect(shown('WorkingDirectory')?.replace(/\/$/, '')).toBe(order.workspace);
    expect(shown('Environment')).toBe(`OUTREACH_STATE=${order.environment.OUTREACH_STATE}`);
    const started = wordsShown(shown('Command Line') ?? '').map((word) => word.replaceAll('$$', '$'));
    const command = ['--', order.program, 'worker', '--workspace', order.workspace, '--env-file', order.envFile];
    expect(started.slice(-command.length)).toEqual(command);
    expect(started.slice(0, -command.length).at(-1)).toBe(order.node);
  },
);

/** As systemd shows a command: words with anything odd in double quotes, where backslashes escape. */
function wordsShown(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) => bare ?? quoted?.replace(/\\(.)/g, '$1') ?? '');
}

test.skipIf(!has('systemd-analyze'))('a system unit is verified too, names its account and is confined', () => {
  const unit = systemdUnit(orderIn('plain', { account: 'root' }));
  expect(understood(unit, '--system').complaints).toBe('0');
  expect(unit).toContain('\nUser=root\n');
  expect(unit).toContain('\nWantedBy=multi-user.target\n');
  expect(unit).toContain(`\nLoadCredential=smtp:${join(folder, 'plain', 'secret')}\n`);
});

test.skipIf(!has('systemd-analyze'))('the verifier would notice: a key that systemd does not know is a complaint', () => {
  const unit = systemdUnit(orderIn('plain')).replace('KillMode=mixed', 'KillMode=gently');
  expect(understood(unit, '--user').complaints).toContain('kill mode');
});

test('a unit restarts after failures alone, lets a worker finish its mails, and takes what needs a person for success', () => {
  const unit = systemdUnit(orderIn('plain'));
  for (const line of ['Type=exec', 'Restart=on-failure', 'SuccessExitStatus=3 4', 'ExecReload=kill -HUP $MAINPID'])
    expect(unit.split('\n')).toContain(line);
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(30);
});

/** What cron hands to the shell (man 5 crontab): \% is %, and a bare % would end the command. */
function asCron(line: string): string {
  const command = line.split(' ').slice(5).join(' ');
  let handed = '';
  for (let at = 0; at < command.length; at++) {
    if (command[at] === '\\' && command[at + 1] !== undefined) {
      handed += command[at + 1] === '%' ? '%' : `\\${command[at + 1]}`;
      at++;
    } else if (command[at] === '%') break;
    else handed += command[at];
  }
  return handed;
}

test.skipIf(process.platform === 'win32').each(ODD)(
  'a cron line whose paths hold %j runs what was meant, through cron and a real shell',
  (name) => {
    const order = orderIn(name);
    const { status, stderr } = spawnSync('/bin/sh', ['-c', asCron(cronLine(order))], { encoding: 'utf8', env: {}, cwd: '/' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const said = spawnSync('cat', ['--', order.log], { encoding: 'utf8' }).stdout;
    expect(JSON.parse(said)).toEqual([
      ['worker', '--for', '5m', '--workspace', order.workspace, '--env-file', order.envFile],
      order.environment.OUTREACH_STATE,
    ]);
  },
);

test('a line for /etc/cron.d names its account after the five fields', () => {
  expect(cronFile(orderIn('plain', { account: 'ana' }))).toMatch(/^# Made by: .*\n\*\/5 \* \* \* \* ana umask 077; OUTREACH_STATE=/);
});

const PLIST = 'import plistlib, sys, json; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)';

test.skipIf(spawnSync('python3', ['-c', 'import plistlib']).status !== 0).each(ODD)(
  'a property list whose paths hold %j says them as they are',
  (name) => {
    const order = orderIn(name, { account: 'ana' });
    const { stdout, stderr } = spawnSync('python3', ['-c', PLIST], { input: launchdPlist(order), encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      Label: 'local.outreach-odd',
      ProgramArguments: [order.node, '--', order.program, 'worker', '--workspace', order.workspace, '--env-file', order.envFile],
      WorkingDirectory: order.workspace,
      EnvironmentVariables: order.environment,
      UserName: 'ana',
      KeepAlive: { SuccessfulExit: false },
      RunAtLoad: true,
      Umask: 0o077,
      StandardErrorPath: order.log,
    });
  },
);

const markers = cronMarkers('outreach-acme');
const someLines = fc.array(
  fc.oneof(fc.string(), fc.constantFrom('', '# outreach-acme', '# outreach-other: begin', 'MAILTO=ana', '0 5 * * * x')),
  { maxLength: 8 },
);

test('whatever else stands in a crontab stays, in its order, when the service comes, changes and goes', () => {
  fc.assert(
    fc.property(someLines, someLines, (before, after) => {
      const others = [...before, ...after].map((line) => line.replaceAll('\n', ' '));
      const text = others.length === 0 ? '' : `${others.join('\n')}\n`;
      const first = withBlock(text, markers, '1 * * * * x');
      expect(first.startsWith(text)).toBe(true);
      const [head, tail] = [first, `${others.join('\n')}\n`];
      const changed = withBlock(`${head}${tail}`, markers, '2 * * * * y');
      expect(changed).toContain('2 * * * * y');
      expect(changed).not.toContain('1 * * * * x');
      expect(withoutBlock(changed, markers)).toBe(`${text}${tail}`);
      expect(withoutBlock(first, markers)).toBe(text);
    }),
  );
});

test('half a pair of markers, or two pairs, are not taken for a block', () => {
  const whole = withBlock('', markers, 'x');
  expect(blockIn(whole, markers)).toEqual({ from: 0, to: 3 });
  expect(blockIn('MAILTO=ana\n', markers)).toBeUndefined();
  for (const broken of [`${markers.begin}\nx\n`, `x\n${markers.end}\n`, `${markers.end}\n${markers.begin}\n`, `${whole}${whole}`])
    expect(blockIn(broken, markers)).toBeNull();
});
