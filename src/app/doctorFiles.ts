import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { campaignNames, campaignPath } from '../config/campaignFolder.ts';
import { keyFile } from '../config/workspaceKey.ts';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { asTyped } from '../domain/text.ts';
import { ownUser, strangersOf } from '../files/owners.ts';
import type { App } from './app.ts';
import { secretsPath } from './secrets.ts';

/** Whose the files of a workspace are, and who can write to them: of keys and secrets that is an error. */
export function fileChecks({ workspace, config }: App): Check[] {
  const user = ownUser();
  if (user === undefined) return [];
  const { root, configFile, campaigns, data } = workspace;
  const mails = existsSync(campaigns) ? campaignNames(workspace).map((name) => campaignPath(workspace, name)) : [];
  const open = [root, configFile, campaigns, ...mails, data, config.database].flatMap((path) => doubtAbout(path, warn));
  const secret = [keyFile(workspace), secretsPath(workspace), join(data, 'keychain.json')].flatMap((path) => doubtAbout(path, fail));
  const found = [...secret, ...open];
  return found.length > 0 ? found : [ok('files', root, 'yours, and nobody else can write to them')];
}

function doubtAbout(path: string, verdict: typeof fail): Check[] {
  const there = statSync(path, { throwIfNoEntry: false });
  const what = there === undefined ? undefined : strangersOf(there);
  if (what === undefined) return [];
  const fix = what.startsWith('belongs') ? ['chown', String(ownUser()), path] : ['chmod', 'go-w', path];
  return [verdict('files', path, what, asTyped(fix))];
}
