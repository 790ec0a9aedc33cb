import { type HttpProviderName, isHttpProvider } from '../domain/httpProvider.ts';

/** What a mail service needs in the DNS of a domain that sends through it. */
export interface MailService {
  readonly name: string;
  /** Its SMTP servers. */
  readonly hosts: RegExp;
  /** What SPF includes to allow it, and names that do as well (other regions). */
  readonly include: string;
  readonly includeToo?: RegExp;
  /**
   * Whose domain stands in MAIL FROM on the last leg, and so whose SPF a receiver asks: that of From,
   * the service's own, or a subdomain of From's that is set aside for it.
   */
  readonly bounces: 'from' | 'own' | { readonly subdomain: string };
  /** Under which it usually signs; empty when they are drawn at random. */
  readonly selectors: readonly string[];
  /** Where its key is, when the same rule holds for every domain. */
  readonly keyAt?: (selector: string, domain: string) => string;
  readonly mx?: string;
  /** Domains whose mailboxes it owns: their DNS is its own business. */
  readonly mailboxes?: RegExp;
}

const GOOGLE: MailService = {
  name: 'Google',
  hosts: /(^|\.)(gmail|google|googlemail)\.com$/i,
  include: '_spf.google.com',
  bounces: 'from',
  selectors: ['google'],
  mx: '1 smtp.google.com',
  mailboxes: /^(gmail|googlemail)\.com$/,
};

const MICROSOFT: MailService = {
  name: 'Microsoft',
  hosts: /(^|\.)(office365|outlook|hotmail|live)\.com$/i,
  include: 'spf.protection.outlook.com',
  bounces: 'from',
  selectors: ['selector1', 'selector2'],
  mailboxes: /^(outlook|hotmail|live|msn)\.[a-z.]+$/,
};

/** Those that are spoken to over HTTP, and over SMTP too. */
const OF_HTTP_PROVIDERS: Readonly<Record<HttpProviderName, MailService>> = {
  sendgrid: {
    name: 'SendGrid',
    hosts: /(^|\.)sendgrid\.(net|com)$/i,
    include: 'sendgrid.net',
    bounces: 'own',
    selectors: ['s1', 's2', 'm1'],
  },
  resend: {
    name: 'Resend',
    hosts: /(^|\.)resend\.com$/i,
    include: 'amazonses.com',
    bounces: { subdomain: 'send' },
    selectors: ['resend'],
  },
  gmail: GOOGLE,
  graph: MICROSOFT,
};

/**
 * As the services tell their customers: support.google.com/a/answer/33786, learn.microsoft.com
 * (Set up SPF, How to use DKIM), fastmail.help "Custom domains with advanced DNS", support.apple.com/102374,
 * zoho.com/mail/help/adminconsole, sendgrid.com "Domain authentication", resend.com/docs/dashboard/domains,
 * docs.aws.amazon.com/ses (Custom MAIL FROM), postmarkapp.com/support "Custom Return-Path",
 * documentation.mailgun.com "Verify your domain", help.brevo.com "Authenticate your domain".
 */
const SERVICES: readonly MailService[] = [
  GOOGLE,
  MICROSOFT,
  {
    name: 'Fastmail',
    hosts: /(^|\.)(fastmail|messagingengine)\.com$/i,
    include: 'spf.messagingengine.com',
    bounces: 'from',
    selectors: ['fm1', 'fm2', 'fm3', 'mesmtp'],
    keyAt: (selector, domain) => `${selector}.${domain}.dkim.fmhosted.com`,
    mx: '10 in1-smtp.messagingengine.com',
    mailboxes: /^fastmail\.(com|fm)$/,
  },
  {
    name: 'iCloud',
    hosts: /(^|\.)mail\.(me|icloud)\.com$/i,
    include: 'icloud.com',
    bounces: 'from',
    selectors: ['sig1'],
    keyAt: (selector, domain) => `${selector}.dkim.${domain}.at.icloudmailadmin.com`,
    mx: '10 mx01.mail.icloud.com',
    mailboxes: /^(icloud|me|mac)\.com$/,
  },
  {
    name: 'Zoho',
    hosts: /(^|\.)(zoho|zohomail)\.[a-z.]+$/i,
    include: 'zohomail.com',
    includeToo: /^((one|transmail)\.)?(zoho|zohomail)\.[a-z.]+$/,
    bounces: 'from',
    selectors: ['zmail', 'zoho'],
    mx: '10 mx.zoho.com',
    mailboxes: /^(zoho|zohomail)\.com$/,
  },
  {
    name: 'Mailgun',
    hosts: /(^|\.)mailgun\.org$/i,
    include: 'mailgun.org',
    includeToo: /\.mailgun\.org$/,
    bounces: 'from',
    selectors: ['mx', 'k1', 'pic', 'smtp', 'mailo', 'mg', 'pdk1', 'pdk2', 'email', 'krs'],
  },
  ...Object.values(OF_HTTP_PROVIDERS).filter((service) => service !== GOOGLE && service !== MICROSOFT),
  { name: 'Amazon SES', hosts: /(^|\.)amazonaws\.com$/i, include: 'amazonses.com', bounces: 'own', selectors: [] },
  { name: 'Postmark', hosts: /(^|\.)postmarkapp\.com$/i, include: 'spf.mtasv.net', bounces: 'own', selectors: ['pm'] },
  {
    name: 'Brevo',
    hosts: /(^|\.)(brevo|sendinblue)\.com$/i,
    include: 'spf.brevo.com',
    includeToo: /^spf\.sendinblue\.com$/,
    bounces: 'own',
    selectors: ['brevo1', 'brevo2', 'mail', 'brevo'],
  },
];

/** Selectors to try when the service is not known. */
export const USUAL_SELECTORS: readonly string[] = [
  ...new Set([...SERVICES.flatMap(({ selectors }) => selectors), 'default', 'dkim', 'k2', 'k3', 'mte1', 'mte2', 'mailjet', 'protonmail']),
];

/** The service behind an SMTP host, or behind a sender that speaks its API; undefined for a server of one's own. */
export function serviceOf(sender: { readonly type: string; readonly host?: string }): MailService | undefined {
  if (isHttpProvider(sender.type)) return OF_HTTP_PROVIDERS[sender.type];
  return SERVICES.find(({ hosts }) => hosts.test(sender.host ?? ''));
}

/** The service that owns every mailbox of this domain, such as gmail.com. */
export function ownerOf(domain: string): MailService | undefined {
  return SERVICES.find(({ mailboxes }) => mailboxes?.test(domain) === true);
}

/** Whether SPF allows the service, by any of its names. */
export function isIncluded(service: MailService, names: ReadonlySet<string>): boolean {
  return [...names].some((name) => name === service.include || service.includeToo?.test(name) === true);
}
