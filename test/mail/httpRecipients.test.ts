import { expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { type HttpReply, readResend, readSendgrid } from '../../src/mail/httpReplies.ts';

const reply = (status: number, body: string): HttpReply => ({ status, headers: {}, body, complete: true, early: false, now: 0 });

type SendgridError = readonly [field: string | null, message: string];

const sendgrid = (status: number, ...errors: readonly SendgridError[]) =>
  readSendgrid(reply(status, JSON.stringify({ errors: errors.map(([field, message]) => ({ message, field, help: null })) })));
const resend = (status: number, name: string, message: string) =>
  readResend(reply(status, JSON.stringify({ statusCode: status, name, message })));

const VALID = 'Does not contain a valid address.';

test.each<[string, ...SendgridError[]]>([
  ['the documented one', ['personalizations.0.to', VALID]],
  ['deeper in the field', ['personalizations.0.to.0.email', VALID]],
  ['with an index in brackets', ['personalizations[0].to[0].email', 'The email address is invalid.']],
  ['without an index', ['personalizations.to', 'Invalid email address']],
  ['in other words', ['personalizations.0.to', 'ana@ruiz is not a valid email address']],
  ['beside another fault', ['content.0.value', 'must be a string'], ['personalizations.0.to', VALID]],
])('SendGrid says of the field `to` that its address is not valid: %s', (_, ...errors) => {
  expect(sendgrid(400, ...errors)).toMatchObject({ kind: 'recipient_refused', code: 400 });
});

test.each<[string, number, ...SendgridError[]]>([
  ['the sender’s address', 400, ['from.email', VALID]],
  ['the address to answer to', 400, ['reply_to.email', VALID]],
  ['a copy', 400, ['personalizations.0.cc', VALID]],
  ['a hidden copy', 400, ['personalizations.0.bcc.0.email', VALID]],
  ['a field whose name begins alike', 400, ['personalizations.0.to_name', VALID]],
  ['a substitution called to', 400, ['personalizations.0.substitutions.to', VALID]],
  ['a header called to', 400, ['headers.personalizations.0.to', 'is not a valid address header']],
  ['no field', 400, [null, 'The to address is not a valid email address']],
  ['content that names to', 400, ['content.0.value', 'personalizations.0.to does not contain a valid address']],
  ['an array that is missing', 400, ['personalizations.0.to', 'The to array is required and needs one object with a valid email address.']],
  ['an address twice', 400, ['personalizations.0.to', 'Each email address should be unique between to, cc, and bcc.']],
  ['too many addresses', 400, ['personalizations.0.to', 'too many recipients: at most 1000 with a valid address']],
  ['a type', 400, ['personalizations.0.to', 'must be an array']],
  ['two fields, of which only the other is not valid', 400, ['personalizations.0.to', 'is required'], ['from', VALID]],
  ['nobody in particular', 400, ['personalizations', 'The personalizations field is required.']],
  ['a mail that is too large', 413, ['personalizations.0.to', VALID]],
  ['a request that cannot be read', 422, ['personalizations.0.to', VALID]],
])('SendGrid speaks of something else, so nobody is suppressed: %s', (_, status, ...errors) => {
  expect(sendgrid(status, ...errors)).toMatchObject({ kind: 'content_refused', code: status });
});

test.each<[number, string, Delivery['kind']]>([
  [400, '{"field":"personalizations.0.to","message":"Does not contain a valid address."}', 'content_refused'],
  [400, '{"errors":"personalizations.0.to: not a valid address"}', 'content_refused'],
  [400, '{"errors":[null,7,"x",{"field":["personalizations.0.to"],"message":"not a valid address"}]}', 'content_refused'],
  [400, '<p>"field":"personalizations.0.to" does not contain a valid address</p>', 'content_refused'],
  [401, '{"errors":[{"field":"personalizations.0.to","message":"Does not contain a valid address."}]}', 'sender_refused'],
  [403, '{"errors":[{"field":"from","message":"The from address does not match a verified Sender Identity."}]}', 'sender_refused'],
  [429, '{"errors":[{"field":"personalizations.0.to","message":"not a valid address"}]}', 'throttled'],
  [500, '{"errors":[{"field":"personalizations.0.to","message":"not a valid address"}]}', 'ambiguous'],
])('SendGrid answers %s %s: %s', (status, body, kind) => {
  expect(readSendgrid(reply(status, body)).kind).toBe(kind);
});

test.each<[number, string, string]>([
  [
    422,
    'validation_error',
    'Invalid `to` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.',
  ],
  [400, 'validation_error', 'Invalid `to` field: ana@@ruiz.example'],
  [422, 'invalid_parameter', 'The `to` field must be a valid email address.'],
  [422, 'validation_error', 'The `to` address is not valid.'],
])('Resend says of the field `to` that its address is not valid: %s %s: %s', (status, name, message) => {
  expect(resend(status, name, message)).toMatchObject({ kind: 'recipient_refused', code: status });
});

test.each<[number, string, string, Delivery['kind']]>([
  [422, 'validation_error', 'Invalid `from` field. The email address needs to follow the `email@example.com` format.', 'content_refused'],
  [
    422,
    'validation_error',
    'Invalid `reply_to` field. The email address needs to follow the `email@example.com` format.',
    'content_refused',
  ],
  [422, 'validation_error', 'Invalid `from` field, which has to differ from the `to` field.', 'content_refused'],
  [422, 'validation_error', 'Missing `to` field.', 'content_refused'],
  [422, 'missing_required_field', 'The `to` field is required.', 'content_refused'],
  [422, 'validation_error', 'The `to` field takes at most 50 addresses.', 'content_refused'],
  [422, 'validation_error', 'The `to` address may be written to only once the domain is verified.', 'content_refused'],
  [422, 'validation_error', 'The recipient list is not valid.', 'content_refused'],
  [422, 'validation_error', 'Go to your settings: the email address is not valid.', 'content_refused'],
  [422, 'invalid_attachment', 'Invalid `to` field.', 'content_refused'],
  [
    403,
    'validation_error',
    'You can only send testing emails to your own email address. To send to other recipients, verify a domain.',
    'sender_refused',
  ],
  [403, 'validation_error', 'Invalid `to` field.', 'sender_refused'],
  [413, 'validation_error', 'Invalid `to` field.', 'content_refused'],
  [429, 'rate_limit_exceeded', 'Too many requests to the `to` address', 'throttled'],
])('Resend answers %s %s: %s', (status, name, message, kind) => {
  expect(resend(status, name, message).kind).toBe(kind);
});

test('an answer of any length is read in linear time', () => {
  for (const piece of ['`to` ', 'address ', '`a@', 'not valid ', 'to to ', 'invalid ']) {
    const began = process.cpuUsage();
    resend(422, 'validation_error', `\`to\` ${piece.repeat(100_000)}`);
    sendgrid(400, ['personalizations.0.to', piece.repeat(100_000)]);
    expect(process.cpuUsage(began).user / 1_000, piece).toBeLessThan(200);
  }
});
