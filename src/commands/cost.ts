import type { Command } from 'commander';
import { formatUsd, NANO_PER_USD } from '../domain/aiCost.ts';
import type { Cost } from '../store/costs.ts';
import { number, type Output } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function costCommand(use: Use): Command {
  return command('cost', 'Show what models have cost, by job, model and day.', ['cost', 'cost --json']).action(use(cost));
}

async function cost(context: Context): Promise<undefined> {
  const { output } = context;
  const app = await context.app();
  const { db } = await app.openStore();
  const { costsByDay, costsByJob, costsByModel } = await import('../store/costs.ts');
  const jobs = await costsByJob(db);
  const models = await costsByModel(db);
  const days = (await costsByDay(db)).map(({ day, ...rest }) => ({ day: new Date(day).toISOString().slice(0, 10), ...rest }));
  const total = models.reduce((sum, { nano }) => sum + nano, 0);
  output.object({
    total_usd: total / NANO_PER_USD,
    jobs: jobs.map(inUsd),
    models: models.map(inUsd),
    days: days.map(inUsd),
  });
  if (models.length === 0) {
    output.line('No model has been asked yet.\n\nNext: outreach generate');
    return;
  }
  table(
    output,
    'JOB',
    jobs.map((row) => [`${row.job}  ${row.campaign}`, row]),
  );
  table(
    output,
    'MODEL',
    models.map((row) => [`${row.provider}  ${row.model}`, row]),
  );
  table(
    output,
    'DAY (UTC)',
    days.map((row) => [row.day, row]),
  );
  output.line(`Total: ${formatUsd(total)}`);
  const unknown = models.reduce((sum, row) => sum + row.unknown, 0);
  if (unknown > 0) output.line(`${number(unknown)} of the calls have no known end; they count at the most they can have cost.`);
  if (models.some(({ unpriced }) => unpriced > 0))
    output.line('Calls to a provider without a price in outreach.yaml (ai.providers.price) count as $0.00.');
  output.line('\nNext: outreach estimate CAMPAIGN');
}

function table(output: Output, title: string, rows: readonly (readonly [string, Cost])[]): void {
  output.table(
    [title, 'CALLS', 'COST'],
    rows.map(([name, { calls, nano }]) => [name, number(calls), formatUsd(nano)]),
    [1, 2],
  );
  output.line();
}

function inUsd<Row extends Cost>({ nano, ...rest }: Row) {
  return { ...rest, usd: nano / NANO_PER_USD };
}
