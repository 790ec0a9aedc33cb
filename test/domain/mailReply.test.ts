import { expect, test } from 'vitest';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { EXAMPLE } from '../../src/domain/notMail.ts';

const BODY = 'Hello Grace,\n\nwould a room for Tuesdays help?\n\nAna';
const WELL = JSON.stringify({ subject: 'A room', body: BODY });
const MAIL = { kind: 'mail', subject: 'A room', body: BODY };

test.each([
  ['alone', WELL],
  ['in a fence', `\`\`\`json\n${WELL}\n\`\`\``],
  ['in a fence with a brace in the sentence behind it', `\`\`\`\n${WELL}\n\`\`\`\nLet me know if {this} fits.`],
  ['behind thoughts that quote the form', `<think>I answer {"subject": "...", "body": "..."}.</think>\n${WELL}`],
  ['behind a brace that is never closed', `I open with { and go on.\n${WELL}`],
  ['behind another object', `{"note":"draft"}\n${WELL}`],
  ['before another object', `${WELL}\n{"note":"done"}`],
  ['behind an earlier try', `{"subject":"First","body":"No"}\n${WELL}`],
  ['with a comma behind the last part', WELL.replace(/\}$/, ',\n}')],
  ['with line ends within a text', WELL.replaceAll('\\n', '\n')],
  ['with an apostrophe that is escaped', WELL.replace('Hello', "Hello\\'").replace("\\'", '')],
  ['with other keys', JSON.stringify({ subject: 'A room', body: BODY, language: 'en', confidence: 0.9 })],
  ['with keys in another case', JSON.stringify({ Subject: 'A room', BODY: BODY })],
  ['one level further in', JSON.stringify({ mail: { subject: 'A room', body: BODY } })],
  ['as a text within an object', JSON.stringify({ answer: WELL })],
  ['as a text of JSON', JSON.stringify(WELL)],
  ['in an array', `[${WELL}]`],
  ['with an empty skip', JSON.stringify({ subject: 'A room', body: BODY, skip: '' })],
  ['as paragraphs', JSON.stringify({ subject: 'A room', body: BODY.split('\n\n') })],
])('a mail is read: %s', (_, text) => {
  expect(readMailReply(text)).toEqual(MAIL);
});

test.each([
  ['braces, quotes and backslashes in the text', 'It says "{ok}" at C:\\new, 5" wide.'],
  ['a bracket of one’s own', 'See [our page](https://ruiz.example) and [1].'],
  ['a sentence that cannot come', "I can't come on Monday. Would Tuesday suit?"],
  ['an apology', "I'm sorry to write out of the blue. Would a room help?"],
  ['a subject in a sentence', 'The subject: rooms. Would one help?'],
])('a mail is left as it is: %s', (_, body) => {
  expect(readMailReply(JSON.stringify({ subject: 'A room', body }))).toEqual({ kind: 'mail', subject: 'A room', body });
});

const mail = (body: string, subject = 'A room') => JSON.stringify({ subject, body });

test.each([
  ['no', 'it is not one JSON object'],
  ['', 'it is not one JSON object'],
  ['{"subject":"s","body":"b"', 'it is not one JSON object'],
  ['{"subject":"s"}', 'body must be a text'],
  ['{"note":"s"}', 'subject must be a text; body must be a text'],
  [mail('b', ''), 'subject is empty'],
  [mail('b', 's'.repeat(201)), 'subject is longer than 200 characters'],
  [mail('...', '...'), 'its subject holds no word'],
  [mail('…'), 'its body holds no word'],
  [mail('string', 'string'), 'its subject repeats the form of the answer'],
  [mail('The body of the mail'), 'its body repeats the form of the answer'],
  [mail('<body text here>'), 'its body repeats the form of the answer'],
  [mail(EXAMPLE.body, 'Something else'), 'it repeats the example'],
  [mail(EXAMPLE.body.replace('Hello', 'Hello Grace').replace('Ana Ruiz', 'Tom')), 'it repeats the example'],
  [mail('Hello Grace,\\n\\nwould a room help?\\n\\nAna'), 'it holds \\n as text where a line should end'],
  [mail('Hello Grace,\\nWould a room help?'), 'it holds \\n as text where a line should end'],
  [mail(`Subject: A room\n\n${BODY}`), 'its body begins with a line of the header'],
  [mail(`**Betreff:** Ein Raum\n\n${BODY}`), 'its body begins with a line of the header'],
  [mail('Hi [Name],\n\nwould a room help?'), 'it holds [Name], which its reader would see'],
  [mail('Hi Grace,\n\nwould a room help?\n\n[Your Name]'), 'it holds [Your Name], which its reader would see'],
  [mail('Hi {first_name},\n\nwould a room help?'), 'it holds {first_name}, which its reader would see'],
  [mail('Hi {{ first_name }},\n\nwould a room help?'), 'it holds {{ first_name, which its reader would see'],
  [mail("I'm sorry, but I can't help with that request.", 'Sorry'), 'it says that it will not write the mail'],
  [mail('I cannot write this e-mail, because it may be spam.'), 'it says that it will not write the mail'],
  [mail('As an AI language model, I have no access to it.'), 'it says that it will not write the mail'],
  [mail('Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.'), 'it says that it will not write the mail'],
  [mail('Lo siento, pero no puedo ayudar con eso.'), 'it says that it will not write the mail'],
  [mail('The control word is k0123.'), 'it repeats its instructions'],
])('what is no mail is refused, and the reason told: %j', (text, trouble) => {
  expect(readMailReply(text, ['k0123'])).toEqual({ kind: 'unusable', trouble });
});

test('a lead that a model will not write to is skipped with its reason, on one line', () => {
  expect(readMailReply('{"subject":"","body":"","skip":"The brief is for bakers;\\nshe sells boats."}')).toEqual({
    kind: 'skip',
    reason: 'The brief is for bakers; she sells boats.',
  });
  expect(readMailReply('{"skip":"No."}')).toEqual({ kind: 'skip', reason: 'No.' });
  // A mail is a mail, whatever else stands beside it.
  expect(readMailReply(JSON.stringify({ subject: 'A room', body: BODY, skip: 'none' }))).toEqual(MAIL);
});

test('line ends in a subject become spaces', () => {
  expect(readMailReply('{"subject":"A\\r\\nBcc: x@y.example","body":"Well"}')).toMatchObject({ subject: 'A Bcc: x@y.example' });
});

test('what no rule ends is read in linear time', () => {
  for (const text of [
    '{'.repeat(200_000),
    '{"'.repeat(100_000),
    `{"a":"${','.repeat(200_000)}`,
    ', '.repeat(200_000),
    '\\'.repeat(200_000),
  ]) {
    const began = performance.now();
    expect(readMailReply(`{"subject":"s","body":${text}`)).toMatchObject({ kind: 'unusable' });
    expect(performance.now() - began, text.slice(0, 10)).toBeLessThan(2_000);
  }
});
