import type { Command } from 'commander';
import type { Login } from '../app/logins.ts';
import { type Config, isMailboxSender } from '../config/config.ts';
import { asApplication } from '../config/senderAuth.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type Context, command, type Use } from './context.ts';
import { targetOf } from './login.ts';

export function logoutCommand(use: Use): Command {
  return command('logout', 'Remove a password, API key or grant that login has stored.', ['logout main', 'logout openai --json'])
    .argument('<name>', 'the name it was stored under: outreach secrets')
    .action(use(logout));
}

/** A grant, and the secret of an application, still work for whoever has a copy. */
async function withdrawal({ senders }: Config, users: readonly Login[]): Promise<string | undefined> {
  const { withdrawalOf } = await import('../app/grants.ts');
  const sender = senders.filter(isMailboxSender).find((one) => {
    const asked = asApplication(one) ? 'oauth.client_secret' : 'oauth';
    return users.some(({ owner, key }) => owner === `sender ${one.name}` && key === asked);
  });
  return sender === undefined ? undefined : withdrawalOf(sender);
}

async function logout(context: Context, given: string): Promise<undefined> {
  const { output, env } = context;
  const app = await context.app();
  const { loginsOf } = await import('../app/logins.ts');
  const { openSecrets } = await import('../app/secrets.ts');
  const { name, users } = targetOf(given, loginsOf(app.config));
  const grant = users.find(({ key }) => key === 'oauth');
  const secrets = openSecrets(app.workspace, env);
  const remove = () => removeFrom(secrets, name);
  const { grantName, openGrants } = await import('../app/grants.ts');
  // A worker that renews the grant just then would store it again.
  const removed =
    grant !== undefined && name === grantName(grant.name) ? await openGrants(app.workspace, env, grant.name).alone(remove) : await remove();
  if (removed.length === 0) {
    throw new OutreachError('not_found', `nothing is stored as ${name}`, { hint: 'See what is: outreach secrets' });
  }
  const asking = users.filter(({ reference }) => reference === `keychain:${name}`);
  output.object({ name, removed_from: removed });
  output.line(`Removed ${name} from the ${removed.join(' and the ')}.`);
  if (asking.length > 0) output.line(`outreach.yaml still asks for it: ${asking.map(({ owner }) => owner).join(', ')}`);
  const withdraw = await withdrawal(app.config, users);
  if (withdraw !== undefined) output.line(withdraw);
  output.line(`\nNext: outreach ${asking.length > 0 ? `login ${grant?.name ?? name}` : 'secrets'}`);
}

/** The places that held it. */
async function removeFrom({ keychain, file }: Secrets, name: string): Promise<string[]> {
  const removed: string[] = [];
  for (const store of [file, keychain]) {
    try {
      if (await store.deletePassword(name)) removed.push(store.place);
    } catch (error) {
      // Where there is no keychain, there is nothing in it, unless it once was there.
      if (!(error instanceof OutreachError) || store.place === 'file' || (await store.names()).includes(name)) throw error;
    }
  }
  return removed;
}
