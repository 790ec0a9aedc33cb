import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { App } from '../app/app.ts';
import type { Trouble } from '../config/inspect.ts';
import type { Made } from '../config/scaffold.ts';
import type { Workspace } from '../config/workspace.ts';
import { checkFileColumns } from '../domain/attachment.ts';
import { needsApproval } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { SEND_MODES } from '../domain/job.ts';
import { LEGAL_BASES, type Origin } from '../domain/lead.ts';
import { oneLine } from '../domain/text.ts';
import type { Repeated } from '../pipeline/checkLeads.ts';
import type { ImportRequest } from '../pipeline/importLeads.ts';
import { cell, moment, number, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { collectMap, collectNames, delimiterOf, type ImportFlags, rate, sendRule } from './importFlags.ts';
import { importCounts, summarise } from './importReport.ts';
import { checkTemplates, warnOfEmptyCells } from './importTemplates.ts';
import { spool } from './spool.ts';
import { CONFIG_FIRST } from './status.ts';

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
    .option('--update', 'refresh leads that the campaign has already; what the file does not say stays')
    .addOption(new Option('--replace', 'refresh them, and drop what the file does not say').conflicts('update'))
    .addOption(
      new Option('--ignore-status <column>', 'mail people whatever this column says of consent; may be repeated')
        .argParser(collectNames)
        .default([], 'none'),
    )
    .option('--dry-run', 'say what would happen and store nothing')
    .option('--delimiter <char>', 'cell delimiter (default: found in the header)')
    .option('--encoding <name>', 'such as windows-1252 (default: UTF-8)')
    .action(use(importFile));
}

async function importFile(context: Context, path: string, flags: ImportFlags): Promise<number | undefined> {
  if (path !== '-' && !existsSync(resolve(context.cwd, path))) {
    throw new OutreachError('input', `there is no file ${path}`, { hint: 'Give the path of a CSV file, or - for standard input.' });
  }
  const { workspace, made } = await workspaceForImport(context, flags.dryRun === true);
  const app = await context.app({ workspace });
  let taken = false;
  try {
    return await importInto(context, app, path, flags, () => {
      taken = true;
      if (made !== undefined)
        context.output.talk(
          `Made a workspace at ${workspace.root} with a sample campaign; its mails become files in ${workspace.outbox} and reach nobody.`,
        );
    });
  } finally {
    // Nothing was taken: nothing is left behind.
    if (made !== undefined && !taken) {
      await app.close();
      made.undo();
    }
  }
}

async function importInto(context: Context, app: App, path: string, flags: ImportFlags, onTaken: () => void): Promise<undefined> {
  const { workspace } = app;
  const { chooseCampaign } = await import('../config/campaignFolder.ts');
  const campaign = app.campaigns.load(chooseCampaign(workspace, flags.campaign));
  const send = await sendRule(app, campaign, flags);
  const source = path === '-' ? await spool(workspace) : { path: resolve(context.cwd, path), name: basename(path), remove: () => {} };
  try {
    const { openCsv } = await import('../csv/readRows.ts');
    const { mapColumns } = await import('../csv/columns.ts');
    const { addressChoice, columnsWithAddresses, firstRows, unknownZone } = await import('../csv/sample.ts');
    const file = await openCsv(source.path, source.name, { delimiter: delimiterOf(flags.delimiter), encoding: flags.encoding });
    const rows = await firstRows(file);
    const holding = columnsWithAddresses(rows);
    const columns = mapColumns(file.header, flags.map, file.name, holding);
    const { consentIn } = await import('./importConsent.ts');
    const { consent, ignored, settled } = await consentIn(context, file, columns, flags.ignoreStatus);
    const { counted, warnings } = await checkTemplates(context, app, campaign, file, columns, flags.update === true);
    checkFileColumns(campaign.attachments, columns, campaign.path);
    const origin = originOf(context, app, flags);
    const choice = flags.map.has('email') ? undefined : addressChoice(file.header, columns, holding);
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
      update: flags.update === true || flags.replace === true,
      replace: flags.replace === true,
      consent,
      ignored,
      settled,
      origin,
      counted,
      rejectsPath: (job) => join(workspace.rejects, `job-${job}-${basename(file.name).replace(/\.csv$/i, '')}.csv`),
    };
    return flags.dryRun === true
      ? await rehearse(context, app, request, warnings)
      : await take(context, app, request, { warnings, onTaken });
  } finally {
    source.remove();
  }
}

