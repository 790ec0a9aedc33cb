import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { config, Folder, outreach } from '../support/program.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  folder.write('outreach.yaml', config(2525));
});
afterEach(() => folder.remove());

test.each([['worker', '--drain'], ['doctor'], ['test', '--to', 'ana@ruiz.example'], ['login', 'main'], ['generate'], ['init', 'new']])(
  'NODE_TLS_REJECT_UNAUTHORIZED=0 is refused by %s in one sentence',
  async (...parameters) => {
    const { code, stdout, stderr } = await outreach(folder, parameters, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^outreach: NODE_TLS_REJECT_UNAUTHORIZED=0 is set, which would trust any server; unset it$/m);
    expect(existsSync(folder.at('new'))).toBe(false);
  },
);

test.each(['NODE_TLS_REJECT_UNAUTHORIZED=0', 'node_options=--inspect', 'export NODE_EXTRA_CA_CERTS="/x.pem"'])(
  'an environment file may not set what is Node’s own: %s',
  async (line) => {
    const file = folder.write('.env', `SMTP_PASSWORD=x\n${line}\n`);
    const { code, stderr } = await outreach(folder, ['status', '--env-file', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is for Node itself, and such a file may not set it; remove the line$/m);
  },
);

test('a certificate authority of one’s own can be trusted, and other values of the variable are left alone', async () => {
  const env = { NODE_EXTRA_CA_CERTS: folder.write('ca.pem', ''), NODE_TLS_REJECT_UNAUTHORIZED: '1' };
  expect((await outreach(folder, ['status'], env)).code).toBe(0);
});

test('an environment file gives what is not set yet', async () => {
  const file = folder.write('.env', 'OUTREACH_WORKSPACE=/nowhere\n');
  expect((await outreach(folder, ['status', '--env-file', file], { OUTREACH_WORKSPACE: folder.path })).code).toBe(0);
  expect((await outreach(folder, ['status', '--env-file', file])).code).toBe(2);
});

test('the programs of the system see no secret of this one', async () => {
  const dump = folder.at('seen');
  for (const name of ['systemctl', 'journalctl', 'loginctl', 'crontab', 'launchctl'])
    chmodSync(folder.write(`bin/${name}`, `#!/bin/sh\nenv >> ${dump}\n`), 0o755);
  const env = { PATH: `${folder.at('bin')}:${process.env.PATH}`, SMTP_PASSWORD: 'hunter22hunter', XDG_RUNTIME_DIR: '/run/user/4242' };
  const secret = folder.write('.env', 'OTHER_KEY=sk-1234567890\n');
  for (const parameters of [['install'], ['status'], ['install', '--kind', 'cron'], ['uninstall']])
    await outreach(folder, ['service', ...parameters, '--env-file', secret], env);
  const seen = readFileSync(dump, 'utf8');
  expect(seen).toContain('XDG_RUNTIME_DIR=/run/user/4242');
  for (const word of ['SMTP_PASSWORD', 'OTHER_KEY', 'hunter22hunter', 'sk-1234567890']) expect(seen).not.toContain(word);
});
