import { existsSync } from 'node:fs';
import type { App } from '../app/app.ts';
import type { GrantTalk } from '../app/grantLogin.ts';
import type { MailboxSenderConfig } from '../config/config.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { canAsk } from '../terminal/abilities.ts';
import { cell } from '../terminal/output.ts';
import type { Context } from './context.ts';
import { forgetElsewhere, type LoginOptions, refuseWithoutKeychain } from './loginPlaces.ts';

/** `outreach login` of a sender that logs in with a token. */
export async function loginByGrant(context: Context, app: App, sender: MailboxSenderConfig, options: LoginOptions): Promise<undefined> {
  const resumed = await keepGrant(context, app, sender, options);
  context.output.line(`\nNext: ${resumed ? `outreach worker    (sender ${sender.name} goes on)` : 'outreach doctor'}`);
}

/** A person allows it at the provider, and the grant is stored. Resolves to whether the sender goes on that had been stopped without it. */
export async function keepGrant(context: Context, app: App, sender: MailboxSenderConfig, options: LoginOptions): Promise<boolean> {
  const { output, env } = context;
  const { hasBrowser } = await import('../app/browser.ts');
  const { askForGrant, tryGrant } = await import('../app/grantLogin.ts');
  const { grantName, openClient, openGrants } = await import('../app/grants.ts');
  const { openSecrets, secretsPath } = await import('../app/secrets.ts');
  const { mailboxOf } = await import('../config/oauth.ts');
  const secrets = openSecrets(app.workspace, env);
  const name = grantName(sender.name);
  const client = await openClient(app.config, sender, secrets);
  const way = options.browser && hasBrowser(context) ? 'browser' : 'elsewhere';
  if (way === 'elsewhere' && client.deviceUrl === undefined) refuseWithoutInput(sender.name, options, env);
  // Before a person agrees in vain.
  if (options.file !== true) await refuseWithoutKeychain(secrets, name, sender.name);
  const grant = await askForGrant(client, mailboxOf(sender), way, talkOn(context));
  if (options.check) await tryGrant(sender, grant);
  const place = options.file === true ? 'file' : 'keychain';
  await openGrants(app.workspace, env, sender.name).put(grant, place);
  await forgetElsewhere(context, secrets, name, place);
  const resumed = await letGoOn(context, app, sender.name);
  const { mailbox, scope } = grant;
  output.object({ name: sender.name, stored_in: place, tested: options.check, reference: `keychain:${name}`, mailbox, scope, resumed });
  if (options.file === true) output.talk(`Warning: ${secretsPath(app.workspace)} is plain text, readable by your user and root.`);
  output.line(`${options.check ? 'The login works. ' : ''}${whose(grant, client.label)} is stored in the ${place} as ${name}.`);
  for (const complaint of complaints(grant, sender, mailboxOf(sender))) output.talk(`Warning: ${complaint}`);
  return resumed;
}

function whose({ mailbox }: Grant, label: string): string {
  return `The grant of ${mailbox === null ? 'a mailbox that it does not name' : cell(mailbox, 80)} at ${label}`;
}

/** The provider names another mailbox than the settings do. It may be right: a shared mailbox, or an alias. */
function complaints({ mailbox, ends_at }: Grant, { from }: MailboxSenderConfig, user: string): string[] {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const address = /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();
  return [
    ...(mailbox !== null && !same(mailbox, user)
      ? [`you logged in as ${cell(mailbox, 80)}, and the sender's mailbox is ${cell(user, 80)}; is it the right one?`]
      : []),
    ...(!same(address, user) ? [`mails are from ${cell(address, 80)}; the mailbox ${cell(user, 80)} must be allowed to send as that`] : []),
    ...(ends_at === null
      ? []
      : [`the provider ends the grant on ${new Date(ends_at).toISOString().slice(0, 10)}; docs/providers.md tells why`]),
  ];
}

function refuseWithoutInput(name: string, options: LoginOptions, env: NodeJS.ProcessEnv): void {
  if (options.stdin === true || canAsk(env, process.stdin)) return;
  throw new OutreachError('usage', 'login asks for the address that a browser was led to, on a terminal, and this is none', {
    hint: `Give it on standard input, after the login has told what to open: outreach login ${name} --stdin`,
  });
}

function talkOn(context: Context): GrantTalk {
  const { output } = context;
  return {
    async open(address) {
      const { openBrowser } = await import('../app/browser.ts');
      const opened = await openBrowser(address, context);
      output.talk(
        `${opened ? 'Your browser shows the login. If it does not, open' : 'Open in a browser on this machine'}:\n\n${address}\n\nWaiting …`,
      );
    },
    showCode: (address, code) => output.talk(`Open on any machine: ${address}\nand type the code:    ${code}\n\nWaiting …`),
    async askForAddress(address) {
      output.talk(
        `Open in any browser:\n\n${address}\n\nAfter you have agreed, the browser is led to a page that cannot be shown. Copy its whole address from the address bar.`,
      );
      const { askSecret, readSecret } = await import('../terminal/askSecret.ts');
      const typed =
        process.stdin.isTTY === true
          ? await askSecret('Paste it here (not shown): ', { input: process.stdin, output: process.stderr })
          : await readSecret(process.stdin);
      return typed;
    },
  };
}

/** A sender that was stopped for want of this login goes on. */
async function letGoOn(context: Context, app: App, sender: string): Promise<boolean> {
  if (!existsSync(app.config.database)) return false;
  const { resumeSenderThatWaitsFor } = await import('../pipeline/steerSender.ts');
  return resumeSenderThatWaitsFor(await context.storeToWrite(app), sender, 'outreach login');
}
