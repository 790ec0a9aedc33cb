import { findMergeTags } from './mergeTags.ts';
import { tagIn } from './templateTags.ts';

/** A mail as a model wrote it. */
interface WrittenMail {
  readonly subject: string;
  readonly body: string;
}

/** Shown to models as the form of an answer. A mail that repeats it is an echo. */
export const EXAMPLE: WrittenMail = {
  subject: 'Your workshop on Thursday evenings',
  body: 'Hello,\n\nyour page says that the joinery workshop takes eight people each Thursday, and that there is a waiting list. We let studios of that size share our rooms in the next street, so that a second evening costs no lease.\n\nWould a room for Tuesday evenings be of use to you?\n\nBest wishes\nAna Ruiz',
};

/**
 * Why what a model wrote is no mail to be sent; undefined when it may be one. `secrets`: what its instructions hold and no mail
 * repeats.
 */
export function whyNoMail({ subject, body }: WrittenMail, secrets: readonly string[] = []): string | undefined {
  const whole = `${subject}\n${body}`;
  if (secrets.some((secret) => whole.includes(secret))) return 'it repeats its instructions';
  for (const [name, text] of [
    ['subject', subject],
    ['body', body],
  ] as const) {
    if (!/[\p{L}\p{N}]/u.test(text)) return `its ${name} holds no word`;
    if (text.length < LONGEST_ECHO && ECHOES.test(text)) return `its ${name} repeats the form of the answer`;
  }
  if (body.includes(ECHO) || subject === EXAMPLE.subject) return 'it repeats the example';
  const tag = tagIn(subject) ?? tagIn(body) ?? placeholderIn(whole);
  if (tag !== undefined) return `it holds ${tag}, which its reader would see`;
  if (ESCAPED_LINE_END.test(whole)) return 'it holds \\n as text where a line should end';
  if (SUBJECT_LINE.test(body.slice(0, HEAD))) return 'its body begins with a line of the header';
  return isRefusal(body) || isRefusal(subject) ? 'it says that it will not write the mail' : undefined;
}

/** Far enough into a text to tell what it begins with. */
const HEAD = 400;

/** The middle of the example: a model that copies it changes the names. */
const ECHO = EXAMPLE.body.slice(EXAMPLE.body.indexOf('your page'), EXAMPLE.body.indexOf('\n\nWould'));

const LONGEST_ECHO = 100;

/** What stands in descriptions of the form: `string`, `Your subject here`, `<body of the mail>`. */
const ECHOES =
  /^\W{0,4}(?:(?:the|your|my|an?|e-?mail|mail|message|plain)\W+){0,3}(?:string|text|subject|subject line|body|body text|content)(?:\W+(?:here|text|line|goes here|of the (?:e-?mail|mail|message))){0,3}\W*$/i;

/** A backslash and an n that ended a line before somebody escaped it twice. `C:\new` is none. */
const ESCAPED_LINE_END = /\\r?\\n|\\n(?=["\s\\]|\p{Lu}|$)/u;

/** Header fields that models put on top of a body, in the languages in which mails are usually written. */
const SUBJECT_LINE =
  /^\W{0,4}(?:subject|subject line|betreff|asunto|objet|oggetto|assunto|onderwerp|emne|ämne|aihe|temat|předmět|tárgy|тема|件名|主题|제목)\s{0,3}[:：]/imu;

/** `[Your Name]`, and names of fields as other programs write them. */
function placeholderIn(text: string): string | undefined {
  const own = PLACEHOLDER.exec(text)?.[0];
  return own ?? findMergeTags([{ text, line: 1, column: 1 }], [], new Map())[0]?.written;
}

const PLACEHOLDER =
  /\[(?:your|my|insert|recipient|sender|prospect|lead|contact|first|last|full|company|dein|ihr|tu|su|votre|nome|nombre)\b[^\][\n]{0,40}\](?!\()/i;

function isRefusal(text: string): boolean {
  const head = text.slice(0, HEAD);
  return SELF.test(head) || REFUSALS.some((refusal) => refusal.test(head));
}

/** A person who writes a mail does not call itself that. */
const SELF =
  /\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b|\b(?:als ki|als sprachmodell|como (?:ia|modelo de lenguaje)|en tant qu['’]ia)\b/i;

/** The first words of a refusal: an apology or not, then that the text itself cannot be written. */
const REFUSALS: readonly RegExp[] = [
  /^\W{0,4}(?:(?:(?:i['’]m|i am) (?:sorry|afraid)|sorry|unfortunately|i apologi[sz]e|apologies)[,.!]?\s{1,3})?(?:but |that )?i\s?(?:can['’]?t|cannot|can not|won['’]t|will not|am (?:unable|not able) to|['’]m (?:unable|not able) to|must decline to)\s(?:help|assist|write|create|generate|compose|draft|comply|fulfil|provide|produce|do that|do this|continue)\b/i,
  /^\W{0,4}(?:es tut mir leid|leider|tut mir leid)[,.!]?\s*(?:aber\s)?(?:ich kann|kann ich)\b[^.!?\n]{0,60}\bnicht\b[^.!?\n]{0,30}\b(?:helfen|schreiben|verfassen|erstellen|erfüllen)\b/i,
  /^\W{0,4}(?:lo siento|lo lamento)[,.!]?\s*(?:pero\s)?no puedo (?:ayudar|escribir|redactar|generar|cumplir|crear)/i,
  /^\W{0,4}(?:je suis désolée?|désolée?)[,.!]?\s*(?:mais\s)?je ne peux pas (?:vous aider|aider|écrire|rédiger|générer|créer)/i,
  /^\W{0,4}(?:mi dispiace)[,.!]?\s*(?:ma\s)?non posso (?:aiutar|scrivere|generare|creare|redigere)/i,
  /^\W{0,4}(?:desculpe|sinto muito)[,.!]?\s*(?:mas\s)?não posso (?:ajudar|escrever|gerar|criar|redigir)/i,
];
