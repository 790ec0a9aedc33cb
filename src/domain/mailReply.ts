import * as z from 'zod';
import { parseForeignJson } from './foreignJson.ts';
import { withoutInvisible } from './invisible.ts';
import { tagIn } from './templateTags.ts';
import { bodyText, oneLine } from './text.ts';

/** What a model must answer with; the same shape goes out as a JSON schema where the provider takes one. */
const reply = z.strictObject(
  {
    subject: z
      .string('subject must be a text')
      .transform((text) => oneLine(withoutInvisible(text)))
      .pipe(z.string().min(1, 'subject is empty').max(200, 'subject is longer than 200 characters')),
    body: z
      .string('body must be a text')
      .transform((text) => bodyText(withoutInvisible(text)).trim())
      .pipe(z.string().min(1, 'body is empty').max(20_000, 'body is longer than 20,000 characters')),
  },
  { error: 'it holds other keys than subject and body' },
);

export const REPLY_SCHEMA = {
  type: 'object',
  properties: { subject: { type: 'string' }, body: { type: 'string' } },
  required: ['subject', 'body'],
  additionalProperties: false,
} as const;

export type MailReply =
  | { readonly ok: true; readonly subject: string; readonly body: string }
  | { readonly ok: false; readonly trouble: string };

/** Checks a model's answer. Models without structured output wrap their JSON in a fence or a sentence: the object inside counts. */
export function readMailReply(text: string): MailReply {
  let value: unknown;
  try {
    value = parseForeignJson(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    return { ok: false, trouble: 'it is not one JSON object' };
  }
  const parsed = reply.safeParse(value);
  if (parsed.success) {
    const tag = tagIn(parsed.data.subject) ?? tagIn(parsed.data.body);
    return tag === undefined ? { ok: true, ...parsed.data } : { ok: false, trouble: `it holds ${tag}, which its reader would see` };
  }
  return { ok: false, trouble: [...new Set(parsed.error.issues.map(({ message }) => message))].slice(0, 3).join('; ') };
}
