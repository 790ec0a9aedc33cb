import { expect, test } from 'vitest';
import { guessPreset } from '../../src/app/interviewMailbox.ts';

/** DNS in which the domain ruiz.example has these mail exchanges. */
const exchanges = (...names: string[]) => ({
  resolveMx: async (domain: string) => (domain === 'ruiz.example' ? names.map((exchange, priority) => ({ exchange, priority })) : []),
});

test.each([
  [['aspmx.l.google.com', 'alt1.aspmx.l.google.com'], 'workspace'],
  [['ASPMX2.GOOGLEMAIL.COM'], 'workspace'],
  [['ruiz-example.mail.protection.outlook.com'], 'microsoft365'],
  [['mail.ruiz.example', 'aspmx.l.google.com'], 'workspace'],
  [['aspmx.l.google.com.ruiz.example'], undefined],
  [[], undefined],
])('a domain of one’s own whose mail goes to %j is taken for %s', async (names, preset) => {
  expect(await guessPreset('ruiz.example', exchanges(...names))).toBe(preset);
});

test('a domain of the provider’s own is known without DNS, and DNS that fails is no guess', async () => {
  const silent = { resolveMx: () => Promise.reject(new Error('queryMx ETIMEOUT')) };
  expect(await guessPreset('gmail.com', silent)).toBe('gmail');
  expect(await guessPreset('Hotmail.com', silent)).toBe('outlook');
  expect(await guessPreset('ruiz.example', silent)).toBeUndefined();
});
