import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CAMPAIGN, config, csv, Folder, json, outreach } from '../support/program.ts';

const ENTRY = join(import.meta.dirname, '..', '..', 'bin', 'outreach.js');
const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const onTerminal = hasTmux ? test : test.skip;
const skipped = hasTmux ? '' : ' (skipped: tmux is not installed)';

let folder: Folder;

/** The built program in a real terminal of its own server. */
const tmux = (...words: string[]) =>
  execFileSync('tmux', ['-L', `outreach-${process.pid}`, '-u', ...words], {
    encoding: 'utf8',
    env: { ...process.env, LANG: 'C.UTF-8', TMUX: '' },
  });
const screen = () => tmux('capture-pane', '-p', '-t', 'dash');
const shows = (what: string | RegExp) => vi.waitFor(() => expect(screen()).toMatch(what), { timeout: 10_000, interval: 50 });

beforeEach(async () => {
  folder = new Folder();
  folder.write('outreach.yaml', config(9));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(30));
  await outreach(folder, ['import', 'leads.csv']);
});

afterEach(() => {
  if (hasTmux) spawnSync('tmux', ['-L', `outreach-${process.pid}`, 'kill-server']);
  folder.remove();
});

function start(columns: number, rows: number): void {
  const env = `LANG=C.UTF-8 TZ=UTC HOME=${folder.path} OUTREACH_STATE=${folder.at('state')}`;
  const run = `echo on the shell; ${env} ${process.execPath} ${ENTRY} dash; echo "ended with $?"; stty -a; exec cat`;
  tmux('new-session', '-d', '-s', 'dash', '-c', folder.path, '-x', String(columns), '-y', String(rows), run);
}

onTerminal(`in a terminal it fits any size, obeys its keys, and q gives the screen back${skipped}`, async () => {
  start(80, 24);
  await shows(/Jobs {2}1 ─+\n/);
  for (const [columns, rows] of [
    [200, 60],
    [120, 40],
    [60, 16],
    [80, 24],
  ]) {
    tmux('resize-window', '-t', 'dash', '-x', String(columns), '-y', String(rows));
    // The last line holds the keys, and nothing is left of another size.
    await vi.waitFor(() => {
      const lines = screen().split('\n').slice(0, rows);
      expect(lines.at(-1)).toMatch(/move .*open/);
      expect(lines.filter((line) => /^outreach /.test(line))).toHaveLength(1);
      expect(lines.filter((line) => line.includes('Jobs  1'))).toHaveLength(1);
      expect(lines.filter((line) => /move .*open/.test(line))).toHaveLength(1);
    });
  }
  tmux('send-keys', '-t', 'dash', 'p');
  await shows('Job 1 is paused');
  expect(await json(folder, 'jobs', '1')).toMatchObject({ status: 'paused' });
  tmux('send-keys', '-t', 'dash', 'Enter');
  await shows(/Job 1 {2}hello/);
  // What another process does shows by itself.
  await outreach(folder, ['resume', '1']);
  await shows(/Job 1 {2}hello {2}pending/);
  tmux('send-keys', '-t', 'dash', 'q');
  await shows('ended with 0');
  expect(screen()).toMatch(/^on the shell\n/);
  expect(screen()).toMatch(/ icanon/);
});

onTerminal(`a signal gives the screen back too${skipped}`, async () => {
  start(80, 24);
  await shows('Jobs  1');
  const shell = tmux('display', '-p', '-t', 'dash', '#{pane_pid}').trim();
  const child = execFileSync('pgrep', ['-P', shell], { encoding: 'utf8' }).trim();
  process.kill(Number(child), 'SIGTERM');
  await shows('ended with 0');
  expect(screen()).toMatch(/^on the shell\n/);
  expect(screen()).toMatch(/ icanon/);
});
