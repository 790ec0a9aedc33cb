import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { readRefusal, skeletonOf, wordsOf } from '../../src/domain/refusal.ts';
import { RULES, SMTP_PHASES, type SmtpPhase } from '../../src/domain/refusalRules.ts';
import { readReply } from '../../src/mail/replies.ts';

/** Replies of servers and providers, each with the letters of the readings that are right: see `LETTERS`. */
const rows = readFileSync(join(import.meta.dirname, 'refusals.tsv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [provider: string, phase: SmtpPhase, code: string, text: string, meaning: string]);

/** R: no such mailbox. T: this mail later. H: the sender's quota. S: the sender is refused, S!: until a person acts. C: this mail. F: before MAIL. -R: anything but R. */
const LETTERS: Partial<Record<Delivery['kind'], string>> = {
  recipient_refused: 'R',
  temporary: 'T',
  throttled: 'H',
  sender_refused: 'S',
  content_refused: 'C',
  sender_failed: 'F',
};

test.each(rows)('%s at %s: %s %s', (_, phase, code, text, meaning) => {
  const { kind, stopsSender } = readReply(phase, Number(code), text);
  const letter = `${LETTERS[kind]}${stopsSender === true ? '!' : ''}`;
  if (meaning === '-R') expect(letter).not.toBe('R');
  else expect(meaning.match(/[A-Z]!?/g)).toContain(letter);
});

test.each([
  ['an address at a host whose name holds a word of a rule', '550 5.7.1 mail to corporate-law.example is not taken', 'policy'],
  ['an IP address that looks like a status', '550 5.1.64.20 was refused here', 'this mail'],
  ['a status in the middle of a sentence', '550 said: 5.1.1 is what we say of others', 'this mail'],
  ['a status of another class than the code', '450 5.1.1 come back', 'later'],
  ['a URL with words of a rule', '550 refused, see https://help.example/no-such-user/rate-limit', 'this mail'],
  ['a quoted identifier', '550 5.7.1 rule "no-such-user" says no', 'policy'],
  ['an address with words of a rule', '550 refused for unknown.user@spamhaus.example', 'this mail'],
])('%s decides nothing', (_, text, means) => {
  expect(readRefusal('rcpt', Number(text.slice(0, 3)), text).means).toBe(means);
});

test('no reply that names the sender, its login, its server or a quota suppresses anybody, whatever stands around it', () => {
  const about = [
    'sender address rejected',
    'relay access denied',
    'authentication required',
    'blocked using zen.spamhaus.org',
    'your account has been suspended',
    'daily sending limit exceeded',
    'no PTR record',
    'does not pass DMARC',
    'not allowed to send as this sender',
    'listed in a block list',
  ];
  const around = [
    '',
    'requested action not taken:',
    'mailbox unavailable',
    'see https://x.example/',
    '<ana@ruiz.example>:',
    '[203.0.113.4]',
  ];
  for (const code of [550, 551, 553, 554])
    for (const said of about)
      for (const before of around)
        for (const phase of ['rcpt', 'data', 'dot'] as const)
          expect(readReply(phase, code, `${code} ${before} ${said}`).kind, `${before} ${said}`).not.toBe('recipient_refused');
});

const ENVELOPE = { from: 'Ana@Ruiz.example', to: 'lead@company.example' };

test.each([
  ['550 5.1.1 <ana@ruiz.example>: user unknown'],
  ['550-5.1.1 No such user: ana@ruiz.example.\n550 5.1.1 see https://help.example/a@b'],
  ['550 5.1.1 <ana@ruiz.example>: user unknown; questions to postmaster@mx.example'],
  ['550 5.1.2 ana@ruiz.example... host not found'],
  ['550 mailbox of <ANA@ruiz.EXAMPLE> does not exist: mailbox not found'],
  ['550 no such address (@ruiz.example)'],
  ['550 The domain ruiz.example: no such user ana'],
  ['553 5.1.3 <ana@ruiz.example>: invalid address; ana@ruiz.example'],
])('a reply whose only address is the sender’s suppresses nobody: %s', (text) => {
  for (const phase of ['rcpt', 'data', 'dot'] as const) {
    expect(readReply(phase, 550, text).kind).toBe('recipient_refused');
    expect(readReply(phase, 550, text, ENVELOPE)).toMatchObject({ kind: 'sender_refused' });
  }
});

test.each([
  ['550 5.1.1 <lead@company.example>: user unknown'],
  ['550 5.1.1 user unknown'],
  ['550 5.1.1 mail from ana@ruiz.example to lead@company.example: user unknown'],
  ['550 5.1.1 <someone.else@company.example>: user unknown'],
  ['550 5.1.1 <diana@ruiz.example>: user unknown'],
])('a reply that names another address, or none, is evidence as before: %s', (text) => {
  expect(readReply('rcpt', 550, text, ENVELOPE).kind).toBe('recipient_refused');
});

test('a mail to oneself names one address, which is the recipient’s', () => {
  const self = { from: 'ana@ruiz.example', to: 'Ana@ruiz.example' };
  expect(readReply('rcpt', 550, '550 5.1.1 <ana@ruiz.example>: user unknown', self).kind).toBe('recipient_refused');
});

test('an address that takes questions may be the recipient’s, or the sender’s', () => {
  const unknown = '550 5.1.1 <info@ruiz.example>: user unknown';
  expect(readReply('rcpt', 550, unknown, { from: 'info@ruiz.example', to: 'lead@company.example' }).kind).toBe('sender_refused');
  expect(readReply('rcpt', 550, unknown, { from: 'ana@mail.example', to: 'info@ruiz.example' }).kind).toBe('recipient_refused');
});

test('the envelope changes nothing of any other reading', () => {
  for (const [, phase, code, text] of rows) {
    const alone = readReply(phase, Number(code), text);
    if (alone.kind !== 'recipient_refused') expect(readReply(phase, Number(code), text, ENVELOPE)).toEqual(alone);
  }
});

test('every refusal is read, in linear time and whatever it holds', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SMTP_PHASES), fc.integer({ min: 400, max: 599 }), fc.string({ unit: 'binary' }), (phase, code, text) => {
      expect(RULES).toContain(readRefusal(phase, code, text).rule);
    }),
  );
  for (const piece of [
    'a.',
    'mailbox ',
    'user full ',
    '<',
    '"a" ',
    'http://',
    '1.',
    ':',
    'per hour ',
    "a'",
    '5.1.',
    '\n550-',
    '@',
    'account is ',
    'a@b ',
    'user, ',
  ]) {
    const began = process.cpuUsage();
    readRefusal('rcpt', 550, piece.repeat(200_000), ENVELOPE);
    readRefusal('rcpt', 550, `5.1.1 ${piece.repeat(200_000)}`, ENVELOPE);
    skeletonOf(550, piece.repeat(200_000));
    expect(process.cpuUsage(began).user / 1_000, piece).toBeLessThan(200);
  }
});

