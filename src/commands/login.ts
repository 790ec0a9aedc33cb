import type { Command } from 'commander';
import type { Login } from '../app/logins.ts';
import { type Config, isMailboxSender, type MailboxSenderConfig } from '../config/config.ts';
import { OutreachError } from '../domain/errors.ts';
import { rememberSecret } from '../domain/redact.ts';
import { parseReference, SECRET_NAME } from '../domain/secretReference.ts';
import { didYouMean } from '../domain/text.ts';
import { canAsk } from '../terminal/abilities.ts';
import { type Context, command, type Use } from './context.ts';
import { forgetElsewhere, type LoginOptions, refuseWithoutKeychain } from './loginPlaces.ts';

export function loginCommand(use: Use): Command {
  return command('login', 'Store a password, API key or grant of Google or Microsoft in the keychain, after trying it out.', [
    'login main',
    'login main --no-browser            # auth: oauth, on a machine without a browser',
    'login main --stdin < password.txt',
    'login ruiz-dkim --stdin < dkim.pem # for key: keychain:ruiz-dkim',
    'login openai --file                # where there is no keychain',
  ])
    .argument('<name>', 'a sender or AI provider in outreach.yaml, or any name for keychain:NAME')
    .option('--stdin', 'read it from standard input (one line, or a key in PEM form) instead of asking')
    .option('--file', 'keep it in .outreach/secrets.json: plain text, readable by your user alone')
    .option('--no-check', 'store it without trying to log in with it')
    .option('--no-browser', 'auth: oauth: show a code or an address for a browser elsewhere (default where this machine has none)')
    .action(use(login));
}

async function login(context: Context, name: string, options: LoginOptions): Promise<undefined> {
  const { output, env } = context;
  const app = await context.app();
  const { loginsOf } = await import('../app/logins.ts');
  const { openSecrets, secretsPath } = await import('../app/secrets.ts');
  const logins = loginsOf(app.config);
  const target = targetOf(name, logins);
  const sender = grantedSender(target, app.config);
  if (sender !== undefined) {
    const { loginByGrant } = await import('./loginGrant.ts');
    return loginByGrant(context, app, sender, options);
  }
  if (target.users.length === 0) (await import('../app/applications.ts')).refusePerson(app.config, name);
  refuseWithoutTerminal(target, options, env);
  const secrets = openSecrets(app.workspace, env);
  // Before anything is typed in vain.
  if (options.file !== true) await refuseWithoutKeychain(secrets, target.name);
  const secret = await read(target);
  const tested = options.check && (await tryOut(target.users, secret));
  const place = options.file === true ? secrets.file : secrets.keychain;
  await place.setPassword(target.name, secret);
  await forgetElsewhere(context, secrets, target.name, place.place);
  const reference = `keychain:${target.name}`;
  const unwritten = target.users.filter((user) => user.reference !== reference);
  output.object({
    name: target.name,
    stored_in: place.place,
    tested,
    reference,
    written: unwritten.length === 0 && target.users.length > 0,
  });
  if (options.file === true) output.talk(`Warning: ${secretsPath(app.workspace)} is plain text, readable by your user and root.`);
  output.line(`${tested ? 'The login works. ' : ''}Stored in the ${place.place} as ${target.name}.`);
  sayNext(context, target, unwritten, logins);
}

/** The sender that logs in with a token, if the name is one's or its grant's. */
function grantedSender({ users }: Target, { senders }: Config): MailboxSenderConfig | undefined {
  const [login] = users;
  return login?.key === 'oauth' ? senders.filter(isMailboxSender).find(({ name }) => name === login.name) : undefined;
}

interface Target {
  /** What it is called in the keychain. */
  readonly name: string;
  readonly users: readonly Login[];
}

