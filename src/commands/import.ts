import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { App } from '../app/app.ts';
import type { SendRule } from '../config/campaign.ts';
import type { Workspace } from '../config/workspace.ts';
import { checkFileColumns } from '../domain/attachment.ts';
import type { Campaign } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { SEND_MODES, type SendMode } from '../domain/job.ts';
import { LEGAL_BASES, type LegalBasis, type Origin } from '../domain/lead.ts';
import { oneLine } from '../domain/text.ts';
import type { ImportRequest } from '../pipeline/importLeads.ts';
import type { ImportTally } from '../store/imports.ts';
import { cell, moment, number, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { spool } from './spool.ts';
import { CONFIG_FIRST } from './status.ts';

interface Options {
  readonly campaign?: string;
  readonly mode?: SendMode;
  readonly rate?: number;
  readonly at?: string;
  readonly map: ReadonlyMap<string, string>;
  readonly update?: boolean;
  readonly dryRun?: boolean;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly source?: string;
  readonly basis?: LegalBasis;
}

export function importCommand(use: Use): Command {
  return command('import', 'Take a CSV of leads into the database, one mail for each.', [
    'import leads.csv',
    'import leads.csv --campaign hello --mode drip --rate 20',
    'import leads.csv --source "Trade fair Bilbao, 2026" --basis legitimate-interest',
    'import export.csv --map email="Work e-mail" --dry-run',
  ])
    .argument('<file>', 'CSV file with a header row, or - for standard input')
    .optionsGroup('What to send:')
    .option('--campaign <name>', 'campaign to send (default: the only one there is)')
    .optionsGroup('When to send (default: what the campaign says):')
    .addOption(new Option('--mode <mode>', 'how to send').choices(SEND_MODES))
    .addOption(new Option('--rate <n>', 'mails an hour of a drip').argParser(rate))
    .option('--at <time>', 'when to start: 2026-12-01T09:00 in your own time zone')
    .optionsGroup('Where the leads are from (kept with each of them):')
    .option('--source <text>', 'in your words: "Trade fair Bilbao, 2026"')
    .addOption(new Option('--basis <basis>', 'what allows to write to them').choices(LEGAL_BASES))
    .optionsGroup('How to read the file:')
    .addOption(
      new Option('--map <field=column>', 'use a column as a field; may be repeated')
        .argParser(collectMap)
        .default(new Map(), 'by well-known names'),
    )
    .option('--update', 'refresh the fields of leads that the campaign has already')
    .option('--dry-run', 'say what would happen and store nothing')
    .option('--delimiter <char>', 'cell delimiter (default: found in the header)')
    .option('--encoding <name>', 'such as windows-1252 (default: UTF-8)')
    .action(use(importFile));
}

async function importFile(context: Context, path: string, options: Options): Promise<number | undefined> {
  if (path !== '-' && !existsSync(resolve(context.cwd, path))) {
    throw new OutreachError('input', `there is no file ${path}`, { hint: 'Give the path of a CSV file, or - for standard input.' });
  }
  const { workspace, made } = await workspaceForImport(context);
  const app = await context.app({ workspace, watching: true });
  if (made)
    context.output.talk(
      `Made a workspace at ${workspace.root} with a sample campaign; its mails become files in ${workspace.outbox} and reach nobody.`,
    );
  const { chooseCampaign } = await import('../config/campaignFolder.ts');
  const campaign = app.campaigns.load(chooseCampaign(workspace, options.campaign));
  const send = await sendRule(app, campaign, options);
  const source = path === '-' ? await spool(workspace) : { path: resolve(context.cwd, path), name: basename(path), remove: () => {} };
  try {
    const { openCsv } = await import('../csv/readRows.ts');
    const { mapColumns } = await import('../csv/columns.ts');
    const { addressChoice, columnsWithAddresses, firstRows, unknownZone } = await import('../csv/sample.ts');
    const file = await openCsv(source.path, source.name, { delimiter: delimiterOf(options.delimiter), encoding: options.encoding });
    const rows = await firstRows(file);
    const holding = columnsWithAddresses(rows);
    const columns = mapColumns(file.header, options.map, file.name, holding);
    await checkTemplates(campaign, columns);
    checkFileColumns(campaign.attachments, columns, campaign.path);
    const origin = originOf(context, app, options);
    const choice = options.map.has('email') ? undefined : addressChoice(file.header, columns, holding);
    if (choice !== undefined) context.output.talk(choice);
    if (columns.includes('sender'))
      context.output.talk(
        `${cell(file.name)}: templates know "sender" as the one who sends; to use the column map it to another name: --map seller=sender`,
      );
    const odd = campaign.window?.ofRecipient === true ? unknownZone(rows, columns) : undefined;
    if (odd !== undefined)
      context.output.talk(
        `${cell(file.name)}:${odd.line}: "${odd.zone}" is no time zone such as Europe/Madrid; such leads get mail by ${campaign.window?.timezone} time`,
      );
    const request: ImportRequest = {
      file,
      columns,
      campaign,
      send,
      update: options.update === true,
      origin,
      rejectsPath: (job) => join(workspace.rejects, `job-${job}-${basename(file.name).replace(/\.csv$/i, '')}.csv`),
    };
    return options.dryRun === true ? await rehearse(context, app, request) : await take(context, app, request);
  } finally {
    source.remove();
  }
}

/** Whoever is written to may ask where their address is from (GDPR art. 14 and 15), and the answer must be known then. */
function originOf({ output }: Context, { config }: App, options: Options): Origin {
  const source = oneLine(options.source ?? '') || null;
  const basis = options.basis ?? null;
  const missing = [
    ...(source === null ? ['--source "Trade fair Bilbao, 2026"'] : []),
    ...(basis === null ? [`--basis ${LEGAL_BASES.join('|')}`] : []),
  ];
  if (missing.length === 0) return { source, basis };
  if (config.require_source) {
    throw new OutreachError('usage', `${config.path}: require_source asks where leads are from; add ${missing.join(' ')}`, {
      hint: 'It is kept with every lead; whoever is written to may ask for it.',
    });
  }
  output.talk(
    `Nothing says ${source === null ? 'where these leads are from' : 'what allows to write to these leads'}, and they may ask: add ${missing.join(' ')}`,
  );
  return { source, basis };
}

async function take(context: Context, app: App, request: ImportRequest): Promise<undefined> {
  const { output } = context;
  const { importLeads } = await import('../pipeline/importLeads.ts');
  const { progressBar } = await import('../terminal/progressBar.ts');
  const { sleep } = await import('../app/app.ts');
  const { forgottenHash } = await import('../app/people.ts');
  const { hasLiveWorker } = await import('../store/workers.ts');
  const store = await app.openStore();
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let bar: ReturnType<typeof progressBar> | undefined;
  try {
    const { job, tally, rejects } = await importLeads(
      {
        store,
        now: () => Date.now(),
        stop: stop.signal,
        accepted(id, resumedAt) {
          output.talk(
            `Job ${id}: ${cell(request.file.name)} into campaign ${request.campaign.name}${resumedAt > 0 ? `, continued after ${plural(resumedAt, 'row')}` : ''}`,
          );
          bar = progressBar(output.stderr, request.file.bytes);
        },
        progress: (bytes, { rows }) => bar?.update(bytes, plural(rows, 'row')),
        sleep,
        forgottenKey: forgottenHash(app.workspace),
        besideWorker: () => hasLiveWorker(store),
      },
      request,
    );
    bar?.stop();
    output.object({ job, campaign: request.campaign.name, ...counts(tally), rejects });
    summarise(context, tally, request.update);
    if (rejects !== null) output.line(`\nRejects, with line and reason: ${rejects}\nMend them there and import that file the same way.`);
    output.line(`\nNext: ${tally.imported + tally.updated === 0 ? `outreach jobs ${job}` : await nextStep(app, request)}`);
  } finally {
    bar?.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function rehearse(context: Context, app: App, request: ImportRequest): Promise<undefined> {
  const { output } = context;
  const { checkLeads } = await import('../pipeline/checkLeads.ts');
  const { forgottenHash } = await import('../app/people.ts');
  const db = existsSync(app.config.database) ? (await app.openStore()).db : undefined;
  const { tally, rejects, unfinished } = await checkLeads(db, request, forgottenHash(app.workspace));
  output.object({ job: null, campaign: request.campaign.name, ...counts(tally), rejects: null });
  output.line(`Dry run of ${cell(request.file.name)} into campaign ${request.campaign.name}; nothing is stored.`);
  const fields = request.columns.flatMap((field, index) => (field === null ? [] : [`${cell(request.file.header[index], 30)} → ${field}`]));
  output.line(`Columns: ${fields.join(', ')}`);
  if (unfinished !== undefined) {
    output.line(
      `Job ${unfinished.job} has taken ${plural(unfinished.rows, 'row')} of this file: the import continues it, and they are duplicates here.`,
    );
  }
  summarise(context, tally, request.update);
  for (const { line, reason } of rejects) output.line(`  line ${line}: ${cell(reason, 100)}`);
  if (tally.invalid > rejects.length) output.line(`  … and ${number(tally.invalid - rejects.length)} more`);
  output.line('\nNext: the same command without --dry-run');
}

function summarise({ output }: Context, tally: ImportTally, update: boolean): void {
  const rows: [string, number, string][] = [
    ['rows read', tally.rows, ''],
    ['imported', tally.imported, ''],
    ['updated', tally.updated, 'fields refreshed'],
    ['duplicates', tally.duplicates, 'skipped: the address is in this file or campaign already'],
    ['suppressed', tally.suppressed, 'kept, and never mailed'],
    ['invalid', tally.invalid, ''],
  ];
  const shown = rows.filter(([name, count]) => count > 0 || ['rows read', 'imported'].includes(name) || (update && name === 'updated'));
  output.table(
    ['', '', ''],
    shown.map(([name, count, note]) => [name, number(count), note]),
    [1],
  );
}

function counts({ rows, imported, updated, duplicates, invalid, suppressed }: ImportTally) {
  return { rows, imported, updated, duplicates, invalid, suppressed };
}

async function nextStep({ config }: App, request: ImportRequest): Promise<string> {
  const { lacksOf } = await import('../config/lawful.ts');
  if (lacksOf(config).length > 0) return CONFIG_FIRST;
  if (request.campaign.review === 'all') return 'outreach worker --only generate --until-done    (then review: outreach status)';
  return 'outreach worker    (writes and sends; stop it any time)';
}

async function workspaceForImport(context: Context): Promise<{ workspace: Workspace; made: boolean }> {
  const { userWorkspace } = await import('../config/workspace.ts');
  try {
    return { workspace: context.workspace(), made: false };
  } catch (error) {
    if (context.workspaceFlag !== undefined || (context.env.OUTREACH_WORKSPACE ?? '') !== '') throw error;
    const workspace = userWorkspace(context);
    const { writeWorkspace } = await import('../config/scaffold.ts');
    writeWorkspace(workspace, {});
    return { workspace, made: true };
  }
}

async function sendRule(app: App, campaign: Campaign, options: Options): Promise<SendRule> {
  const { checkSendRule } = await import('../config/campaign.ts');
  const { parseMoment } = await import('../domain/moment.ts');
  const at = options.at === undefined ? campaign.send.at : parseMoment(options.at, app.config.identity.timezone);
  if (at === undefined) throw new OutreachError('usage', `--at ${options.at} is not a time; write 2026-12-01T09:00`);
  const mode =
    options.mode ??
    (options.at !== undefined && options.rate === undefined ? 'scheduled' : options.rate !== undefined ? 'drip' : campaign.send.mode);
  if (options.rate !== undefined && mode !== 'drip') throw new OutreachError('usage', '--rate goes with --mode drip');
  const rule = checkSendRule(
    { mode, rate: options.rate ?? campaign.send.rate, at },
    options.mode === undefined ? campaign.path : `--mode ${mode}`,
  );
  if (rule.mode === 'scheduled' && rule.at !== null && rule.at < Date.now()) {
    throw new OutreachError('input', `${moment(rule.at)} is over: a scheduled send needs a time to come`, {
      hint: 'Use --at 2026-12-01T09:00, or --mode immediate.',
    });
  }
  return rule;
}

/** A template that prints what no lead can have is refused before the first row. */
async function checkTemplates(campaign: Campaign, columns: readonly (string | null)[]): Promise<void> {
  const { checkVariables, parseTemplate } = await import('../domain/template.ts');
  const { senderScope } = await import('../domain/rendering.ts');
  const known = [...columns.filter((field) => field !== null), ...Object.keys(senderScope(campaign)).map((key) => `sender.${key}`)];
  const { path, lines } = campaign;
  if (campaign.subject !== null) checkVariables(parseTemplate(campaign.subject, { path, line: lines.subject }).required, known, path);
  if (campaign.generator === 'template') checkVariables(parseTemplate(campaign.body, { path, line: lines.body }).required, known, path);
}

function delimiterOf(asked: string | undefined): string | undefined {
  const delimiter = asked === '\\t' || asked === 'tab' ? '\t' : asked;
  if (delimiter === undefined || (delimiter.length === 1 && !/["\r\n]/.test(delimiter))) return delimiter;
  throw new OutreachError('usage', `--delimiter ${asked}: one character, such as ; or tab`);
}

function rate(value: string): number {
  const parsed = Number(value);
  if (Number.isFinite(parsed) && parsed > 0) return parsed;
  throw new OutreachError('usage', `--rate ${value}: a number of mails an hour, such as 20`);
}

function collectMap(value: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const at = value.indexOf('=');
  const field = value.slice(0, at).trim();
  if (at < 1 || !/^[a-z][a-z0-9_]*$/.test(field))
    throw new OutreachError('usage', `--map ${value}: write --map field="Column", such as --map email="Work e-mail"`);
  return new Map([...before, [field, value.slice(at + 1)]]);
}