test('the words of a reply are what its server chose', () => {
  expect(wordsOf('550-5.7.1 Message from [203.0.113.4]\n550 5.7.1 blocked; see http://x.example/y "abc-1" Müller')).toBe(
    'message from blocked; see muller',
  );
});

test('refusals for the same reason have one skeleton, others have not', () => {
  const one = skeletonOf(
    554,
    '554 5.2.252 SendAsDenied; ana@ruiz.example not allowed to send as x; id 4711-ab [Hostname=A1.prod.outlook.com]',
  );
  const other = skeletonOf(
    554,
    '554 5.2.252 SendAsDenied; ana@ruiz.example not allowed to send as x; id 99-zz [Hostname=B7.prod.outlook.com]',
  );
  expect(one).toBe(other);
  expect(skeletonOf(550, '550 5.1.1 <a@b.example>: user unknown')).toBe(skeletonOf(550, '550 5.1.1 <c@d.example>: user unknown'));
  expect(skeletonOf(550, '550 5.1.1 user unknown')).not.toBe(skeletonOf(550, '550 5.7.1 spam'));
});

test('the time that a server asks for is kept, at most a day', () => {
  expect(readReply('mail', 421, '421 4.7.0 rate limited, try again in 15 minutes').restMs).toBe(900_000);
  expect(readReply('dot', 451, '451 too many messages, wait 90 seconds').restMs).toBe(90_000);
  expect(readReply('dot', 451, '451 too many messages, try again in 9999 hours').restMs).toBe(86_400_000);
});
