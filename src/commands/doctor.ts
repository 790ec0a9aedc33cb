import { type Command, Option } from 'commander';
import type { Diagnosis } from '../app/doctor.ts';
import type { Check } from '../domain/check.ts';
import { SMTP_PHASES, type SmtpPhase } from '../domain/refusalRules.ts';
import { blockForTerminal } from '../domain/text.ts';
import { cell, type Output } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function doctorCommand(use: Use): Command {
  return command('doctor', 'Check DNS records, logins, keys, clock, disk and database, with the fix for what is wrong; no mail is sent.', [
    'doctor',
    'doctor --reply "550 5.7.1 Relaying denied"    # how a refusal is read, and why',
  ])
    .option('--reply <text>', "read a server's refusal instead: what it means, and what follows")
    .addOption(new Option('--phase <phase>', 'where in the conversation it came').choices(SMTP_PHASES).default('rcpt'))
    .action(use(doctor));
}

interface Options {
  readonly reply?: string;
  readonly phase: SmtpPhase;
}

async function doctor(context: Context, options: Options): Promise<number> {
  const { output, env } = context;
  if (options.reply !== undefined) return readReply(output, options.reply, options.phase);
  const app = await context.app();
  const { runDoctor } = await import('../app/doctor.ts');
  const { campaignNames } = await import('../config/campaignFolder.ts');
  if (output.stderrIsTerminal) output.talk('Asking around (a few seconds) …');
  const diagnosis = await runDoctor(app, { env });
  output.object(diagnosis);
  if (!output.json) print(output, diagnosis, campaignNames(app.workspace)[0]);
  return diagnosis.ok ? 0 : 1;
}

async function readReply(output: Output, reply: string, phase: SmtpPhase): Promise<number> {
  const { explainReply } = await import('../app/readReply.ts');
  const read = explainReply(reply, phase);
  output.object(read);
  output.table(
    ['', ''],
    [
      ['means', read.means],
      ['fault of', `the ${read.fault}, ${read.lasting ? 'for good' : 'for now'}`],
      ['what follows', read.effect],
      ...(read.advice === null ? [] : [['what mends it', read.advice]]),
      ['words read', cell(read.words, 200)],
      ['rule', read.source],
    ],
  );
  output.line('\nNext: outreach suppress undo    lifts what an earlier version suppressed by such a reply');
  return 0;
}

function print(output: Output, { ok, checks, notes }: Diagnosis, campaign: string | undefined): void {
  output.table(
    ['', 'CHECK', 'SUBJECT', 'FOUND'],
    checks.map((check) => [painted(output, check), check.name, cell(check.subject, 40), cell(check.detail, 110)]),
  );
  for (const note of notes) output.line(output.colour.dim(note));
  for (const status of ['fail', 'warn'] as const) {
    for (const check of checks) {
      if (check.status !== status) continue;
      output.line(`\n${painted(output, check)}  ${check.name} ${cell(check.subject, 80)}: ${cell(check.detail, 400)}`);
      if (check.fix !== null) output.line(blockForTerminal(check.fix).replace(/^/gm, '      '));
    }
  }
  const done = campaign === undefined ? 'outreach init' : `outreach test ${campaign} --to YOUR-ADDRESS`;
  output.line(`\nNext: ${ok ? done : 'mend what fails (DNS may need an hour), then outreach doctor'}`);
}

function painted({ colour }: Output, { status }: Check): string {
  return status === 'ok' ? colour.green(status) : status === 'warn' ? colour.yellow(status) : colour.red(status);
}
