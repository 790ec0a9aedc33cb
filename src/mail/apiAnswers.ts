import { lacksScope } from './gmail.ts';
import { lacksPermission } from './graph.ts';
import { jsonOf } from './jsonBody.ts';
import { googleError } from './mailboxReplies.ts';
import { shortReply } from './replies.ts';

/** What a mail provider's API says of a key, without a mail. */
export interface KeyVerdict {
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix: string | null;
}

/** SendGrid, GET /v3/scopes: what the key may do (twilio.com/docs/sendgrid/api-reference/api-key-permissions). */
export function readScopes(status: number, body: string): KeyVerdict {
  if (status === 200) {
    const { scopes } = jsonOf(body);
    if (!Array.isArray(scopes) || scopes.includes('mail.send')) return { status: 'ok', detail: 'SendGrid takes the key', fix: null };
    return {
      status: 'fail',
      detail: 'the key may not send mail',
      fix: 'Give it the permission Mail Send: SendGrid → Settings → API Keys.',
    };
  }
  return refusal('SendGrid', status);
}

/**
 * Resend, GET /domains: the domains it has verified (resend.com/docs/api-reference/domains/list-domains).
 * A key that may only send is refused here by the name restricted_api_key, and is right all the same.
 */
export function readDomains(status: number, body: string, domain: string): KeyVerdict {
  const { name, data, has_more } = jsonOf(body);
  if (name === 'restricted_api_key')
    return {
      status: 'ok',
      detail: 'Resend takes the key, which may only send; whether the domain is verified it does not tell',
      fix: null,
    };
  if (status !== 200) return refusal('Resend', status);
  if (!Array.isArray(data)) return { status: 'warn', detail: 'Resend takes the key, and its list of domains cannot be read', fix: null };
  const known = (data as { name?: unknown; status?: unknown }[]).find((entry) => entry?.name === domain);
  if (known?.status === 'verified') return { status: 'ok', detail: `Resend takes the key, and has verified ${domain}`, fix: null };
  if (known === undefined && has_more === true) return { status: 'ok', detail: 'Resend takes the key', fix: null };
  return {
    status: 'fail',
    detail: known === undefined ? `Resend does not know ${domain}` : `at Resend ${domain} is ${String(known.status)}, not verified`,
    fix: `Resend refuses mail from it until it is verified: resend.com → Domains → ${known === undefined ? 'Add domain' : domain}.`,
  };
}

/** Gmail, users.getProfile: whose mailbox a token opens (developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile). */
export function readProfile(status: number, body: string, from: string): KeyVerdict {
  if (status === 200) {
    const { emailAddress } = jsonOf(body);
    return ownerVerdict('Google', [emailAddress], from, `Gmail → Settings → Accounts → Send mail as: add ${from}, or log in as ${from}.`);
  }
  if (status === 403 && lacksScope(body)) return onlySends('Google');
  const { reasons } = googleError(body);
  if (reasons.includes('accessNotConfigured') || reasons.includes('SERVICE_DISABLED'))
    return {
      status: 'fail',
      detail: 'the Gmail API is switched off in the project that the client id is of',
      fix: 'console.cloud.google.com → APIs & Services → Library → Gmail API → Enable.',
    };
  return tokenRefusal('Google', status);
}

/** Graph, GET /me or /users/…: the addresses of the mailbox that a token opens (learn.microsoft.com/graph/api/user-get). */
export function readGraphUser(status: number, body: string, from: string): KeyVerdict {
  if (status === 200) {
    const { mail, userPrincipalName } = jsonOf(body);
    const fix = `Log in as ${from}, or let an administrator give this mailbox the right to send as ${from}.`;
    return ownerVerdict('Microsoft', [mail, userPrincipalName], from, fix);
  }
  if (status === 403 && lacksPermission(body)) return onlySends('Microsoft');
  return tokenRefusal('Microsoft', status);
}

function ownerVerdict(provider: string, addresses: readonly unknown[], from: string, fix: string): KeyVerdict {
  const known = addresses.filter((address) => typeof address === 'string' && address !== '').map(String);
  const [owner] = known;
  if (owner === undefined)
    return { status: 'warn', detail: `${provider} takes the token, and whose mailbox it is cannot be read`, fix: null };
  if (known.some((address) => address.toLowerCase() === from.toLowerCase()))
    return { status: 'ok', detail: `${provider} takes the token of ${from}`, fix: null };
  return { status: 'warn', detail: `${provider} takes the token, which is of ${shortReply(owner)}, and mails are from ${from}`, fix };
}

function onlySends(provider: string): KeyVerdict {
  return { status: 'ok', detail: `${provider} takes the token, which may only send; whose mailbox it is is not told`, fix: null };
}

function tokenRefusal(provider: string, status: number): KeyVerdict {
  if (status === 401 || status === 403)
    return { status: 'fail', detail: `${provider} refuses the token (${status})`, fix: 'Log in again.' };
  return { status: 'warn', detail: `could not be asked: ${provider} answers ${status}`, fix: null };
}

function refusal(provider: string, status: number): KeyVerdict {
  if (status === 401 || status === 403)
    return { status: 'fail', detail: `${provider} refuses the key (${status})`, fix: `Make a new key at ${provider} and set it.` };
  return { status: 'warn', detail: `could not be asked: ${provider} answers ${status}`, fix: null };
}