/** Whoever refers to keychain:NAME, else the sender or provider of that name, else a free name. */
export function targetOf(name: string, logins: readonly Login[]): Target {
  if (!SECRET_NAME.test(name)) {
    // It may be the secret itself, so it is not repeated.
    throw new OutreachError('usage', 'the name has letters, digits, . _ and - only', { hint: 'outreach login main' });
  }
  const users = logins.filter(({ reference }) => reference === `keychain:${name}`);
  if (users.length > 0) return { name, users };
  const [named, another] = logins.filter((login) => login.name === name);
  if (another !== undefined) {
    throw new OutreachError('usage', `${name} is both ${named?.owner} and ${another.owner}; give each its own secret`, {
      hint: `Write two names in outreach.yaml, such as keychain:${name}-mail and keychain:${name}-ai; then: outreach login ${name}-mail`,
    });
  }
  if (named === undefined) return { name, users: [] };
  const written = parseReference(named.reference ?? '');
  if (written?.kind !== 'keychain') return { name, users: [named] };
  return { name: written.name, users: logins.filter(({ reference }) => reference === named.reference) };
}

function refuseWithoutTerminal({ name, users }: Target, options: LoginOptions, env: NodeJS.ProcessEnv): void {
  if (options.stdin === true || canAsk(env, process.stdin)) return;
  throw new OutreachError('usage', `login asks for the ${wantedOf(name, users)} on a terminal, and this is none`, {
    hint: `Give it on standard input: outreach login ${name} --stdin < FILE`,
  });
}

function wantedOf(name: string, users: readonly Login[]): string {
  return users[0]?.wanted ?? `secret ${name}`;
}

async function read({ name, users }: Target): Promise<string> {
  const { askSecret, readSecret } = await import('../terminal/askSecret.ts');
  const wanted = wantedOf(name, users);
  // Also with --stdin: on a terminal what is typed would be seen.
  const secret =
    process.stdin.isTTY === true
      ? await askSecret(`${wanted[0]?.toUpperCase()}${wanted.slice(1)} (not shown): `, { input: process.stdin, output: process.stderr })
      : await readSecret(process.stdin);
  if (secret.trim() === '') throw new OutreachError('usage', 'an empty secret is not stored');
  rememberSecret(secret);
  return secret;
}

/** False when there is nothing to try it on. A secret that is refused, or that nobody could judge, is not stored. */
async function tryOut(users: readonly Login[], secret: string): Promise<boolean> {
  let tested = false;
  for (const { owner, tryOut: ask } of users) {
    const answer = await ask?.(secret);
    if (answer?.kind === 'refused') {
      throw new OutreachError('refused', `${owner} was refused, and nothing is stored: ${answer.reply}`, {
        hint: 'Type it again; many mailboxes want an app password here. Store it untested: --no-check',
      });
    }
    if (answer?.kind === 'unknown') {
      throw new OutreachError('environment', `${owner} could not be tried out, and nothing is stored: ${answer.reply}`, {
        hint: 'Store it untested: --no-check',
      });
    }
    tested ||= answer !== undefined;
  }
  return tested;
}

function sayNext({ output }: Context, { name, users }: Target, unwritten: readonly Login[], logins: readonly Login[]): void {
  const near = users.length > 0 ? undefined : didYouMean(name, new Set(logins.map((one) => one.name)));
  if (users.length === 0) {
    output.line(`Nothing in outreach.yaml uses it yet${near === undefined ? '' : `; did you mean ${near}?`}`);
    output.line(`\nNext: write "keychain:${name}" where it is to be used, in outreach.yaml`);
  } else if (unwritten.length > 0) {
    const lines = unwritten.map(({ owner, key, tryOut: ready }) => `${key}: "keychain:${name}"${ready ? '' : ', and user,'} in ${owner}`);
    output.line(`\nNext: write ${lines.join('; ')} of outreach.yaml`);
  } else if (users.every(({ key }) => key === 'oauth.client_secret')) {
    // With it the sender can ask for its grant.
    const sender = logins.find(({ key, owner }) => key === 'oauth' && owner === users[0]?.owner);
    output.line(`\nNext: outreach login ${sender?.name ?? name}`);
  } else output.line('\nNext: outreach worker    (if its sender was stopped: outreach senders)');
}
