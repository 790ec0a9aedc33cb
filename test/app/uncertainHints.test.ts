import { expect, test } from 'vitest';
import { uncertainHints } from '../../src/app/uncertainHints.ts';
import type { MessageStory } from '../../src/store/progress.ts';

function hint(provider: string, progress: string | null, reply: string): string {
  const story = { summary: { email: 'lead@company.example', message_id: null }, attempts: [{ sender: 'main', provider, progress, reply }] };
  return uncertainHints([], story as unknown as MessageStory).progress;
}

test.each([
  ['250 queued; then: the server sent a reply that nobody asked for: 554 no'],
  ['the server answered the mail with “354 go on”'],
  ['what the server sent is no reply: a reply with two codes, 250 and 554'],
])('where a server answered the whole mail with %j, no hint says that no answer came', (reply) => {
  expect(hint('smtp', 'end', reply)).toContain('does not say whether it took it');
});

test.each([
  ['the connection was closed', 'end', 'no answer came: it was probably delivered, unless the connection broke'],
  ['the connection was closed', 'all', 'all of it but the final dot'],
  ['the connection was closed', 'part', 'part of it and no end'],
  ['the time limit passed', null, 'Nobody knows how far it got'],
])('after %j at progress %s the hint says: %s', (reply, progress, says) => {
  expect(hint('smtp', progress, reply)).toContain(says);
});

test.each([
  ['gmail', 'the Sent folder of ana@ruiz.example: Google puts there what it takes'],
  ['graph', 'the Sent Items folder of team@ruiz.example: Microsoft puts there what it takes'],
] as const)('%s: what it took lies in the mailbox, and there is no copy beside it', (type, place) => {
  const user = type === 'graph' ? { user: 'team@ruiz.example' } : {};
  const sender = { name: 'main', type, from: 'Ana Ruiz <ana@ruiz.example>', insecure: false, ...user };
  const story = {
    attempts: [{ sender: 'main', provider: type, progress: 'end', reply: '' }],
    summary: { message_id: '<x@ruiz.example>', email: 'lead@company.example' },
    draft: { addressing: JSON.stringify({ bcc: { email: 'ana@ruiz.example' } }) },
  };
  const hints = uncertainHints([sender], story as unknown as MessageStory);
  expect(hints.places).toEqual([place, 'the recipient, where nothing else tells']);
  expect(hints.progress).toContain('The whole request was sent');
});
