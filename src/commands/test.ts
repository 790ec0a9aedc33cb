import type { Command } from 'commander';
import type { Tested } from '../app/testMail.ts';
import { parseAddress } from '../domain/address.ts';
import type { DeliveryKind } from '../domain/delivery.ts';
import { OutreachError } from '../domain/errors.ts';
import { fileLines, filesAsJson } from '../terminal/attached.ts';
import { cell, type Output } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

interface TestOptions {
  readonly to: string;
  readonly sender?: string;
  readonly lead?: string;
}

export function testCommand(use: Use): Command {
  return command('test', 'Send one real mail of a campaign to yourself; it is in no count, and no lead gets anything.', [
    'test hello --to me@ruiz.example',
    'test hello --to me@ruiz.example --sender main --json',
  ])
    .argument('[campaign]', 'campaign (default: the only one there is)')
    .requiredOption('--to <address>', 'where it goes: an address of your own')
    .option('--sender <name>', 'by this sender (default: the first of the campaign)')
    .option('--lead <email>', "as this lead's mail (default: the first lead, or invented values)")
    .action(use(test));
}

async function test(context: Context, name: string | undefined, options: TestOptions): Promise<number> {
  const { output, env } = context;
  const to = addressIn('--to', options.to).email;
  const leadKey = options.lead === undefined ? undefined : addressIn('--lead', options.lead).key;
  const app = await context.app();
  const { chooseCampaign } = await import('../config/campaignFolder.ts');
  const { sendTest } = await import('../app/testMail.ts');
  const campaign = app.campaigns.load(chooseCampaign(app.workspace, name));
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const tested = await sendTest(app, campaign, env, {
      to,
      sender: options.sender,
      leadKey,
      warn: (what) => context.output.talk(what),
      cut: stop.signal,
    });
    report(output, tested, campaign.name, to);
    if (tested.delivery.kind === 'accepted') return 0;
    return stop.signal.aborted ? 130 : 1;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function addressIn(flag: string, value: string): { email: string; key: string } {
  const check = parseAddress(value);
  if (check.ok) return check.address;
  throw new OutreachError('usage', `${flag}: ${check.reason}`, { hint: `Write one address: ${flag} me@ruiz.example` });
}

function report(output: Output, { sender, mail, delivery }: Tested, campaign: string, to: string): void {
  const { draft, lead } = mail;
  const { attachments } = draft.mail.parts();
  const { kind, code, reply } = delivery;
  output.object({
    campaign,
    sender: sender.name,
    provider: sender.type,
    to,
    lead,
    sample: lead === null,
    subject: draft.subject,
    attachments: filesAsJson(attachments),
    message_id: draft.mail.messageId,
    outcome: kind,
    code,
    reply,
  });
  const as = lead === null ? 'with sample values, because the campaign has no leads yet' : `as the mail for ${cell(lead)}`;
  output.line(`To ${cell(to)} by sender ${sender.name} (${sender.type}), ${as}`);
  output.line(`  Subject: ${cell(draft.subject, 200)}`);
  for (const line of fileLines(attachments)) output.line(line);
  const colour = kind === 'accepted' ? output.colour.green : output.colour.red;
  output.line(`  ${colour(VERDICTS[kind])}: ${cell(reply, 300)}\n`);
  output.line(`Next: ${next(kind, sender.type, sender.name)}`);
}

const VERDICTS: Readonly<Record<DeliveryKind, string>> = {
  accepted: 'Accepted',
  temporary: 'Not accepted for now',
  throttled: 'Not accepted for now',
  sender_failed: 'Not sent',
  sender_refused: 'Sender refused',
  recipient_refused: 'Address refused',
  content_refused: 'Mail refused',
  not_armed: 'Not sent',
  ambiguous: 'No complete answer',
};

function next(kind: DeliveryKind, type: string, sender: string): string {
  switch (kind) {
    case 'accepted':
      return type === 'outbox'
        ? 'open that file, then outreach worker'
        : 'see how it looks in your mailbox, or in its spam folder; then outreach worker';
    case 'recipient_refused':
      return 'check the address after --to';
    case 'content_refused':
      return 'change what the reply names in the campaign, then try again';
    case 'ambiguous':
      return 'look into your mailbox before you try again: it may be there';
    case 'not_armed':
      return 'nothing left this machine; try again';
    case 'temporary':
    case 'throttled':
      return 'try again later';
    default:
      return `outreach doctor    (it tries the login of ${sender} and says what is wrong)`;
  }
}
