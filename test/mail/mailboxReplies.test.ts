import { expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { HOUR } from '../../src/domain/duration.ts';
import type { HttpReply } from '../../src/mail/httpReplies.ts';
import { readGmail, readGraph } from '../../src/mail/mailboxReplies.ts';

const NOW = Date.parse('2026-12-01T10:00:00Z');

const reply = (status: number, body: string, headers: HttpReply['headers'] = {}): HttpReply => {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body, complete: true, early: false, now: NOW };
};

function gmail(status: number, reason: string, message = 'no', headers = {}): Delivery {
  return readGmail(
    reply(status, JSON.stringify({ error: { code: status, message, errors: [{ message, domain: 'x', reason }] } }), headers),
  );
}

function graph(status: number, code: string, message = 'no', headers = {}): Delivery {
  return readGraph(reply(status, JSON.stringify({ error: { code, message, innerError: {} } }), headers));
}

const RATE = 'User-rate limit exceeded.  Retry after 2026-12-01T10:17:00.500Z';

test.each<[number, string, string, number | undefined]>([
  [403, 'dailyLimitExceeded', 'Daily Limit Exceeded', 4 * HOUR],
  [403, 'quotaExceeded', 'Quota exceeded', HOUR],
  [403, 'userRateLimitExceeded', 'User Rate Limit Exceeded', undefined],
  [403, 'concurrentLimitExceeded', 'Too many concurrent requests for user', undefined],
  [403, 'RATE_LIMIT_EXCEEDED', 'Quota exceeded for quota metric', undefined],
  [403, 'rateLimitExceeded', 'Rate Limit Exceeded', undefined],
  [403, 'rateLimitExceeded', RATE, 17 * 60_000 + 500],
  [429, 'rateLimitExceeded', RATE, 17 * 60_000 + 500],
  [429, 'userRateLimitExceeded', 'User-rate limit exceeded. (Mail sending)', 4 * HOUR],
  [429, 'rateLimitExceeded', `${RATE} (Mail sending)`, 17 * 60_000 + 500],
  [429, 'anything', 'Too many concurrent requests for user', undefined],
  [429, 'rateLimitExceeded', 'Retry after 2026-12-09T10:00:00Z', 24 * HOUR],
  [429, 'rateLimitExceeded', 'Retry after 2026-11-30T10:00:00Z', undefined],
  [429, 'rateLimitExceeded', 'Retry after 2026-13-77T99:99:99Z', undefined],
])('Gmail answers %s %s (%s): its sender rests', (status, reason, message, restMs) => {
  const delivery = gmail(status, reason, message);
  expect(delivery).toMatchObject({ kind: 'throttled', code: status });
  expect(delivery.restMs).toBe(restMs);
});

test('a Retry-After says more than the words', () => {
  expect(gmail(429, 'rateLimitExceeded', RATE, { 'retry-after': '5' })).toMatchObject({ kind: 'throttled', restMs: 5_000 });
  expect(graph(429, 'ApplicationThrottled', 'no', { 'retry-after': '7' })).toMatchObject({ kind: 'throttled', restMs: 7_000 });
  expect(graph(403, 'ErrorExceededMessageLimit', 'no', { 'retry-after': '9' })).toMatchObject({ kind: 'throttled', restMs: 9_000 });
});

test.each<[number, string, string, Delivery['kind']]>([
  [400, 'badRequest', 'Invalid attachment', 'content_refused'],
  [400, 'invalidArgument', 'Invalid To header', 'content_refused'],
  [400, 'invalidArgument', 'Recipient address required', 'content_refused'],
  [413, 'uploadTooLarge', 'Request is too large', 'content_refused'],
  [500, 'backendError', 'Backend Error', 'ambiguous'],
  [503, 'backendError', 'Backend Error', 'ambiguous'],
])('Gmail answers %s %s (%s): %s', (status, reason, message, kind) => {
  expect(gmail(status, reason, message)).toMatchObject({ kind, code: status });
});

test.each([
  [400, 'failedPrecondition', 'Mail service not enabled'],
  [401, 'authError', 'Invalid Credentials'],
  [403, 'domainPolicy', 'The domain administrators have disabled Gmail apps.'],
  [403, 'insufficientPermissions', 'Request had insufficient authentication scopes.'],
  [403, 'accessNotConfigured', 'Gmail API has not been used in project 1 before or it is disabled.'],
  [403, 'forbidden', 'Delegation denied for ana@ruiz.example'],
  [404, 'notFound', 'Requested entity was not found.'],
])('Gmail answers %s %s (%s): only a person can mend it', (status, reason, message) => {
  expect(gmail(status, reason, message)).toMatchObject({
    kind: 'sender_refused',
    stopsSender: true,
    reply: `${status} ${reason}: ${message}`,
  });
});

