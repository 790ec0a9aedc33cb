import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Campaign, CampaignSource } from '../domain/campaign.ts';
import { campaignNames, campaignPath, missingCampaign, stampOf } from './campaignFolder.ts';
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

/** Undefined when there is no copy, or any file is not as it was. */
export function readChecked(workspace: Workspace, build: string): Settings | undefined {
  const checked = parsed(fileOf(workspace));
  if (checked === undefined || checked.build !== build || checked.root !== workspace.root) return undefined;
  if (checked.config.stamp !== stampOf(workspace.configFile)) return undefined;
  const names = campaignNames(workspace);
  if (names.length !== Object.keys(checked.campaigns).length) return undefined;
  if (names.some((name) => checked.campaigns[name]?.stamp !== stampOf(campaignPath(workspace, name)))) return undefined;
  return {
    config: checked.config.value,
    campaigns: {
      load(name) {
        const campaign = checked.campaigns[name]?.value;
        if (campaign === undefined) throw missingCampaign(workspace, name);
        return campaign;
      },
    },
  };
}

/** Keeps a copy if every campaign can be read; `stamp` is that of outreach.yaml before it was read. The copy is a convenience: a disk that refuses it is no trouble. */
export function writeChecked(workspace: Workspace, build: string, stamp: string, { config, campaigns }: Settings): void {
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
    const file = fileOf(workspace);
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(checked), { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Whoever needs the campaign that cannot be read will say so.
  }
}

function fileOf(workspace: Workspace): string {
  return join(workspace.data, 'checked.json');
}

function parsed(file: string): Checked | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Checked;
  } catch {
    return undefined;
  }
}
