import { Argument, type Command } from 'commander';
import type { App } from '../app/app.ts';
import type { SenderReport } from '../app/senderReports.ts';
import { OutreachError } from '../domain/errors.ts';
import { didYouMean } from '../domain/text.ts';
import { cell, number } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { stateOf, warmingUp } from './status.ts';

export function sendersCommand(use: Use): Command {
  return command('senders', 'Show how each sender is; stop one, or let one go on that was stopped.', [
    'senders',
    'senders resume main',
    'senders stop main',
  ])
    .addArgument(new Argument('[action]', 'resume or stop; without it all senders are listed').choices(['resume', 'stop']))
    .argument('[name]', 'name of a sender in outreach.yaml')
    .action(use(senders));
}

async function senders(context: Context, action: 'resume' | 'stop' | undefined, name: string | undefined): Promise<undefined> {
  const app = await context.app();
  if (action === undefined) return list(context, app);
  const store = await context.storeToWrite(app);
  const { resumeSender, stopSender } = await import('../pipeline/steerSender.ts');
  const sender = known(app, action, name);
  const { output } = context;
  if (action === 'stop') {
    await stopSender(store, sender, Date.now());
    output.object({ sender, status: 'stopped' });
    output.line(`Sender ${sender} is stopped; mails on the wire finish.\n\nNext: outreach senders resume ${sender}`);
    return;
  }
  const changed = await resumeSender(store, sender);
  output.object({ sender, status: 'active' });
  output.line(`Sender ${sender} ${changed ? 'goes on' : 'was not stopped'}.\n\nNext: outreach worker    (unless one is running)`);
}

async function list({ output }: Context, app: App): Promise<undefined> {
  const { senderReports } = await import('../app/senderReports.ts');
  await app.openStore();
  const reports = await senderReports(app, Date.now());
  for (const report of reports) output.object(report);
  output.table(
    ['SENDER', 'TYPE', 'FROM', 'LAST 24 H', 'STATE'],
    reports.map((report) => [
      report.name,
      report.auth === 'oauth' ? `${report.type}, ${report.grant === 'application' ? 'application' : 'oauth'}` : report.type,
      cell(report.from, 40),
      tries(report),
      `${stateOf(report)}${warmingUp(report)}`,
    ]),
    [3],
  );
  const stopped = reports.find(({ stopped_at }) => stopped_at !== null);
  output.line(`\nNext: ${stopped === undefined ? 'outreach status' : mendOf(stopped)}`);
}

/** A person's login lets the sender go on by itself. */
function mendOf({ name, grant, reason }: SenderReport): string {
  if (grant === 'person' && reason?.includes('outreach login') === true) return `outreach login ${name}    (it goes on then)`;
  return `mend what is wrong, then: outreach senders resume ${name}`;
}

function tries({ sent_24h, cap_today }: SenderReport): string {
  return cap_today === null ? number(sent_24h) : `${number(sent_24h)} of ${number(cap_today)}`;
}

function known({ config }: App, action: string, name: string | undefined): string {
  const names = config.senders.map((sender) => sender.name);
  if (name !== undefined && names.includes(name)) return name;
  const near = name === undefined ? undefined : didYouMean(name, names);
  const what = name === undefined ? 'name the sender' : `there is no sender ${name}${near === undefined ? '' : `; did you mean ${near}?`}`;
  throw new OutreachError('usage', what, {
    hint: `outreach senders ${action} ${near ?? names[0] ?? 'NAME'}    (senders: ${names.join(', ')})`,
  });
}
