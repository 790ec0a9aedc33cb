import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { Command } from 'commander';
import type { Use } from '../context.ts';
import { type Candidate, type Names, suggest } from './suggest.ts';
import type { Branch } from './tree.ts';

/** Hidden: asked by the shells' scripts at every Tab. On any trouble it prints nothing, because nobody asked for an error. */
export function completeCommand(_use: Use, _program: Command): Command {
  return new Command('__complete')
    .argument('<shell>')
    .argument('[words...]')
    .action(async (shell: string, words: string[]) => {
      try {
        const found = await suggest(readTree(), words, shell, liveNames);
        process.stdout.write(found.map(lineOf).join(''));
      } catch {
        // The line stays as it is.
      }
    });
}

/** Beside the built program. */
function readTree(): Branch {
  return JSON.parse(readFileSync(new URL('./tree.json', import.meta.url), 'utf8')) as Branch;
}

const liveNames: Names = async (kind, flag) => {
  const { findWorkspace } = await import('../../config/workspace.ts');
  const { admit } = await import('../../config/trust.ts');
  const { writeNothing } = await import('../../files/readOnly.ts');
  writeNothing('completing a word changes nothing', 'Run the command itself.');
  const surroundings = { cwd: process.cwd(), env: process.env, platform: process.platform };
  const found = findWorkspace(flag?.replace(/^~(?=\/|$)/, homedir()), surroundings);
  // Nothing is read of a workspace that is not trusted, or that is another user's; whoever runs the command is told so.
  if (admit(found, surroundings) === 'reading') return [];
  const { workspace } = found;
  const { campaignNames } = await import('../../config/campaignFolder.ts');
  if (kind === 'campaign') return campaignNames(workspace).map((name) => ({ value: name, meaning: 'campaign' }));
  const { settingNames } = await import('../../config/names.ts');
  const names = settingNames(workspace);
  if (kind === 'job') {
    const { glanceAtJobs } = await import('../../store/glance.ts');
    return glanceAtJobs(names.database).map(({ id, campaign, source }) => ({ value: String(id), meaning: `${campaign}, ${source}` }));
  }
  const senders = names.senders.map(({ name, type }) => ({ value: name, meaning: `sender (${type})` }));
  const providers = names.providers.map((name) => ({ value: name, meaning: 'AI provider' }));
  return kind === 'login' ? [...senders, ...providers] : senders;
};

/** Names are a person's, and a shell draws them: one with anything that could move the cursor is left out. */
export function lineOf({ value, meaning }: Candidate): string {
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value)) return '';
  const told = meaning.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return told === '' ? `${value}\n` : `${value}\t${told}\n`;
}
