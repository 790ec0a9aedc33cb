import * as z from 'zod';
import { parseAddress } from '../domain/address.ts';
import { parseDuration } from '../domain/duration.ts';
import { isLoopback } from '../domain/host.ts';
import { parseReference } from '../domain/secretReference.ts';
import { isZone } from '../domain/zone.ts';

/** An object that refuses unknown keys; the error lists the known ones for `did you mean`. */
export function strictObject<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `keys: ${keys}` : `not keys with values; write ${keys}`),
  });
}

/** The complaint about a value that is none of the few there are: `"pigeon" is not known; write smtp or outbox`. */
export const notKnown = (write: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `${shown(input)} is not known; write ${write}`,
});

/** true or false. */
export const flag = z.boolean({ error: ({ input }) => `${shown(input)} is neither true nor false; write true or false` });

/** A value of the file, short enough for a sentence. */
function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'this' : (JSON.stringify(value)?.slice(0, 60) ?? 'this');
}

export const text = (example: string) =>
  z
    .string({ error: `a text; write ${example}` })
    .trim()
    .min(1, `empty; write ${example}`);

// What refinements and transforms check cannot be told in a JSON schema: the patterns of `meta` say it to editors.

/** A duration such as 90s, in milliseconds. */
export const duration = z
  .string({ error: 'not a duration; write 90s, 15m, 1h or 1d' })
  .meta({ pattern: String.raw`^\s*\d+(\.\d+)?(ms|s|m|h|d)\s*$` })
  .transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: `${value} is not a duration; write 90s, 15m, 1h or 1d` });
    return z.NEVER;
  });

export const zone = z
  .string({ error: 'not a time zone; write an IANA name such as Europe/Madrid' })
  .refine(isZone, {
    error: ({ input }) => `${String(input)} is not a time zone; write an IANA name such as Europe/Madrid`,
  })
  .meta({ pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$' });

export const positive = (what: string) => z.number({ error: `not a number; write ${what}` }).positive(`must be above 0; write ${what}`);

export const count = (what: string) => z.int({ error: `not a whole number; write ${what}` }).positive(`must be above 0; write ${what}`);

/** `Name <address>` or a bare address. */
export const mailbox = text('"Ana Ruiz <ana@ruiz.example>"')
  .refine((value) => parseAddress(value).ok, {
    error: ({ input }) => `${String(input)} is not a mail address; write "Ana Ruiz <ana@ruiz.example>"`,
  })
  .meta({ pattern: String.raw`\S@\S` });

const SECRET =
  'write env:NAME, the name of an environment variable, keychain:NAME, what outreach login NAME stores, or credential:NAME, what systemd gives a service';

/** What `parseReference` takes, for editors. */
const REFERENCE = String.raw`env:[A-Za-z_][A-Za-z0-9_]*|(keychain|credential):[A-Za-z0-9][\w.-]*`;

/** `env:NAME`, `keychain:NAME` or `credential:NAME`: the secret itself never stands in a file. The error never repeats what was written. */
export const secret = z
  .string({ error: `not the name of a secret; ${SECRET}` })
  .refine((value) => parseReference(value) !== undefined, { error: `a secret must not stand in this file; ${SECRET}` })
  .meta({ pattern: `^(${REFERENCE})$` });

/** In either case: editors hold it against what is written, before it is lowered. */
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$/;
/** RFC 6376 §3.1. */
const SELECTOR = /^[A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?)*$/;

/** `file:PATH`, relative to the workspace, or wherever else a secret may be. */
const privateKey = z
  .string({ error: 'not the name of a key; write file:dkim.pem, or env:NAME' })
  .superRefine((value, context) => {
    if (/^file:\S/.test(value)) return;
    for (const { message } of secret.safeParse(value).error?.issues ?? []) {
      context.addIssue({ code: 'custom', message: `${message}, or file:dkim.pem` });
    }
  })
  .meta({ pattern: String.raw`^(file:\S.*|${REFERENCE})$` });

export const dkim = strictObject({
  domain: text('ruiz.example').toLowerCase().regex(DOMAIN, 'not a domain; write ruiz.example (in ASCII, as it stands in the DNS)'),
  selector: text('s1').max(63, 'at most 63 characters; write s1').regex(SELECTOR, 'letters, digits, - and . only; write s1'),
  key: privateKey,
});

/** A header line holds 998 octets (RFC 5322 §2.1.1), and a token is added. */
const LONGEST_URL = 600;

/** Where a click on "unsubscribe" goes: every mail shows it, and mail programs post to nothing but https (RFC 8058 §3.1). */
export const webAddress = text('https://ruiz.example/u')
  .meta({ pattern: String.raw`^\s*https?://[^@#]+$` })
  .transform((value, context) => {
    const complain = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (!URL.canParse(value)) return complain('not a web address; write https://ruiz.example/u');
    const url = new URL(value);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
      return complain(`mail programs post to https alone; write https://${url.host === '' ? 'ruiz.example/u' : url.host + url.pathname}`);
    if (url.username !== '' || url.password !== '') return complain('a secret must not stand in this address: every mail shows it');
    if (url.hash !== '' || url.searchParams.has('t')) return complain('no # and no ?t= of its own: ?t= and who it is for are added');
    return url.href.length <= LONGEST_URL ? url.href : complain(`longer than ${LONGEST_URL} characters; write a shorter one`);
  });
