import * as z from 'zod';
import { withoutInvisible } from './invisible.ts';
import { whyNoMail } from './notMail.ts';
import { completeObjects, parseModelJson } from './replyJson.ts';
import { bodyText, oneLine } from './text.ts';

const mail = z.object({
  subject: z
    .string('subject must be a text')
    .transform((text) => oneLine(withoutInvisible(text)))
    .pipe(z.string().min(1, 'subject is empty').max(200, 'subject is longer than 200 characters')),
  body: z
    .union([z.string(), z.array(z.string()).transform((paragraphs) => paragraphs.join('\n\n'))], 'body must be a text')
    .transform((text) => bodyText(withoutInvisible(text)).trim())
    .pipe(z.string().min(1, 'body is empty').max(20_000, 'body is longer than 20,000 characters')),
});

/** What a model must answer with, where its provider takes a JSON schema. Strict schemas ask for every key (platform.openai.com/docs/guides/structured-outputs). */
export const REPLY_SCHEMA = {
  type: 'object',
  properties: {
    subject: { type: 'string', description: 'The subject: one line of at most 80 characters.' },
    body: {
      type: 'string',
      description: 'The whole mail from the greeting to the name, as plain text with blank lines between paragraphs.',
    },
    skip: {
      type: 'string',
      description: 'Empty. Only if no mail should be written: why, in one sentence; subject and body are then empty.',
    },
  },
  required: ['subject', 'body', 'skip'],
  additionalProperties: false,
} as const;

export type MailReply =
  | { readonly kind: 'mail'; readonly subject: string; readonly body: string }
  /** The model says that this lead should get none. */
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'unusable'; readonly trouble: string };

const LONGEST_REASON = 300;

/**
 * Reads a model's answer: the last complete JSON object in it that is a mail, among thoughts, fences and sentences. `secrets`: what
 * its prompt holds and no mail repeats.
 */
export function readMailReply(text: string, secrets: readonly string[] = []): MailReply {
  const fields = mailFields(text);
  if (fields === undefined) return { kind: 'unusable', trouble: 'it is not one JSON object' };
  const skip = typeof fields.skip === 'string' ? oneLine(withoutInvisible(fields.skip)).slice(0, LONGEST_REASON) : '';
  if (skip !== '' && isEmpty(fields.body)) return { kind: 'skip', reason: skip };
  const parsed = mail.safeParse(fields);
  if (!parsed.success)
    return { kind: 'unusable', trouble: [...new Set(parsed.error.issues.map(({ message }) => message))].slice(0, 3).join('; ') };
  const trouble = whyNoMail(parsed.data, secrets);
  return trouble === undefined ? { kind: 'mail', ...parsed.data } : { kind: 'unusable', trouble };
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || (typeof body === 'string' && body.trim() === '');
}

type Fields = Readonly<Record<string, unknown>>;

/** The keys of the last object that has a subject or a body; without one, those of the last object that can be read. */
function mailFields(text: string): Fields | undefined {
  let other: Fields | undefined;
  for (const object of completeObjects(unquoted(text)).toReversed()) {
    const fields = fieldsOf(read(object));
    if (fields === undefined) continue;
    const found = isMailLike(fields) ? fields : nestedMail(fields);
    if (found !== undefined) return found;
    other ??= fields;
  }
  return other;
}

/** The JSON within a text of JSON. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  const value = trimmed.startsWith('"') && trimmed.endsWith('"') ? read(trimmed) : undefined;
  return typeof value === 'string' ? value : text;
}

/** One level further in: `{"mail": {…}}`, or the same as a text. */
function nestedMail(fields: Fields): Fields | undefined {
  for (const value of Object.values(fields)) {
    const inner = fieldsOf(typeof value === 'string' && value.trimStart().startsWith('{') ? read(value) : value);
    if (inner !== undefined && isMailLike(inner)) return inner;
  }
  return undefined;
}

function isMailLike(fields: Fields): boolean {
  return ['subject', 'body', 'skip'].some((key) => key in fields);
}

/** Keys in lower case. */
function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.trim().toLowerCase(), inner]));
}

function read(json: string): unknown {
  try {
    return parseModelJson(json);
  } catch {
    return undefined;
  }
}
