import { type Command, Option } from 'commander';
import { OutreachError } from '../domain/errors.ts';
import type { Verdict } from '../pipeline/resolveMessage.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

interface Options {
  readonly sent?: boolean;
  readonly notSent?: boolean;
  readonly resend?: boolean;
}

export function resolveCommand(use: Use): Command {
  return command('resolve', 'Say what became of an uncertain mail.', ['resolve 42 --sent', 'resolve 42 --resend'])
    .argument('<id>', 'message id')
    .addOption(new Option('--sent', 'it arrived: count it as accepted').conflicts(['notSent', 'resend']))
    .addOption(new Option('--not-sent', 'it did not arrive: count it as failed, and as not used').conflicts(['resend']))
    .option('--resend', 'send it again, knowing that it may arrive twice')
    .action(use(resolve));
}

async function resolve(context: Context, id: string, options: Options): Promise<undefined> {
  const verdict: Verdict | undefined = options.sent ? 'sent' : options.notSent ? 'not_sent' : options.resend ? 'resend' : undefined;
  if (verdict === undefined)
    throw new OutreachError('usage', 'say what became of it: --sent, --not-sent or --resend', {
      hint: `See its story first: outreach show ${id}`,
    });
  const store = await context.storeToWrite();
  const { resolveMessage } = await import('../pipeline/resolveMessage.ts');
  const message = wholeNumber('a message id')(id);
  const state = await resolveMessage(store, message, verdict, Date.now());
  context.output.object({ id: message, state });
  context.output.line(`Message ${message} is ${state} now.\n\nNext: ${state === 'ready' ? 'outreach worker' : 'outreach status'}`);
}
