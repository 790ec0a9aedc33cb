import { HOUR } from './duration.ts';
import { NOT_MISSING, NOT_OF_RECIPIENT, ROOM, SENT } from './refusalWords.ts';

/** Where in the conversation a reply came. `dot` is the final one, after the mail's last line. */
export const SMTP_PHASES = ['connect', 'auth', 'mail', 'rcpt', 'data', 'dot'] as const;
export type SmtpPhase = (typeof SMTP_PHASES)[number];

/** What a refusal means; each answers whose fault it is and whether waiting helps. */
export type Meaning =
  /** Positive evidence that the mailbox does not exist. */
  | 'no mailbox'
  /** This recipient, later: greylisting, a full mailbox, a server in trouble. */
  | 'later'
  /** This mail's content, size or the recipient's own rules. */
  | 'this mail'
  /** A quota or rate of the sender. */
  | 'quota'
  /** The account, its From or its address at the network is refused; it may be well again by itself. */
  | 'sender'
  /** The same, and only a person can mend it. */
  | 'sender, stopped'
  /** A policy that may concern this recipient alone, or all that this sender writes: a second domain decides. */
  | 'policy'
  /** The server fails before it hears of a mail. */
  | 'server down';

/** All that is given must fit. */
export interface Rule {
  readonly means: Meaning;
  readonly phases?: readonly SmtpPhase[];
  readonly codes?: readonly number[] | '4xx' | '5xx';
  /** Matches the enhanced status code without its class: `1.1` of 5.1.1. */
  readonly status?: RegExp;
  /**
   * One of these stands in the reply's words: in lower case, without accents, addresses, host names, URLs and quoted
   * identifiers. Each begins and ends at the edge of a word; `…` stands for up to 60 characters, `*` for the rest of a word,
   * and `~` for words that only link two others, as in "account ~ disabled": that you tried to reach is.
   */
  readonly says?: readonly string[];
  /** A reply that says one of these as well is another one. */
  readonly unless?: readonly string[];
  /** An identifier of one provider, in the reply as it came. */
  readonly mark?: RegExp;
  /** How long the sender is left alone, in ms, where the reply names no time. */
  readonly restMs?: number;
  /** What mends it, where the reply says less: it is told beside the reply. */
  readonly advice?: string;
  /** Where this is documented, or what it follows from. */
  readonly source: string;
}

/** The switch is needed with a token, too. */
const SWITCHED_OFF =
  'an administrator switches on Authenticated SMTP for the mailbox: Microsoft 365 admin center, Users, the user, Mail, Manage email apps; ' +
  'passwords end there: where auth: oauth is not written yet, write it, then: outreach login NAME';

const AFTER_MAIL: readonly SmtpPhase[] = ['rcpt', 'data', 'dot'];

const IANA = 'RFC 3463 and the IANA registry of enhanced status codes';
const GOOGLE = 'Google, "Gmail SMTP errors and codes" (support.google.com/a/answer/3726730)';
const MICROSOFT = 'Microsoft, "Email non-delivery reports and SMTP errors in Exchange Online" (learn.microsoft.com)';
const MICROSOFT_AUTH =
  'Microsoft, "Enable or disable authenticated client SMTP submission (SMTP AUTH) in Exchange Online" (learn.microsoft.com)';
const MICROSOFT_BASIC = 'Microsoft, "Exchange Online to retire Basic auth for Client Submission (SMTP AUTH)" (techcommunity.microsoft.com)';
const YAHOO = 'Yahoo Sender Hub, "SMTP error codes" (senders.yahooinc.com/smtp-error-codes)';
const POSTFIX = 'Postfix, smtpd (postfix.org)';
const EXIM = 'Exim, access control lists (exim.org)';
const AMAZON = 'Amazon SES, "SMTP response codes" (docs.aws.amazon.com/ses)';

/**
 * One file, although it is long: the order of the rules is part of their meaning, and a reader must see it whole.
 *
 * What servers say in refusals; the first rule that fits decides. First what is said before MAIL, then what names the
 * sender's quota, account or network, then what is left: the recipient and the mail. Rows that mean 'no mailbox' are
 * the only ones that suppress anybody, so each of them must be positive evidence.
 */
