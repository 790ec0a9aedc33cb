import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { makeFolder, putFile } from '../files/ownFiles.ts';
import type { Answers } from './answers.ts';
import { campaignPath, isCampaignName, NAME_RULE } from './campaignFolder.ts';
import { type Config, configOf } from './config.ts';
import { writeSchemas } from './jsonSchema.ts';
import { configText, SAMPLE_BRIEF, SAMPLE_CAMPAIGN, SAMPLE_LEADS } from './samples.ts';
import { prepareData, type Workspace } from './workspace.ts';

/** What these answers make of a workspace, of which nothing is written yet. Throws when they do not hold. */
export function configFrom(workspace: Workspace, answers: Answers): Config {
  return configOf(workspace, configText(answers));
}

export interface Made {
  /** The paths of the files that were made. */
  readonly files: readonly string[];
  /** Takes back what was made, and what a program has put into its data folder since. */
  undo(): void;
}

/** Writes what is not there yet, all or nothing. */
export function writeWorkspace(workspace: Workspace, answers: Answers): Made {
  const config = configText(answers);
  const made: string[] = [];
  const folders = [workspace.root, workspace.campaigns, workspace.data].flatMap(missingFolders);
  try {
    makeOpenFolder(workspace.campaigns);
    prepareData(workspace);
    writeSchemas(workspace);
    const files: [string, string][] = [
      [workspace.configFile, config],
      [join(workspace.campaigns, 'hello.md'), SAMPLE_CAMPAIGN],
      [join(workspace.root, 'leads.csv'), SAMPLE_LEADS],
    ];
    for (const [path, text] of files.filter(([path]) => !existsSync(path))) {
      if (putFile(path, text, { mode: READABLE })) made.push(path);
    }
    return { files: made, undo: () => remove(workspace, made, folders) };
  } catch (error) {
    remove(workspace, made, folders);
    throw error;
  }
}

/** What a person writes may be read by others, and is never theirs to change, whatever the umask. */
const READABLE = 0o644;
const OPEN = 0o755;

/** A new campaign file, never over another; returns its path. */
export function writeCampaign(workspace: Workspace, name: string, ai: boolean): string {
  if (!isCampaignName(name)) {
    throw new OutreachError('usage', `${name} is no name for a campaign: ${NAME_RULE}`, {
      hint: 'outreach campaign new spring',
    });
  }
  const path = campaignPath(workspace, name);
  makeOpenFolder(workspace.campaigns);
  writeSchemas(workspace);
  try {
    if (putFile(path, ai ? SAMPLE_BRIEF : SAMPLE_CAMPAIGN, { mode: READABLE })) return path;
  } catch (cause) {
    throw new OutreachError('environment', `${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
  throw new OutreachError('usage', `there is a campaign ${name} already: ${path}`, { hint: `Check it: outreach campaign check ${name}` });
}

/** Folders on the way to `path` that do not exist, outermost first. */
function missingFolders(path: string): string[] {
  return existsSync(path) ? [] : [...missingFolders(dirname(path)), path];
}

/** Takes back a workspace that could not be finished. */
function remove({ data }: Workspace, files: readonly string[], folders: readonly string[]): void {
  for (const path of files) rmSync(path, { force: true });
  if (folders.includes(data)) rmSync(data, { recursive: true, force: true });
  for (const path of [...new Set(folders)].reverse()) {
    try {
      rmdirSync(path);
    } catch {
      // It was never made, or somebody else has put something into it.
    }
  }
}

function makeOpenFolder(path: string): void {
  try {
    makeFolder(path, OPEN);
  } catch (cause) {
    throw new OutreachError('environment', `${(cause as NodeJS.ErrnoException).path ?? path} cannot be made: ${messageOf(cause)}`, {
      hint: 'Choose a folder of your own: outreach init DIR',
      cause,
    });
  }
}
