import { serviceOf } from './mailServices.ts';

/** Where a service lets its customer see that it has taken a mail. */
export interface SentTrace {
  readonly service: string;
  /** Beside the mail's own mailbox, or on a page of the service. */
  readonly at: 'mailbox' | 'page';
  /** What it is called there. */
  readonly where: string;
  /** A mail that was taken is there in any case, so that a missing one was not. */
  readonly complete: boolean;
}

/**
 * Gmail, Google Workspace and Microsoft 365 put what they take, over SMTP and over HTTP, into the sender's own mailbox; other mailboxes may leave
 * that to the program that sends. Pages by the names that the services give them.
 */
const TRACES: readonly SentTrace[] = [
  { service: 'Google', at: 'mailbox', where: 'Sent folder', complete: true },
  { service: 'Microsoft', at: 'mailbox', where: 'Sent Items folder', complete: true },
  { service: 'Fastmail', at: 'mailbox', where: 'Sent folder', complete: false },
  { service: 'iCloud', at: 'mailbox', where: 'Sent folder', complete: false },
  { service: 'Zoho', at: 'mailbox', where: 'Sent folder', complete: false },
  { service: 'SendGrid', at: 'page', where: 'Activity page', complete: true },
  { service: 'Resend', at: 'page', where: 'Emails page', complete: true },
  { service: 'Mailgun', at: 'page', where: 'Logs page', complete: true },
  { service: 'Postmark', at: 'page', where: 'Activity page', complete: true },
  { service: 'Brevo', at: 'page', where: 'transactional Logs page', complete: true },
];

/** Undefined for a server of one's own, and for a service that shows no list. */
export function sentTraceOf(sender: { readonly type: string; readonly host?: string }): SentTrace | undefined {
  const name = serviceOf(sender)?.name;
  return TRACES.find(({ service }) => service === name);
}
