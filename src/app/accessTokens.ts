import type { TokenSenderConfig } from '../config/config.ts';
import type { AccessTokens } from '../domain/accessToken.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Mailbox } from '../mail/rawMail.ts';
import type { App } from './app.ts';

/** The tokens that a sender's grant gives. Refuses where there is none. */
export async function accessTokensOf({ config }: App, { name, type }: TokenSenderConfig): Promise<AccessTokens> {
  throw new OutreachError('config', `${config.path}: sender ${name}: type ${type} needs a login with OAuth, which is not built yet`, {
    hint: 'Send through the same mailbox over SMTP: type: smtp with preset: gmail or microsoft365.',
  });
}

/** Where such a sender's mailbox is spoken to. */
export function mailboxOf({ base_url, insecure, user }: TokenSenderConfig): Mailbox {
  return { baseUrl: base_url, insecure, user };
}
