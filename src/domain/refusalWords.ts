/** Words that several rules about refusals share, in the notation of `Rule.says`. */

/** What a limit or quota must be of to be the sender's. */
export const SENT =
  '(sending|send|sent|relay|relaying|submission|outgoing|outbound|smtp|mta|rate|recipients?|messages?|e?-?mails?|connections?)';

/** Words that make a limit one of size or storage. */
export const ROOM = ['size', 'storage', 'fixed limit', '(mailbox|user|disk|over) (limit|quota)'];

/** A reply with such words speaks of who sends, of the mail or of a server, whatever it says of users and addresses. */
export const NOT_OF_RECIPIENT = [
  'senders?',
  'from (an? )?(unknown|unrecogni[sz]ed|invalid|bad|your?)',
  'in ((the|mail) )?(from|reply-to|cc|bcc)',
  'your ((e-?mail|ip|mail|trial|smtp|user) )?(address|account|domain|server|host|ip|mailbox|login|name)',
  'you (send|are sending)',
  '(connecting|sending) (host|client|server|address|user|account)',
  'clients?',
  'of this (relay|service|ip)',
  'domain of',
  'log ?in',
  'helo',
  'authori[sz]ed',
  'authenticat*',
  'not allowed',
  'opted',
  '(smtp|sasl|api|tls|ldap)',
  'certificate',
  'outbound',
  'outgoing',
  '(bill*|pay*|non-payment|unpaid|invoice|renew*|subscription|plan|trial)',
  '(white|allow)[- ]?list*',
  'user agent',
  'customer number',
  'policy',
  'dns',
  'temporar*',
  'at (the|this) (moment|time)',
  'until',
  'too many',
  'harvest*',
  'reported',
  'headers?',
  'message-id',
  'address literal',
  'attachments?',
  'content',
  'filter*',
  // Who sends, in other words and languages.
  'originator',
  'mail from:',
  'mailing from',
  '(callout|verification) … fail*',
  'verif(y|ication) fail*',
  '(absender|expediteur|mittente|remitente|remetente|afzender|nadawc)*',
  // A field of the mail's header.
  '(in|of) (the )?(to|from|cc)',
  'fields?',
  'reply-to',
  // A mailbox that is there, and its owner's wishes.
  'not accepting (mail|e-?mail|messages?)',
  'only accepts?',
  'accepts? (mail|e-?mail|messages?) (only|from)',
  'preferences',
  'ambiguous',
  // A server in trouble.
  'gr[ae]y[- ]?list*',
  'timed out',
  'time-?out',
  'loops? back',
  'maintenance',
  'try (again )?later',
  'try again in',
  'service unavailable',
];

/** What an enhanced code of a missing mailbox does not mean, whatever servers write behind it. */
export const NOT_MISSING = [
  'block*',
  'denied',
  'spam*',
  'refused due',
  'rejected (by (the )?(recipient|user|owner|filter)|due)',
  'will not accept',
  'con:b\\d+',
];
