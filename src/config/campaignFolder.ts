import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Campaign, ownFiles } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { didYouMean } from '../domain/text.ts';
import { readTextFile, whyUnread } from '../files/readFile.ts';
import type { Workspace } from './workspace.ts';

/** A name goes into commands, logs, headers and files of other programs, so it holds nothing that means something there. */
const CAMPAIGN_NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
export const NAME_RULE = 'letters, digits, . _ and - only, 100 of them at most';

export function isCampaignName(name: string): boolean {
  return CAMPAIGN_NAME.test(name);
}

export function campaignNames(workspace: Workspace): string[] {
  return markdownNames(workspace).filter(isCampaignName);
}

/** Files that look like campaigns and are none for their names. */
export function misnamedCampaigns(workspace: Workspace): string[] {
  return markdownNames(workspace).filter((name) => !isCampaignName(name) && !name.startsWith('.'));
}

function markdownNames({ campaigns }: Workspace): string[] {
  return filesIn(campaigns)
    .filter((file) => file.endsWith('.md'))
    .map((file) => basename(file, '.md'))
    .sort();
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(folder, error);
  }
}

/** The text of a campaign. Throws an `OutreachError` for what is no regular file, or too large. */
export function readCampaignFile(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): OutreachError {
  return new OutreachError('config', whyUnread(path, error), { cause: error });
}

/** The campaign asked for, or the only one there is. */
export function chooseCampaign(workspace: Workspace, asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const names = campaignNames(workspace);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (only === undefined)
    throw new OutreachError('usage', `there is no campaign in ${workspace.campaigns}`, { hint: 'Make a sample with: outreach init' });
  throw new OutreachError('usage', 'there is more than one campaign, so name one', { hint: `One of: ${names.join(' | ')}` });
}

/** The file of a campaign; a name that leads out of the folder is none. */
export function campaignPath(workspace: Workspace, name: string): string {
  if (!isCampaignName(name)) throw missingCampaign(workspace, name);
  return join(workspace.campaigns, `${name}.md`);
}

/** Changes whenever the file does; undefined when there is none. */
export function stampOf(path: string): string | undefined {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(path);
    return `${mtimeMs}:${ctimeMs}:${size}:${ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

/** Whether the files that a campaign names are still those that were read with it. */
export function filesAsRead(workspace: Workspace, campaign: Campaign): boolean {
  return ownFiles(campaign).every(({ name, stamp }) => stampOf(join(workspace.campaigns, name)) === stamp);
}

export function missingCampaign(workspace: Workspace, name: string): OutreachError {
  if (misnamedCampaigns(workspace).includes(name))
    return new OutreachError('config', `campaigns/${name}.md is no campaign for its name: ${NAME_RULE}`, { hint: 'Rename the file.' });
  const names = campaignNames(workspace);
  const near = didYouMean(name, names);
  return new OutreachError(
    'usage',
    `there is no campaign ${name} in ${workspace.campaigns}${near === undefined ? '' : `; did you mean ${near}?`}`,
    {
      hint: names.length === 0 ? 'Make a sample with: outreach init' : `Campaigns: ${names.join(', ')}. A new workspace: outreach init`,
    },
  );
}