/** Whoever is written to may ask where their address is from (GDPR art. 14 and 15), and the answer must be known then. */
function originOf({ output }: Context, { config }: App, flags: ImportFlags): Origin {
  const source = oneLine(flags.source ?? '') || null;
  const basis = flags.basis ?? null;
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

interface Taking {
  /** Said before the first row. */
  readonly warnings: readonly Trouble[];
  onTaken(): void;
}

async function take(context: Context, app: App, request: ImportRequest, { warnings, onTaken }: Taking): Promise<undefined> {
  const { output } = context;
  const { importLeads } = await import('../pipeline/importLeads.ts');
  const { progressBar } = await import('../terminal/progressBar.ts');
  const { sleep } = await import('../app/app.ts');
  const { forgottenHash } = await import('../app/people.ts');
  const { hasLiveWorker } = await import('../store/workers.ts');
  const store = await context.storeToWrite(app);
  if (await isRepetition(context, app, request, warnings)) {
    onTaken();
    return;
  }
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort();
    store.hurry();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let bar: ReturnType<typeof progressBar> | undefined;
  try {
    const { job, tally, cells, rejects } = await importLeads(
      {
        store,
        now: () => Date.now(),
        stop: stop.signal,
        accepted(id, resumedAt) {
          onTaken();
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
    const all = [...warnings, ...(await warnOfEmptyCells(context, request.campaign, cells))];
    output.object({ job, campaign: request.campaign.name, ...importCounts(tally), rejects, warnings: all });
    summarise(output, tally, request);
    if (rejects !== null) output.line(`\nRejects, with line and reason: ${rejects}\nMend them there and import that file the same way.`);
    output.line(`\nNext: ${tally.imported + tally.updated === 0 ? `outreach jobs ${job}` : await nextStep(app, request)}`);
  } finally {
    bar?.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** The same file once more makes no job, and nothing is stored; what is printed is what the first one left. */
async function isRepetition(context: Context, app: App, request: ImportRequest, warnings: readonly Trouble[]): Promise<boolean> {
  const { output } = context;
  const { checkLeads, earlierImport } = await import('../pipeline/checkLeads.ts');
  const { forgottenHash } = await import('../app/people.ts');
  const { db } = await app.openStore();
  if ((await earlierImport(db, request)) === undefined) return false;
  // Whatever was asked this time: a job that had its people may have been cancelled since.
  const { tally, cells, repeats } = await checkLeads(db, request, forgottenHash(app.workspace));
  if (repeats === undefined) return false;
  const { job } = repeats;
  const rejects = repeats.rejects !== null && existsSync(repeats.rejects) ? repeats.rejects : null;
  const all = [...warnings, ...(await warnOfEmptyCells(context, request.campaign, cells))];
  output.object({ job, campaign: request.campaign.name, ...importCounts(tally), rejects, warnings: all });
  output.line(repetition(request, repeats));
  summarise(output, tally, request);
  if (rejects !== null) output.line(`\nIts rejects, with line and reason: ${rejects}`);
  output.line(`\nNext: outreach jobs ${job}`);
  return true;
}

async function rehearse(context: Context, app: App, request: ImportRequest, warnings: readonly Trouble[]): Promise<undefined> {
  const { output } = context;
  const { checkLeads } = await import('../pipeline/checkLeads.ts');
  const { forgottenHash } = await import('../app/people.ts');
  const db = existsSync(app.config.database) ? (await app.openStore()).db : undefined;
  const { tally, cells, rejects, unfinished, repeats } = await checkLeads(db, request, forgottenHash(app.workspace));
  const all = [...warnings, ...(await warnOfEmptyCells(context, request.campaign, cells))];
  output.object({ job: null, campaign: request.campaign.name, ...importCounts(tally), rejects: null, warnings: all });
  output.line(`Dry run of ${cell(request.file.name)} into campaign ${request.campaign.name}; nothing is stored.`);
  const fields = request.columns.flatMap((field, index) => (field === null ? [] : [`${cell(request.file.header[index], 30)} → ${field}`]));
  output.line(`Columns: ${fields.join(', ')}`);
  if (unfinished !== undefined) {
    output.line(
      `Job ${unfinished.job} has taken ${plural(unfinished.rows, 'row')} of this file: the import continues it, and they are duplicates here.`,
    );
  }
  if (repeats !== undefined) output.line(repetition(request, repeats));
  summarise(output, tally, request);
  for (const { line, reason } of rejects) output.line(`  line ${line}: ${cell(reason, 100)}`);
  if (tally.invalid > rejects.length) output.line(`  … and ${number(tally.invalid - rejects.length)} more`);
  output.line('\nNext: the same command without --dry-run');
}

function repetition({ file, campaign }: ImportRequest, { job, importedAt }: Repeated): string {
  return `${cell(file.name)} was imported into campaign ${campaign.name} before, as job ${job} (${moment(importedAt)}): nothing is changed, and there is no new job.`;
}

async function nextStep({ config }: App, request: ImportRequest): Promise<string> {
  const { lacksOf } = await import('../config/lawful.ts');
  if (lacksOf(config).length > 0) return CONFIG_FIRST;
  if (needsApproval(request.campaign)) return 'outreach worker --only generate --until-done    (then review: outreach status)';
  return 'outreach worker    (writes and sends; stop it any time)';
}

async function workspaceForImport(context: Context, rehearses: boolean): Promise<{ workspace: Workspace; made: Made | undefined }> {
  const { NoWorkspace, userWorkspace, workspaceAt } = await import('../config/workspace.ts');
  try {
    return { workspace: context.workspace(), made: undefined };
  } catch (error) {
    if (!(error instanceof NoWorkspace)) throw error;
    const { writeWorkspace } = await import('../config/scaffold.ts');
    if (rehearses) {
      const { allowScratch } = await import('../files/readOnly.ts');
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'outreach-dry-run-')));
      allowScratch(folder);
      const workspace = workspaceAt(folder);
      const { files } = writeWorkspace(workspace, {});
      return { workspace, made: { files, undo: () => rmSync(folder, { recursive: true, force: true }) } };
    }
    const { trustOwn } = await import('../config/trust.ts');
    const workspace = userWorkspace(context);
    const made = writeWorkspace(workspace, {});
    trustOwn(workspace, context);
    return { workspace, made };
  }
}
