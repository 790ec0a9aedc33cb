import { chmodSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { environmentForOthers, runProgram, runScript } from '../../src/spawn/spawn.ts';
import { Folder } from '../support/program.ts';

const folders: Folder[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

const SECRETS = {
  SMTP_PASSWORD: 'hunter22hunter',
  OPENAI_API_KEY: 'sk-1234567890',
  LC_SECRET_KEY: 'hunter22hunter',
  NODE_OPTIONS: '--require=/tmp/evil.cjs',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  LD_PRELOAD: '/tmp/evil.so',
  DYLD_INSERT_LIBRARIES: '/tmp/evil.dylib',
  SSLKEYLOGFILE: '/tmp/keys',
  OUTREACH_WORKSPACE: '/home/ana/leads',
};
const NEEDED = {
  HOME: '/home/ana',
  LANG: 'es_ES.UTF-8',
  LC_ALL: 'C',
  LC_TIME: 'C',
  XDG_RUNTIME_DIR: '/run/user/1000',
  DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x',
};

test('other programs see what they need, and nothing else', () => {
  expect(environmentForOthers({ ...NEEDED, PATH: '/bin', ...SECRETS })).toEqual({ ...NEEDED, PATH: '/bin' });
});

test('a program that is run sees no secret, and neither does a script', async () => {
  const folder = new Folder();
  folders.push(folder);
  chmodSync(folder.write('systemctl', '#!/bin/sh\nenv\n'), 0o755);
  const env = { ...NEEDED, PATH: `${folder.path}:${process.env.PATH}`, ...SECRETS };
  const { stdout } = runProgram('systemctl', [], { env, limitMs: 10_000 });
  const printed = await runScript('console.log(JSON.stringify(process.env))', { env, limitMs: 10_000 });
  for (const seen of [stdout.toString(), printed ?? '']) {
    expect(seen).toContain('unix:path=/x');
    for (const [name, value] of Object.entries(SECRETS))
      for (const word of [name, value]) if (word !== '0') expect(seen).not.toContain(word);
  }
});

test('a program that is not there, and one that takes too long, are told apart', () => {
  const env = { PATH: process.env.PATH };
  expect(runProgram('no-such-program', [], { env, limitMs: 1_000 }).error?.code).toBe('ENOENT');
  expect(runProgram('sleep', ['20'], { env, limitMs: 100 }).error?.code).toBe('ETIMEDOUT');
});
