import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Campaign, CampaignSource } from '../domain/campaign.ts';
import { campaignNames, campaignPath, filesAsRead, missingCampaign, stampOf } from './campaignFolder.ts';
import type { Config } from './config.ts';
import type { Workspace } from './workspace.ts';

/**
 * The settings as they were when they were last checked, kept beside the database. Reading and
 * checking YAML, zones and templates is most of what a short command costs; a copy counts only for
 * the very same files and the very same program.
 */
interface Checked {
  readonly build: string;
  readonly root: string;
  readonly config: Stamped<Config>;
  readonly campaigns: Readonly<Record<string, Stamped<Campaign>>>;
}

interface Stamped<T> {
  readonly stamp: string;
  readonly value: T;
}

export interface Settings {
  readonly config: Config;
  readonly campaigns: CampaignSource;
}

/** Undefined when there is no copy that holds, or any file is not as it was: then the files themselves decide. */
export function readChecked(workspace: Workspace, build: string): Settings | undefined {
  try {
    const checked = JSON.parse(readFileSync(fileOf(workspace), 'utf8')) as Checked;
    if (checked.build !== build || checked.root !== workspace.root) return undefined;
    if (checked.config.stamp !== stampOf(workspace.configFile)) return undefined;
    const names = campaignNames(workspace);
    if (names.length !== Object.keys(checked.campaigns).length) return undefined;
    const holds = (name: string) => {
      const copy = checked.campaigns[name];
      return copy !== undefined && copy.stamp === stampOf(campaignPath(workspace, name)) && filesAsRead(workspace, copy.value);
    };
    if (!names.every(holds)) return undefined;
    return { config: checked.config.value, campaigns: { load: (name) => checked.campaigns[name]?.value ?? missing(workspace, name) } };
  } catch {
    return undefined;
  }
}

/** The settings of the last copy, whether or not a file has changed since: good enough to complete a word. */
export function lastChecked(workspace: Workspace, build: string): Config | undefined {
  try {
    const checked = JSON.parse(readFileSync(fileOf(workspace), 'utf8')) as Checked;
    return checked.build === build && checked.root === workspace.root ? checked.config.value : undefined;
  } catch {
    return undefined;
  }
}

function missing(workspace: Workspace, name: string): never {
  throw missingCampaign(workspace, name);
}

/** Keeps a copy if every campaign can be read; `stamp` is that of outreach.yaml before it was read. The copy is a convenience: a disk that refuses it is no trouble. */
export function writeChecked(workspace: Workspace, build: string, stamp: string, { config, campaigns }: Settings): void {
  const file = fileOf(workspace);
  const unfinished = `${file}.${process.pid}`;
  try {
    const stamped = campaignNames(workspace).map((name) => {
      const stamp = stampOf(campaignPath(workspace, name)) ?? '';
      return [name, { stamp, value: campaigns.load(name) }] as const;
    });
    const checked: Checked = {
      build,
      root: workspace.root,
      config: { stamp, value: config },
      campaigns: Object.fromEntries(stamped),
    };
    writeFileSync(unfinished, JSON.stringify(checked), { mode: 0o600 });
    renameSync(unfinished, file);
  } catch {
    // Whoever needs the campaign that cannot be read will say so.
    rmSync(unfinished, { force: true });
  }
}

function fileOf(workspace: Workspace): string {
  return join(workspace.data, 'checked.json');
}
