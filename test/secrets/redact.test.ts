import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forgetSecret, redact, rememberSecret } from '../../src/domain/redact.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

const PASSWORD = 'pä"ss/wörd+ 42&<';
const FORMS: readonly [string, string][] = [
  ['as it is', PASSWORD],
  ['in JSON', JSON.stringify(PASSWORD).slice(1, -1)],
  ['in JSON with every letter escaped', [...PASSWORD].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ['URL-encoded', encodeURIComponent(PASSWORD)],
  ['URL-encoded in small letters', encodeURIComponent(PASSWORD).replace(/%../g, (code) => code.toLowerCase())],
  ['as a form sends it', new URLSearchParams({ p: PASSWORD }).toString().slice(2)],
  ['in HTML', PASSWORD.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
  ['as AUTH LOGIN sends it', base64(PASSWORD)],
  ['base64url', Buffer.from(PASSWORD).toString('base64url')],
];

test.each(FORMS)('a secret that was read is not printed %s', (_name, form) => {
  rememberSecret(PASSWORD);
  const shown = redact(`535 you said ${form}, no`);
  expect(shown).toMatch(/^535 you said .?\[redacted\].?.?=*, no$/);
  expect(shown).not.toContain(form.slice(3, -3));
});

test('a secret inside base64 is found behind any user name: AUTH PLAIN, Basic', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 40 }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(secret.trim().length >= 6);
      rememberSecret(secret);
      const line = base64(`${before}\0${secret}${after}`);
      const shown = redact(line);
      expect(shown).toContain('[redacted]');
      // What is left of it at either end is less than a byte.
      expect(Buffer.from(shown.split('[redacted]').join(''), 'base64').toString('latin1')).not.toContain(
        Buffer.from(secret).toString('latin1'),
      );
    }),
    { numRuns: 200 },
  );
});

test('of two secrets of which one begins the other, nothing is left', () => {
  rememberSecret('hunter2hunter2');
  rememberSecret('hunter2hunter2-and-more');
  expect(redact('a hunter2hunter2-and-more b hunter2hunter2 c')).toBe('a [redacted] b [redacted] c');
});

test('a value of fewer than six characters is left alone: it would take words out of every sentence', () => {
  rememberSecret('mail');
  expect(redact('the mail was sent')).toBe('the mail was sent');
});

test('what was not read as a secret stays', () => {
  const line = '250 2.0.0 Ok: queued as 4F9D195432C for (lead0@company0.example) [x] $& \\d+';
  expect(redact(line)).toBe(line);
});

test('a long token is known by its pieces: cut, broken over lines, in base64 of any offset; and no length is too long', () => {
  for (const length of [24, 53, 300, 8_000, 16_000]) {
    const token = `t${length}.`.padEnd(length, randomBytes(length).toString('base64url'));
    rememberSecret(token);
    const half = Math.floor(length / 2);
    const shown = [
      token,
      token.slice(0, -3),
      token.slice(3),
      `${token.slice(0, half)}\r\n535 5.7.8 ${token.slice(half)}`,
      encodeURIComponent(token),
      Buffer.from(`user=a\x01auth=Bearer ${token}\x01\x01`).toString('base64').slice(0, -8),
    ];
    for (const text of shown) {
      const clean = redact(`the server said: ${text}`);
      expect(clean, text.slice(0, 40)).toContain('[redacted]');
      for (let at = 0; at + 12 <= length; at += 7) expect(clean.includes(token.slice(at, at + 12))).toBe(false);
    }
    forgetSecret(token);
    expect(redact(token)).toBe(token);
  }
});

test('lines that frame a key are no secret, and a sentence stays what it was', () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${randomBytes(300).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  rememberSecret(key);
  expect(redact('a key begins with -----BEGIN PRIVATE KEY-----')).toBe('a key begins with -----BEGIN PRIVATE KEY-----');
  expect(redact(`error in ${key.split('\n')[2]}`)).toBe('error in [redacted]');
  forgetSecret(key);
});
