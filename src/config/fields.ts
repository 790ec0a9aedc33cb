import * as z from 'zod';
import { parseAddress } from '../domain/address.ts';
import { parseDuration } from '../domain/duration.ts';
import { parseReference } from '../domain/secretReference.ts';
import { isZone } from '../domain/window.ts';

/** An object that refuses unknown keys; the error lists the known ones for `did you mean`. */
export function strictObject<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? `keys: ${keys}` : `expected keys ${keys}`) });
}

export const text = (example: string) =>
  z
    .string({ error: `a text; write ${example}` })
    .trim()
    .min(1, `empty; write ${example}`);

/** A duration such as 90s, in milliseconds. */
export const duration = z.string({ error: 'not a duration; write 90s, 15m, 1h or 1d' }).transform((value, context) => {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `${value} is not a duration; write 90s, 15m, 1h or 1d` });
  return z.NEVER;
});

export const zone = z.string({ error: 'not a time zone; write an IANA name such as Europe/Madrid' }).refine(isZone, {
  error: ({ input }) => `${String(input)} is not a time zone; write an IANA name such as Europe/Madrid`,
});

export const positive = (what: string) => z.number({ error: `not a number; write ${what}` }).positive(`must be above 0; write ${what}`);

export const count = (what: string) => z.int({ error: `not a whole number; write ${what}` }).positive(`must be above 0; write ${what}`);

/** `Name <address>` or a bare address. */
export const mailbox = text('"Ana Ruiz <ana@ruiz.example>"').refine((value) => parseAddress(value).ok, {
  error: ({ input }) => `${String(input)} is not a mail address; write "Ana Ruiz <ana@ruiz.example>"`,
});

const SECRET = 'write env:NAME, the name of an environment variable, or keychain:NAME, what outreach login NAME stores';

/** `env:NAME` or `keychain:NAME`: the secret itself never stands in a file. The error never repeats what was written. */
export const secret = z
  .string({ error: SECRET })
  .refine((value) => parseReference(value) !== undefined, { error: `a secret must not stand in this file; ${SECRET}` });
