import { relative } from 'node:path';
import { Argument, type Command } from 'commander';
import type { App } from '../app/app.ts';
import type { Trouble } from '../config/inspect.ts';
import type { Setting } from '../config/origin.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { blockForTerminal } from '../domain/text.ts';
import { cell, type Output, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

const ACTIONS = ['check', 'show', 'schema'] as const;

export function configCommand(use: Use): Command {
  return command('config', 'Check outreach.yaml and the campaigns, show what holds, or print their JSON schemas.', [
    'config check',
    'config show --origin',
    'config schema campaign',
  ])
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('[of]', 'of schema: outreach (outreach.yaml) or campaign (default: outreach)')
    .option('--origin', 'of show: whether the file (and which line), a preset or the default says so')
    .action(use(config));
}

async function config(
  context: Context,
  action: (typeof ACTIONS)[number],
  of: string | undefined,
  options: { origin?: boolean },
): Promise<number | undefined> {
  if (of !== undefined && action !== 'schema') throw new OutreachError('usage', `config ${action} takes no ${of}`);
  if (options.origin === true && action !== 'show') throw new OutreachError('usage', '--origin goes with config show');
  if (action === 'schema') return schema(context, of ?? 'outreach');
  return action === 'check' ? check(context) : show(context, options.origin === true);
}

async function check(context: Context): Promise<number> {
  const { output } = context;
  const workspace = context.workspace();
  const { inspectWorkspace } = await import('../config/inspect.ts');
  const { writeSchemas } = await import('../config/jsonSchema.ts');
  const { files, troubles } = inspectWorkspace(workspace);
  try {
    writeSchemas(workspace);
  } catch (error) {
    // Somebody else's workspace can be checked too.
    output.talk(`No schema for editors was written: ${messageOf(error)}`);
  }
  const warnings = troubles.length > 0 ? [] : await warningsOfCampaigns(context);
  output.object({ ok: troubles.length === 0, files, problems: troubles, warnings });
  sayTroubles(context, troubles);
  sayWarnings(context, warnings);
  if (troubles.length > 0) {
    output.line(
      `\n${plural(troubles.length, 'problem')} in ${plural(files.length, 'file')}.\n\nNext: mend them, then: outreach config check`,
    );
    return 2;
  }
  const found = warnings.length === 0 ? 'all is well' : plural(warnings.length, 'warning');
  output.line(`${warnings.length === 0 ? '' : '\n'}${plural(files.length, 'file')} checked: ${found}.\n\nNext: outreach doctor`);
  return 0;
}

/** What the campaigns' texts look like beside the leads that are known. Leads that cannot be read are no fault of these files. */
async function warningsOfCampaigns(context: Context): Promise<Trouble[]> {
  const { campaignNames } = await import('../config/campaignFolder.ts');
  const { leadsToCheck, warningsFor } = await import('../app/checkedLeads.ts');
  const warnings: Trouble[] = [];
  let app: App | undefined;
  for (const name of campaignNames(context.workspace())) {
    try {
      app ??= await context.app();
      const campaign = app.campaigns.load(name);
      warnings.push(...warningsFor(campaign, await leadsToCheck(app, campaign), 'required'));
    } catch (error) {
      context.output.talk(`Campaign ${name} was not held against its leads: ${messageOf(error)}`);
    }
  }
  return warnings;
}

/** `file:LINE:COL: what`, as editors understand it, with the file as seen from here. */
export function sayTroubles({ output, cwd }: Context, troubles: readonly Trouble[]): void {
  for (const [index, trouble] of troubles.entries()) {
    const { message, hint } = trouble;
    output.line(`${output.colour.bold(placeOf(trouble, cwd))}: ${cell(message, 1_000)}`);
    // Once for all that it mends.
    if (hint !== null && hint !== troubles[index + 1]?.hint) output.line(blockForTerminal(hint).replace(/^/gm, '  '));
  }
}

/** The same for what stops nothing. */
export function sayWarnings({ output, cwd }: Context, warnings: readonly Trouble[]): void {
  for (const warning of warnings) output.line(warningLine(warning, cwd, output.colour));
}

/** The same beside a result that is about something else. */
export function talkWarnings({ output, cwd }: Context, warnings: readonly Trouble[]): void {
  for (const warning of warnings) output.talk(warningLine(warning, cwd, output.talkColour));
}

function warningLine(warning: Trouble, cwd: string, colour: Output['colour']): string {
  return `${colour.bold(placeOf(warning, cwd))}: ${colour.yellow('warning')}: ${cell(warning.message, 1_000)}`;
}

function placeOf({ file, line, column }: Trouble, cwd: string): string {
  const place = [relative(cwd, file) || file, ...(line === null ? [] : [line]), ...(column === null ? [] : [column])];
  return cell(place.join(':'), 300);
}

async function show(context: Context, origin: boolean): Promise<undefined> {
  const { output } = context;
  const workspace = context.workspace();
  const { settingsOf } = await import('../config/origin.ts');
  const settings = settingsOf(workspace);
  for (const { key, value, origin: from, line, preset } of settings) {
    output.object({ key, value, ...(origin ? { origin: from, line, preset } : {}) });
  }
  const head = ['SETTING', 'VALUE'];
  const rows = settings.map((setting) => [cell(setting.key), cell(shown(setting.value), 200)]);
  output.table(origin ? [...head, 'FROM'] : head, origin ? rows.map((row, index) => [...row, originOf(settings[index])]) : rows, [], [0]);
  output.line(`\nNext: outreach config check    (the file: ${relative(context.cwd, workspace.configFile) || workspace.configFile})`);
}

function shown(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

function originOf(setting: Setting | undefined): string {
  if (setting?.line != null) return `line ${setting.line}`;
  return setting?.preset == null ? 'default' : `preset ${setting.preset}`;
}

/** Nothing but the schema: it goes into a file. */
async function schema({ output }: Context, of: string): Promise<undefined> {
  if (of !== 'outreach' && of !== 'campaign') throw new OutreachError('usage', `there is no schema of ${of}; write outreach or campaign`);
  const { jsonSchema } = await import('../config/jsonSchema.ts');
  output.object(jsonSchema(of));
  output.line(JSON.stringify(jsonSchema(of), null, 2));
}
