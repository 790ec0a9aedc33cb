import { join } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { parseTemplate } from '../domain/template.ts';
import { campaignSchema, filesOf, noProvider, resolveSenders, sendRule, split } from './campaign.ts';
import { campaignNames, campaignPath, misnamedCampaigns, NAME_RULE, readCampaignFile } from './campaignFolder.ts';
import { type Config, inspectConfig, type SenderConfig } from './config.ts';
import { lacksOf } from './lawful.ts';
import type { Workspace } from './workspace.ts';
import { inspectYaml } from './yaml.ts';

/** One thing to mend. Line and column count from 1 and are null where nobody knows them. */
export interface Trouble {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly hint: string | null;
}

export interface Inspection {
  readonly files: readonly string[];
  readonly troubles: readonly Trouble[];
}

/** Everything that is wrong with outreach.yaml and every campaign. Throws only where there is no outreach.yaml. */
export function inspectWorkspace(workspace: Workspace): Inspection {
  const inspected = inspectConfig(workspace);
  const config = inspected.ok ? inspected.value : undefined;
  const own = inspected.ok
    ? lacking(inspected.value, inspected.value.senders, inspected.lineOf)
    : inspected.problems.map(({ path, text, ...place }) => trouble(path, { ...place, message: text }));
  const names = campaignNames(workspace);
  return {
    files: [workspace.configFile, ...names.map((name) => campaignPath(workspace, name))],
    troubles: [own, misnamed(workspace), ...names.map((name) => inspectCampaign(workspace, name, config))].flatMap(inOrder),
  };
}

function misnamed(workspace: Workspace): Trouble[] {
  return misnamedCampaigns(workspace).map((name) =>
    trouble(join(workspace.campaigns, `${name}.md`), { message: `this file is no campaign for its name: ${NAME_RULE}; rename it` }),
  );
}

/** Of one file, as somebody mends it: from the top. */
function inOrder(troubles: readonly Trouble[]): Trouble[] {
  return troubles.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0));
}

/** Everything that is wrong with one campaign; without a configuration what hangs on it is not asked. */
export function inspectCampaign(workspace: Workspace, name: string, config: Config | undefined): Trouble[] {
  const path = campaignPath(workspace, name);
  const found: Trouble[] = [];
  const attempt = <T>(check: () => T): T | undefined => {
    try {
      return check();
    } catch (error) {
      found.push(troubleOf(error, path));
      return undefined;
    }
  };
  const parts = attempt(() => split(readCampaignFile(path), path));
  if (parts === undefined) return found;
  const { body, bodyLine } = parts;
  const inspected = inspectYaml({ text: parts.frontMatter, path, firstLine: 2 }, campaignSchema);
  if (!inspected.ok) return inspected.problems.map(({ path, text, ...place }) => trouble(path, { ...place, message: text }));
  const { value, lineOf } = inspected;
  const { subject, generator } = value;
  if (config !== undefined) {
    attempt(() => resolveSenders(value.senders, config, `${path}:${lineOf(['senders'])}`));
    attempt(() => sendRule(value.send, config, `${path}:${lineOf(['send'])}: send`));
    if (generator === 'ai' && config.ai === undefined) found.push(troubleOf(noProvider(`${path}:${lineOf(['generator'])}`), path));
  }
  if (subject !== undefined) attempt(() => parseTemplate(subject, { path, line: lineOf(['subject']) }));
  if (generator === 'template') attempt(() => parseTemplate(body, { path, line: bodyLine }));
  attempt(() => filesOf(workspace, value, { body, path, bodyLine, lineOf }));
  return found;
}

/** An error of the form `file:LINE[:COL]: what`, taken apart. */
export function troubleOf(error: unknown, file: string): Trouble {
  const message = messageOf(error);
  const hint = error instanceof OutreachError ? (error.hint ?? null) : null;
  const rest = message.startsWith(`${file}:`) ? message.slice(file.length) : undefined;
  const [, line, column, text] = /^:(\d+)(?::(\d+))?: (.*)$/s.exec(rest ?? '') ?? [];
  if (text === undefined || line === undefined) return trouble(file, { message, hint });
  return trouble(file, { line: Number(line), column: column === undefined ? null : Number(column), message: text, hint });
}

/** What no worker starts without, for those of `senders` that reach people. */
export function lacking(config: Config, senders: readonly SenderConfig[], lineOf: (path: readonly string[]) => number | null): Trouble[] {
  return lacksOf(config, senders).map(({ path, text, hint }) => trouble(config.path, { line: lineOf(path), message: text, hint }));
}

function trouble(
  file: string,
  { line, column, message, hint }: { line?: number | null; column?: number | null; message: string; hint?: string | null },
): Trouble {
  return { file, line: line ?? null, column: column ?? null, message, hint: hint ?? null };
}
