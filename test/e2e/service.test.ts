import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, objects, outreach, until } from '../support/program.ts';

/** Real child processes in place of the system's own programs: they keep what they are told, and run what they are given. */
const SYSTEMCTL = `
printf '%s\\n' "$*" >>"$HOME/calls"
for unit; do case $unit in *.service) break;; esac; done
file="$HOME/.config/systemd/user/$unit"
pid=$(cat "$HOME/pid" 2>/dev/null)
stop() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done; rm -f "$HOME/pid"; }
case "$2" in
restart) stop; eval "$(sed -n 's/^ExecStart=//p' "$file") >>\\"$HOME/journal\\" 2>&1 &"; echo $! >"$HOME/pid";;
disable) stop; rm "$HOME/enabled";;
enable) touch "$HOME/enabled";;
show) [ -n "$pid" ] && now='active running' || now='inactive dead'
  set -- $now
  printf 'Result=success\\nMainPID=%s\\nActiveState=%s\\nSubState=%s\\n' "\${pid:-0}" "$1" "$2"
  [ -e "$HOME/enabled" ] && echo UnitFileState=enabled || echo UnitFileState=;;
esac`;

const CRONTAB = `
case "$1" in
-l) [ -e "$HOME/crontab" ] && cat "$HOME/crontab" || { echo "no crontab for ana" >&2; exit 1; };;
-r) rm "$HOME/crontab";;
-) cat >"$HOME/crontab.new"; mv "$HOME/crontab.new" "$HOME/crontab";;
esac`;

/** What was told to leave is there for two more questions, as launchd's is while its process ends. */
const LAUNCHCTL = `
printf '%s\\n' "$*" >>"$HOME/calls"
case "$1" in
print) [ -e "$HOME/loaded" ] || { echo "Could not find service" >&2; exit 113; }
  if [ -s "$HOME/loaded" ]; then left=$(($(cat "$HOME/loaded") - 1)); [ $left -gt 0 ] && echo $left >"$HOME/loaded" || rm "$HOME/loaded"; fi
  printf 'x = {\\n\\tstate = running\\n\\tpid = 4242\\n}\\n';;
bootout) echo 2 >"$HOME/loaded"; exit 36;;
bootstrap) [ ! -e "$HOME/loaded" ] || { echo "Bootstrap failed: 5: Input/output error" >&2; exit 5; }; : >"$HOME/loaded";;
esac`;

let folder: Folder;
let sink: Sink;

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink(() => undefined);
  folder.write('acme/outreach.yaml', config(sink.port));
  folder.write('acme/campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
});

afterEach(async () => {
  const pid = existsSync(folder.at('pid')) ? Number(readFileSync(folder.at('pid'), 'utf8')) : 0;
  if (pid > 0) process.kill(pid, 'SIGKILL');
  await sink.close();
  folder.remove();
});