export const RULES: readonly Rule[] = [
  // Login. To try on would lock the account.
  {
    means: 'sender, stopped',
    phases: ['auth'],
    status: /^7\.139$/,
    advice: SWITCHED_OFF,
    source: `${MICROSOFT_AUTH}: 5.7.139, the mailbox, the organisation or its security defaults take no such login`,
  },
  {
    means: 'sender, stopped',
    status: /^7\.30$/,
    says: ['basic authentication'],
    advice: SWITCHED_OFF,
    source: `${MICROSOFT_BASIC}: 5.7.30, passwords are no longer taken`,
  },
  {
    means: 'quota',
    phases: ['auth'],
    says: ['credits? exceeded'],
    restMs: HOUR,
    source: 'SendGrid: the plan is used up, told as a login error',
  },
  { means: 'server down', phases: ['connect', 'auth'], codes: '4xx', source: 'RFC 5321 §4.2.1' },
  { means: 'server down', phases: ['connect'], source: 'RFC 5321 §3.1: no service for this client' },
  { means: 'sender', phases: ['auth'], codes: [500, 501, 502, 503, 504], source: 'RFC 4954 §4: this kind of login is not taken' },
  { means: 'sender, stopped', phases: ['auth'], source: 'RFC 4954 §6: the login is refused' },
  { means: 'sender, stopped', codes: [530, 534, 535, 538], source: 'RFC 4954 §6: a login is required, or was refused' },
  {
    means: 'sender, stopped',
    status: /^1\.8$/,
    says: ['outbound', 'outgoing'],
    source: `${MICROSOFT}; Zoho: 5.1.8, the account sends no more`,
  },
  { means: 'sender, stopped', status: /^7\.50[1-3]$/, source: `${MICROSOFT}: 5.7.501 to 503, the account is blocked for spam` },

  // One recipient's own limits, which read like the sender's.
  {
    means: 'later',
    phases: AFTER_MAIL,
    codes: '4xx',
    status: /^2\./,
    source: `${GOOGLE}: 4.2.1, a mailbox that gets too much mail; ${IANA}`,
  },
  { means: 'later', status: /^2\.12[12]$/, source: `${MICROSOFT}: 5.2.121 and 122, the recipient's limit` },
  {
    means: 'later',
    phases: AFTER_MAIL,
    says: [
      '(mailbox|recipient|user) … (receiving|received) (too many|too much|mail too|mail at)',
      'recipient … has exceeded (their|its) message rate',
    ],
    source: 'Mail.ru, Yandex, Gmail: a mailbox that gets too much mail',
  },
  { means: 'later', phases: AFTER_MAIL, codes: '4xx', says: ['too many recipients'], source: 'RFC 5321 §4.5.3.1.10: of this one mail' },

  // Quotas and rates.
  {
    means: 'quota',
    codes: '5xx',
    status: /^(4\.5|1\.90|7\.23[23])$/,
    restMs: HOUR,
    source: `${GOOGLE}: 5.4.5; ${MICROSOFT}: 5.1.90, 5.7.232 and 233`,
  },
  { means: 'quota', status: /^7\.28$/, source: `${GOOGLE}: 4.7.28 and 5.7.28, a flood of mail` },
  {
    means: 'quota',
    phases: ['mail', ...AFTER_MAIL],
    codes: '4xx',
    status: /^7\.[56]\d\d$/,
    source: `${MICROSOFT}: 4.7.500 to 699, busy or throttled`,
  },
  { means: 'quota', codes: [432], source: `${MICROSOFT}: 432 4.3.2, too many connections at once` },
  { means: 'quota', codes: '4xx', mark: /\bTSS?\d+\b/, source: `${YAHOO}: TS01 to TS04, TSS04` },
  { means: 'quota', mark: /SubmissionQuotaExceeded/, restMs: HOUR, source: `${MICROSOFT}: the submission quota` },
  {
    means: 'quota',
    says: [
      '(daily|hourly|monthly) … (limits?|quota|allowance)',
      'per (hour|day|minute|month) … (limits?|quota|allowed)',
      '(limits?|quota|allowed|maximum|sent) … per (hour|day|minute|month)',
      '(sent|used|reached) … (for|in) (today|this (hour|day|month))',
      'quota of (messages|mails|e-?mails)',
    ],
    unless: ROOM,
    restMs: HOUR,
    source: 'cPanel, GoDaddy, iCloud, SES and others: an allowance by the hour or day',
  },
  {
    means: 'quota',
    says: [`${SENT} (rate )?(limits?|quota)`, `(limits?|quota) (for|of|on) ${SENT}`],
    unless: ROOM,
    restMs: HOUR,
    source: 'GMX, GoDaddy, Zoho, Gmail and others: a limit of what is sent',
  },
  {
    means: 'quota',
    says: [
      'rate[- ]?limit*',
      '(unusual|sending|message|maximum) (sending )?(rate|activity)',
      'frequency limit*',
      'throttl*',
      'slow(ing)? down',
      'too many (messages|mails|e-?mails|connections|concurrent|sessions|requests)',
      'too (fast|quickly|frequent*)',
      'limit exceeded',
      'exceeded … limits?',
    ],
    unless: ROOM,
    source: 'Postfix, SES, Rackspace and others: mail comes too fast',
  },
  { means: 'quota', phases: ['mail', ...AFTER_MAIL], codes: '4xx', says: ['too much mail'], source: POSTFIX },

  // A missing recipient, in sentences that name blocks too.
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    codes: '5xx',
    says: ['account or domain may not exist', 'mailbox unavailable or access denied'],
    unless: ['sender verify failed', 'verification failed'],
    source: "cPanel's Exim; QQ Mail",
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    codes: '5xx',
    says: ['address blacklisted'],
    unless: [...NOT_OF_RECIPIENT, 'ip', 'your', 'by (the )?recipient', 'hosts?', 'servers?', 'spamhaus'],
    source: `${AMAZON}: its list of addresses that bounced`,
  },

  // The account, its login and its From.
  {
    means: 'sender',
    mark: /SendAsDenied|ses:Send|`from` field/,
    source: `${MICROSOFT}: 5.2.252, From is not a mailbox of this login; ${AMAZON}; Resend`,
  },
  {
    means: 'sender',
    says: ['(not (authori[sz]ed|allowed|permitted)|permissions?|no rights?) to (send|relay|submit)', 'send (mail )?(as|on behalf of)'],
    unless: ['to send (mail |messages? )?to'],
    source: `${MICROSOFT}: 5.7.60; SendGrid, Mailgun: From is not allowed for this login`,
  },
  {
    means: 'sender',
    says: [
      'sender (identity|signature)',
      'not owned by',
      'unauthenticated senders?',
      '(domain|sender|address|identity) (is |was )?(unverified|not verified)',
      'unverified (domain|sender|address|identity)',
      'free accounts are',
      'pending approval',
      'unauthori[sz]ed ip',
    ],
    unless: ['recipient address rejected: unverified address'],
    source: 'SendGrid, Postmark, Mailgun, Brevo, Yandex, Postfix: From or the account is not verified',
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      "(your|smtp|sender'?s?|sending) (e?-?mail |smtp )?(account|user) … (suspended|blocked|locked|disabled|deactivated|not (yet )?activated?|restricted)",
      'sending (has been )?suspended',
      'sender (is |has been |was )?(suspended|blocked|banned|denied|rejected|unknown|not allowed)',
      'unlocking required',
      '(outgoing|outbound) … (blocked|disabled|suspended)',
      'your (e?-?mail |smtp |hosting )?account',
    ],
    unless: ['allowed-senders', "recipient'?s account"],
    source: 'Gmail, OVH, SES, Brevo: the account is suspended or locked',
  },
  {
    means: 'sender',
    phases: ['mail', 'data', 'dot'],
    codes: '5xx',
    says: ['account (has been |is |was )?(suspended|blocked|locked|disabled)'],
    unless: ['(recipient|user)* … account', 'tried to reach'],
    source: 'GMX and others: said of the mail, so of who sends it',
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      "sender('?s)? (e?-?mail )?(address|domain|mailbox|verif*|callout) … (rejected|blocked|denied|invalid|failed|unknown|required|not)",
      'sender verif* failed',
      '(bad|invalid|forged|illegal) (outbound )?sender',
      'from (address|header|domain) … (not|invalid|rejected|mismatch)',
      '(sending|sent|send) from',
      'you are sending (with|as|through)',
      'return[- ]path',
      'envelope (from|sender)',
      'sender domain',
    ],
    unless: ['recipient address rejected', 'allowed-senders'],
    source: `${POSTFIX}; ${EXIM}: the sender's address is refused`,
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      'relay(ing)? … (denied|disallowed|not (allowed|permitted|authori[sz]ed)|prohibited|refused|rejected)',
      "(unable to|not (permitted|allowed) to|won'?t|do not|does not|cannot|no) relay",
      'allowed rcpthosts',
    ],
    source: 'RFC 5321 §7.8; Postfix, Exim, Exchange: this server does not send for this login',
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      'authentication (is )?required',
      '(must|please|need to|requires?) (first )?(authenticate|auth|log ?in)',
      'log ?in (before|first|to send)',
      'client was not authenticated',
      'not logged in',
      'password',
      'credentials',
    ],
    source: 'RFC 4954 §6: a login is required, told by another code',
  },
  { means: 'sender', codes: '5xx', says: ['too much mail'], source: POSTFIX },

  // The network that sends, and how the mail's domain is authenticated.
  {
    means: 'sender',
    codes: '5xx',
    status: /^7\.(2\d|509|51[15]|6\d\d|64|705|708|750)$/,
    source: `${GOOGLE}; ${MICROSOFT}; ${IANA}: the mail's authentication, its network or tenant`,
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      '(block|black|deny)[- ]?list*',
      'listed (at|in|by|on)',
      'rbls?',
      'dnsbls?',
      'spamhaus',
      'spamcop',
      'sorbs',
      'banned',
      'reputation',
      'blocked using',
      'client host',
    ],
    unless: ['(user|recipient|mailbox|address) (is )?not listed'],
    source: 'Spamhaus and other lists of blocked networks, as Postfix, Exim, Microsoft and Yahoo tell of them',
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      'ptr',
      '(reverse |r)dns',
      'fcrdns',
      '(invalid|missing) dns',
      'dns (mx|record|entr)*',
      'no (mx|a) records?',
      '(helo|ehlo)',
      '(spf|dkim|dmarc|sender policy framework)',
      'unauthenticated',
      'authentication (information|checks?|level|results?)',
      'pass(es|ing)? authentication',
    ],
    source: 'Gmail, IONOS, GMX: the name of the server, SPF, DKIM or DMARC',
  },
  {
    means: 'sender',
    codes: '5xx',
    says: [
      "(your|sending|originating|connecting|source|client|this|sending mta'?s) (mta|ip|ip address|server|host|network|mail server) … (blocked|rejected|denied|refused|poor|not (permitted|allowed|accepted)|listed)",
      '(not|never) (be )?accepted from',
      "(do not|don'?t|does not|will not|won'?t|cannot) accept (e-?mails?|messages?|mails?|connections?) from (your|hosts?|this|dynamic)",
      '(access|traffic|connections?) from ip',
      'ip address … (blocked|rejected|denied|listed)',
      'unregistered domains?',
      'tenant has exceeded',
      "messages from … weren'?t sent",
    ],
    source: 'Microsoft, Mail.ru, Yahoo: the network that sends',
  },
  {
    means: 'sender',
    codes: '5xx',
    mark: /\bofr_(?!416)\d+|\[BL\d+\]|\bAS\(\d{3,5}\)|\(S31[45]\d\)/,
    source: `Orange, its postmaster's codes ofr_…; ${YAHOO}: BL…; Outlook.com: S3140 and kin`,
  },

  // Size.
  { means: 'this mail', codes: '5xx', status: /^(2\.3|3\.4)$/, source: `${IANA}: too long` },
  {
    means: 'this mail',
    codes: '5xx',
    says: ['too (big|large|long)', '(message|mail|maximum|fixed) (size )?limit', 'exceeds? … size', 'size exceed*'],
    source: 'RFC 1870 §6.1',
  },
  { means: 'this mail', phases: ['mail'], codes: [552], source: 'RFC 1870 §6.1' },

  // MAIL speaks of who sends.
  { means: 'server down', phases: ['mail'], codes: '4xx', source: 'RFC 5321 §4.2.1' },
  { means: 'sender', phases: ['mail'], status: /^(1|7)\./, source: IANA },
  { means: 'server down', phases: ['mail'], codes: [500, 501, 502, 503, 504], source: 'RFC 5321 §4.2.4: the conversation went wrong' },
  { means: 'sender', phases: ['mail'], source: 'RFC 5321 §3.3: MAIL is refused' },

  // A mailbox that is full is one that exists.
  { means: 'later', status: /^2\.2$/, source: `${IANA}: the mailbox is full` },
  {
    means: 'later',
    says: [
      '(mailbox|account|inbox|user|recipient) … full',
      'over (its |their |the )?(storage |disk |mail )?quota',
      'out of storage',
      'over (its |their |the )?limit',
      '(storage|disk|mailbox) (space|quota|limit|allocation)',
      'storage … (exceeded|full)',
      'exceed(s|ed)? … (quota|storage)',
      'quota (is )?(exceeded|full)',
      'insufficient (system |disk )?(storage|space)',
      'speicher*',
      'boite (est )?pleine',
      'casella piena',
      'buzon lleno',
    ],
    source: 'RFC 5321 §4.2.3, 552 and 452: storage',
  },

  // All other temporary refusals.
  { means: 'later', codes: '4xx', source: 'RFC 5321 §4.2.1' },

  // Positive evidence that there is no such mailbox.
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    status: /^4\.1$/,
    says: ['recipient address(es)? rejected'],
    source: `${MICROSOFT}: 5.4.1, not in the directory`,
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    status: /^1\.0$/,
    says: ['address rejected'],
    unless: NOT_OF_RECIPIENT,
    source: 'Cisco Secure Email: #5.1.0',
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    status: /^(1\.(1|2|3|4|6|10)|2\.1)$/,
    unless: [...NOT_OF_RECIPIENT, ...NOT_MISSING],
    source: `${IANA}: bad destination; ${MICROSOFT}: 5.1.10`,
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    mark: /RecipientNotFound|\b(?:ofr|lpn)[\w-]*_416\b|Invalid Recipient - https:\/\/\S*mimecast|\(#5\.1\.[123]\b/i,
    source: `${MICROSOFT}: RESOLVER.ADR; Orange and La Poste: …_416, an unknown recipient; Mimecast; qmail, which writes the status behind its words`,
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    says: [
      '(no such|unknown|non-?existent|unrecogni[sz]ed|illegal) (local |virtual )?(user|users|recipient|mailbox|address|account|alias|addressee|person|customer|e-?mail|local[- ]?part)',
      '(account|mailbox|user|recipient|address) (has been |was |is )?cancell?ed',
      'unknown or illegal alias',
      '(bad|invalid) (recipient address|rcpt address|mailbox|user|address syntax)',
      '(bad|invalid|malformed) (e-?mail )?address',
      'unroute?able address',
      'undeliverable address',
      'no (mailbox|user) here',
      'no (mailbox|account|user) (here )?by (that|this) name',
      'no mailbox found',
      'user-?unknown',
      'invalid-recipient',
      'bad destination mailbox',
      'unavailable mail user',
      'invalid domain name',
      'local address contains',
      'domain (missing|invalid)',
    ],
    unless: NOT_OF_RECIPIENT,
    source: 'Postfix, Exim, Sendmail, qmail, SES and others: the recipient is unknown',
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    says: [
      '(users?|recipients?|mailbox(es)?|address(es)?|accounts?|alias|addressee) ~ (unknown|inactive|not present|disabled|deactivated|closed|terminated|expired|discontinued|invalid|inexistent|nonexistent|unavailable|deleted|removed|no longer)',
      '(users?|recipients?|mailbox(es)?|address(es)?|accounts?|alias|addressee) ~ not ~ (found|exists?|known|valid|listed|recogni[sz]ed)',
      "(users?|recipients?|mailbox(es)?|address(es)?|accounts?|alias|addressee) ~ (does|did|do)( not|n'?t) exists?",
    ],
    unless: NOT_OF_RECIPIENT,
    source: 'Gmail, Yahoo, Mail.ru, Proofpoint, Postmark and others: the mailbox is gone, or never was',
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    says: ['mailbox (is )?(currently )?unavailable', '(account|mailbox|user|recipient) (is )?not available'],
    unless: [...NOT_OF_RECIPIENT, 'spam', 'denied', 'blocked'],
    source: 'RFC 5321 §4.2.3, 550, as GMX, Outlook.com and Yahoo say it of mailboxes that do not exist',
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    says: [
      "(couldn'?t|could not|weren'?t able to|unable to|cannot|can'?t) find (the |your )?(recipient|user|mailbox|address)",
      "(does not|doesn'?t) have an? … account",
      'not (an? )?(known|valid|active) (user|mailbox|recipient|customer|address|account)',
      'not present in (the |our )?directory',
      'no longer valid',
      '(user|recipient|address|mailbox) (is )?not in (the |our )?(directory|system)',
      "address ~ (could not|couldn'?t|cannot|can'?t) be found",
      'mailbox for (was |is )?not found',
      'customer (was |is )?not found',
      'not our (customer|user)',
      '(user|recipient|customer|who) has moved',
    ],
    unless: [...NOT_OF_RECIPIENT, "(user|recipient)'s"],
    source: 'Gmail, Yahoo and others: the address leads nowhere',
  },
  {
    means: 'no mailbox',
    phases: AFTER_MAIL,
    says: [
      'unbekannter (benutzer|empf(a|ae)nger)',
      '(benutzer|empf(a|ae)nger|postfach|adresse) (ist )?(unbekannt|existiert nicht|nicht (gefunden|bekannt|vorhanden))',
      "(utilisateur|destinataire|adresse|boite)( e-?mail| mail| d'au moins un destinataire)? (est )?(inconnue?|inexistante?|invalide)",
      '(utente|destinatario|indirizzo|casella) (sconosciut[oa]|inesistente|non esiste)',
      '(usuario|destinatario|cuenta|buzon|casilla) (desconocid[oa]|inexistente|no existe)',
      'no existe (el|la|ese|esa) (usuario|cuenta|buzon)',
      'usuario (desconhecido|inexistente|nao existe)',
      'onbekende gebruiker',
      'gebruiker (onbekend|bestaat niet)',
      '(uzytkownik|konto|adres) nie istnieje',
      '(пользователь|ящик|адрес|получатель).{0,40}не (наиден|существует)',
      'нет такого (пользователя|ящика|адреса)',
      '.{0,4}(用户|收件人|邮箱|帐号|账号)(地址)?不存在.{0,4}',
      '.{0,4}(无|没有)此用户.{0,4}',
    ],
    unless: NOT_OF_RECIPIENT,
    source: 'The same in German, French, Italian, Spanish, Portuguese, Dutch, Polish, Russian and Chinese',
  },

  // This mail, or this recipient's rules.
  { means: 'this mail', status: /^7\.(12\d|13\d|193)$/, source: `${MICROSOFT}: the recipient takes mail from some senders only` },
  { means: 'this mail', codes: [552], status: /^7\.0$/, source: `${GOOGLE}: 552 5.7.0, a blocked attachment` },
  {
    means: 'this mail',
    says: [
      'spam*',
      'unsolicited',
      'content',
      'virus*',
      'malware',
      'phish*',
      'attachments?',
      'policy reasons',
      'security policies',
      'policy rejection on the target',
    ],
    source: 'Filters of content, wherever they run',
  },
  { means: 'this mail', status: /^7\.512$/, source: `${MICROSOFT}: 5.7.512, a header that RFC 5322 does not allow` },
  {
    means: 'sender',
    codes: '5xx',
    mark: /https?:\/\/\S*(?:[?&]ip=|ipcheck|dnsbl|\brbl|senderbase|talosintelligence)/i,
    source: 'Proofpoint, Cisco and others: a page that looks up the network that sends',
  },
  { means: 'policy', codes: '5xx', status: /^7\./, source: `${IANA}, subject 7: security or policy, of this recipient or of all` },
  {
    means: 'policy',
    phases: ['rcpt'],
    codes: '5xx',
    says: ['access denied', 'permitted to send'],
    source: `${EXIM}: said to RCPT, of who sends or of whom it is for`,
  },
  { means: 'later', codes: [500, 501, 502, 503, 504], source: 'RFC 5321 §4.2.4: the conversation went wrong, not the mail' },
  { means: 'this mail', source: 'RFC 5321 §4.2.1: refused for good, and nothing says that the mailbox is missing' },
];

/** In place of a rule that means 'no mailbox', where the envelope shows that the reply speaks of the sender's address only. */
export const NAMES_SENDER_ALONE: Rule = {
  means: 'sender',
  source: `${EXIM}; Postfix, reject_unverified_sender: the sender's own address was looked up, and is the only one in the reply`,
};
