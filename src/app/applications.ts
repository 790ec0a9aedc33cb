import { type Config, isMailboxSender, logsInByGrant, type MailboxSenderConfig } from '../config/config.ts';
import { asApplication } from '../config/senderAuth.ts';
import { OutreachError } from '../domain/errors.ts';
import type { LoginAnswer } from '../domain/login.ts';
import { type ApplicationMend, applicationRefusal, askAsApplication } from '../oauth/applicationTokens.ts';
import type { OAuthClient } from '../oauth/client.ts';

/** What a person does where a sender's application gets no token. */
export function applicationMend({ name, oauth }: MailboxSenderConfig): ApplicationMend {
  return { secret: `make another one in Entra, and ${storing(oauth?.client_secret)}`, resume: resumeCommandOf(name) };
}

/** What lets a sender go on after the trouble of its application is mended. */
export function resumeCommandOf(sender: string): string {
  return `outreach senders resume ${sender}`;
}

/** What the token server says to a secret that is not stored yet. */
export async function tryApplication(client: OAuthClient): Promise<LoginAnswer> {
  const answer = await askAsApplication(client);
  if (answer.kind === 'granted') return { kind: 'let_in' };
  if (answer.kind === 'unknown') return answer;
  const about = 'what counts is its value, not its id';
  return { kind: 'refused', reply: `${applicationRefusal(client, answer.error, about)} (${answer.reply})` };
}

/** For whoever would log a person in. */
export function refusePerson({ senders }: Config, name: string): void {
  const sender = senders.filter(isMailboxSender).find((one) => name === one.name || name === `${one.name}.oauth`);
  if (sender === undefined || !logsInByGrant(sender) || !asApplication(sender)) return;
  throw new OutreachError('usage', `sender ${sender.name} logs in as an application, so there is nothing to agree to in a browser`, {
    hint: `Its secret is all that it needs: ${storing(sender.oauth?.client_secret)}`,
  });
}

function storing(reference = ''): string {
  const name = reference.slice(reference.indexOf(':') + 1);
  return reference.startsWith('keychain:') ? `store it: outreach login ${name}` : `put it where outreach.yaml says: ${reference}`;
}