test('the new form of Google’s errors is read, too', () => {
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'rateLimitExceeded' };
  const error = { code: 403, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded', details: [null, 7, { '@type': 'x' }, info] };
  expect(readGmail(reply(403, JSON.stringify({ error })))).toMatchObject({ kind: 'throttled' });
});

test.each<[number, string, string, Delivery['kind']]>([
  [400, 'ErrorMimeContentInvalidBase64String', 'Invalid base64 string for MIME content.', 'content_refused'],
  [400, 'ErrorInvalidRequest', 'no', 'content_refused'],
  [413, 'RequestEntityTooLarge', 'no', 'content_refused'],
  [500, 'ErrorInternalServerError', 'no', 'ambiguous'],
  [503, 'ErrorServerBusy', 'no', 'ambiguous'],
  [504, 'UnknownError', '', 'ambiguous'],
  [507, 'ErrorQuotaExceeded', 'no', 'ambiguous'],
  [409, 'ErrorIrresolvableConflict', 'no', 'ambiguous'],
  [429, 'ApplicationThrottled', 'Application is over its MailboxConcurrency limit.', 'throttled'],
  [429, 'UnknownError', '', 'throttled'],
])('Graph answers %s %s (%s): %s', (status, code, message, kind) => {
  expect(graph(status, code, message)).toMatchObject({ kind, code: status });
});

test.each<[string, number | undefined]>([
  ['ErrorExceededMessageLimit', 4 * HOUR],
  ['ErrorExceededMaxRecipientLimit', 4 * HOUR],
  ['ErrorExceededHourlyMessageLimit', HOUR],
  ['ApplicationThrottled', undefined],
  ['TooManyRequests', undefined],
])('Graph says %s, whatever its status: its sender rests', (code, restMs) => {
  for (const status of [400, 403, 429]) {
    const delivery = graph(status, code);
    expect(delivery).toMatchObject({ kind: 'throttled', code: status });
    expect(delivery.restMs).toBe(restMs);
  }
});

test.each(['ErrorSendAsDenied', 'ErrorMessageSubmissionBlocked', 'ErrorAccountSuspend', 'ErrorQuotaExceeded'])(
  'Graph says %s: only a person can mend it',
  (code) => {
    for (const status of [400, 403])
      expect(graph(status, code)).toMatchObject({ kind: 'sender_refused', stopsSender: true, reply: `${status} ${code}: no` });
  },
);

test('Graph is believed about an address only where it names it', () => {
  const words = 'At least one recipient is not valid., ';
  const named = `${words}Recipient 'lead@company' is not resolved. All recipients must be resolved before a message can be submitted.`;
  expect(graph(400, 'ErrorInvalidRecipients', named)).toMatchObject({ kind: 'recipient_refused', code: 400 });
  // Said of a mail in which it found no address at all, too.
  expect(graph(400, 'ErrorInvalidRecipients', `${words}A message can't be sent because it contains no recipients.`)).toMatchObject({
    kind: 'content_refused',
  });
  expect(graph(400, 'ErrorInvalidRequest', named)).toMatchObject({ kind: 'content_refused' });
  expect(graph(500, 'ErrorInvalidRecipients', named)).toMatchObject({ kind: 'ambiguous' });
});

test('an answer that is cut or early decides nothing', () => {
  for (const read of [readGmail, readGraph]) {
    for (const change of [{ complete: false }, { early: true }])
      expect(read({ ...reply(200, '{"id":"18c1"}'), ...change })).toMatchObject({ kind: 'ambiguous' });
  }
});

test('an answer of any length is read in linear time', () => {
  for (const piece of ['Retry after 2026-12-01T10:00:00', "Recipient '", "Recipient 'x' is ", '{"reason":', '[']) {
    const began = process.cpuUsage();
    gmail(429, 'rateLimitExceeded', piece.repeat(50_000));
    graph(400, 'ErrorInvalidRecipients', piece.repeat(50_000));
    readGmail(reply(403, piece.repeat(50_000)));
    readGraph(reply(403, piece.repeat(50_000)));
    expect(process.cpuUsage(began).user / 1_000, piece).toBeLessThan(400);
  }
});