function tool(name: string, script: string): void {
  chmodSync(folder.write(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
}

/** PATH holds the tools that a test made, and what they are made of. */
const env = (tools = `${folder.at('bin')}:/usr/bin:/bin`) => ({ PATH: tools, XDG_CONFIG_HOME: '' });

const service = (words: string, tools?: string) =>
  outreach(folder, ['service', ...words.split(' '), '--workspace', folder.at('acme')], env(tools));

async function answer(words: string, tools?: string): Promise<Record<string, unknown>> {
  const ended = await service(`${words} --json`, tools);
  return { code: ended.code, ...objects(ended)[0] };
}

const text = (path: string) => readFileSync(folder.at(path), 'utf8');

test.skipIf(process.platform === 'win32')(
  'a service of systemd is installed, sends mail, is looked at, and is removed without a trace',
  async () => {
    tool('systemctl', SYSTEMCTL);
    expect(await answer('status --kind systemd')).toMatchObject({ code: 0, installed: false, enabled: false, running: false, workers: [] });
    await outreach(folder, ['import', 'leads.csv', '--workspace', folder.at('acme')]);
    const installed = await answer('install --kind systemd');
    expect(installed).toMatchObject({
      code: 0,
      name: 'outreach-acme',
      kind: 'systemd',
      started: true,
      trouble: null,
      commands: [],
      unseen: [],
    });
    expect(text('calls').trim().split('\n')).toEqual([
      '--user daemon-reload',
      '--user enable outreach-acme.service',
      '--user restart outreach-acme.service',
    ]);
    await until(() => sink.received.length === 3, 'the worker to send');
    const status = await answer('status --kind systemd');
    expect(status).toMatchObject({ installed: true, enabled: true, running: true, pid: Number(text('pid')), state: 'active (running)' });
    expect(status.workers).toMatchObject([{ pid: Number(text('pid')), mode: 'forever', alive: true }]);
    const removed = await answer('remove --kind systemd');
    expect(removed).toMatchObject({ code: 0, removed: true, trouble: null });
    // It was told to leave, and did so in order.
    expect(text('journal')).toContain('3 accepted');
    expect(existsSync(folder.at('.config/systemd/user/outreach-acme.service'))).toBe(false);
    expect(text('calls').trim().split('\n').at(-1)).toBe('--user daemon-reload');
    expect(await answer('remove --kind systemd')).toMatchObject({ code: 0, removed: false });
  },
);

test.skipIf(process.platform === 'win32')(
  'where systemctl is missing or fails, the unit is written and the commands are named',
  async () => {
    const without = await service('install --kind systemd', folder.at('nothing'));
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('outreach-acme is written, but not started: there is no program systemctl here');
    expect(without.stdout).toContain('systemctl --user daemon-reload');
    expect(text('.config/systemd/user/outreach-acme.service')).toContain(`\nWorkingDirectory=${folder.at('acme')}\n`);
    tool('systemctl', '[ "$2" != enable ] || { echo "Failed to enable: \\033[31mno" >&2; exit 4; }');
    expect(await answer('install --kind systemd')).toMatchObject({
      code: 1,
      started: false,
      trouble: expect.stringContaining('Failed to enable'),
      commands: ['systemctl --user enable outreach-acme.service', 'systemctl --user restart outreach-acme.service'],
    });
    expect(await answer('status --kind systemd', folder.at('nothing'))).toMatchObject({
      code: 0,
      installed: true,
      enabled: null,
      running: null,
    });
    // What has no file any more can be stopped, but not disabled.
    expect(await answer('remove --kind systemd', folder.at('nothing'))).toMatchObject({
      code: 1,
      removed: true,
      commands: ['systemctl --user stop outreach-acme.service'],
    });
    expect(existsSync(folder.at('.config/systemd/user/outreach-acme.service'))).toBe(false);
  },
);

test('--print writes the text to stdout and changes nothing', async () => {
  tool('systemctl', 'touch "$HOME/called"');
  tool('crontab', 'touch "$HOME/called"');
  tool('launchctl', 'touch "$HOME/called"');
  folder.write('acme/.env', 'SMTP_PASSWORD=x\n');
  for (const [kind, begins] of [
    ['systemd', '# Made by'],
    ['launchd', '<?xml'],
    ['cron', '*/5 * * * * umask 077;'],
  ]) {
    const { code, stdout } = await service(`install --kind ${kind} --print --env-file acme/.env`);
    expect(code).toBe(0);
    expect(stdout.startsWith(begins ?? '')).toBe(true);
    expect(stdout).toContain(folder.at('acme', '.env'));
    expect(stdout).not.toContain('SMTP_PASSWORD');
  }
  const system = await service('install --kind systemd --system --user ana --print');
  expect(system.stdout).toContain('\nUser=ana\n');
  for (const trace of ['called', '.config', 'Library', 'acme/.outreach/worker.log'])
    expect(existsSync(folder.at(trace)), trace).toBe(false);
});

test.skipIf(process.platform === 'win32')(
  'a crontab keeps every other line, byte for byte, when the service comes, changes and goes',
  async () => {
    tool('crontab', CRONTAB);
    const others = Buffer.from('MAILTO=ana\n\n# caf\xe9, in latin1\n0 5 * * * backup %\n# outreach-other: begin\n', 'latin1');
    folder.write('crontab', others);
    expect(await answer('install --kind cron')).toMatchObject({ code: 0, started: true, file: 'crontab' });
    const first = readFileSync(folder.at('crontab'));
    expect(first.subarray(0, others.length)).toEqual(others);
    expect(await answer('install --kind cron')).toMatchObject({ code: 0 });
    expect(readFileSync(folder.at('crontab'))).toEqual(first);
    // Found without being named: it is the one that is installed.
    expect(await answer('status')).toMatchObject({ kind: 'cron', installed: true, enabled: true, running: null });
    expect(await answer('remove')).toMatchObject({ code: 0, kind: 'cron', removed: true });
    expect(readFileSync(folder.at('crontab'))).toEqual(others);
  },
);

test.skipIf(process.platform === 'win32')(
  'where nobody had a crontab, none stays; where it cannot be read, nothing is written',
  async () => {
    tool('crontab', CRONTAB);
    await service('install --kind cron');
    expect(text('crontab')).toContain('# outreach-acme: begin');
    await service('remove --kind cron');
    expect(existsSync(folder.at('crontab'))).toBe(false);
    tool('crontab', '[ "$1" = -l ] || touch "$HOME/written"; echo "crontab: you may not use this" >&2; exit 1');
    const { code, stderr } = await service('install --kind cron');
    expect(code).toBe(1);
    expect(stderr).toContain('crontab -l: crontab: you may not use this; nothing is changed');
    expect(existsSync(folder.at('written'))).toBe(false);
    tool('crontab', CRONTAB);
    folder.write('crontab', '# outreach-acme: begin\n0 5 * * * backup\n');
    expect((await service('install --kind cron')).stderr).toContain('are no pair; nothing is changed');
    expect(text('crontab')).toBe('# outreach-acme: begin\n0 5 * * * backup\n');
  },
);

test.skipIf(process.platform === 'win32')('launchd loads the new text only when the worker before has left', async () => {
  tool('launchctl', LAUNCHCTL);
  const target = `gui/${process.getuid?.()}/local.outreach-acme`;
  const path = folder.at('Library', 'LaunchAgents', 'local.outreach-acme.plist');
  for (let time = 0; time < 2; time++) expect(await answer('install --kind launchd')).toMatchObject({ code: 0, started: true, file: path });
  expect(await answer('status --kind launchd')).toMatchObject({
    installed: true,
    enabled: true,
    running: true,
    pid: 4242,
    state: 'running',
  });
  expect(await answer('remove --kind launchd')).toMatchObject({ code: 0, removed: true });
  expect(existsSync(path)).toBe(false);
  const calls = text('calls').split('\n');
  expect(calls.filter((call) => call.startsWith('boot'))).toEqual([
    `bootstrap gui/${process.getuid?.()} ${path}`,
    `bootout ${target}`,
    `bootstrap gui/${process.getuid?.()} ${path}`,
    `bootout ${target}`,
  ]);
});

test('another workspace’s service of that name is neither overwritten nor removed', async () => {
  const unit = folder.write('.config/systemd/user/outreach-acme.service', '[Service]\nWorkingDirectory=/home/bo/acme\n');
  for (const words of ['install --kind systemd', 'remove --kind systemd']) {
    const { code, stderr } = await service(words);
    expect(code).toBe(1);
    expect(stderr).toContain("that is not this workspace's");
    expect(stderr).toContain('--name');
  }
  expect(readFileSync(unit, 'utf8')).toContain('/home/bo/acme');
  expect(await answer('status --kind systemd')).toMatchObject({ installed: false });
});

test('what a service will not find is said before it starts in vain', async () => {
  folder.write('acme/outreach.yaml', config(sink.port, 'user: ana, password: "env:SMTP_PASSWORD"'));
  folder.write('acme/.env', 'SMTP_PASSWORD=x\n');
  const unseen = async (words: string) => (await answer(`install --kind systemd --print ${words}`)).unseen;
  expect(await unseen('--name outreach')).toEqual([expect.stringContaining('does not see SMTP_PASSWORD')]);
  expect(await unseen('--env-file acme/.env')).toEqual([]);
  folder.write('acme/outreach.yaml', config(sink.port, 'user: ana, password: "credential:smtp"'));
  expect(await unseen('--system --user ana')).toEqual([expect.stringContaining('--credential smtp=FILE')]);
  expect(await unseen('--credential smtp=acme/.env')).toEqual([]);
});

test.each([
  ['install --credential hunter2', '--credential wants NAME=FILE'],
  ['install --credential smtp=missing', 'there is no file'],
  ['install --kind cron --credential smtp=leads.csv', "--credential is systemd's"],
  ['install --user ana', '--user goes with --system'],
  ['install --name ../x', '--name ../x: letters'],
  ['status --print', 'go with: outreach service install'],
  ['begin', '<action>: "begin" is not one of install, status, remove'],
])('service %s is refused with a sentence', async (words, why) => {
  const { code, stderr } = await service(words.includes('--kind') ? words : `${words} --kind systemd`);
  expect(code).toBe(2);
  expect(stderr).toContain(why);
  expect(stderr).not.toContain('hunter2');
});

test('settings that do not hold are not installed', async () => {
  folder.write('acme/outreach.yaml', 'version: 1\nsendres: []\n');
  const { code, stderr } = await service('install --kind systemd');
  expect(code).toBe(2);
  expect(stderr).toContain('sendres');
  expect(existsSync(folder.at('.config'))).toBe(false);
});

test('credential:NAME is read from the folder that systemd names, without the line break at its end', async () => {
  folder.write('acme/outreach.yaml', config(sink.port, 'user: ana, password: "credential:smtp"'));
  folder.write('given/smtp', 'a secret\n');
  const secrets = (given: Record<string, string>) => outreach(folder, ['secrets', '--json', '--workspace', folder.at('acme')], given);
  const there = await secrets({ CREDENTIALS_DIRECTORY: folder.at('given') });
  expect(objects(there)[0]).toMatchObject({ reference: 'credential:smtp', where: 'credential', present: true });
  expect(objects(await secrets({}))[0]).toMatchObject({ where: null, present: false });
  const { code, stderr } = await outreach(folder, ['worker', '--drain', '--workspace', folder.at('acme')]);
  expect(code).toBe(2);
  expect(stderr).toContain('credential:smtp was not given to this process');
  expect(stderr).toContain('outreach service install --credential smtp=FILE');
});
