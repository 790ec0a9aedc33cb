import DataStream from 'nodemailer/lib/smtp-connection/data-stream.js';
import { expect, test } from 'vitest';
import { stuffed } from '../../src/mail/dotStuffing.ts';
import { ReplyReader } from '../../src/mail/smtpReplies.ts';

const read = (...chunks: readonly string[]) => {
  const reader = new ReplyReader();
  const all = chunks.map((chunk) => reader.read(Buffer.from(chunk, 'latin1')));
  return { replies: all.flatMap(({ replies }) => replies), malformed: all.at(-1)?.malformed, unfinished: reader.unfinished };
};

const SERVER = '220 hi\r\n250-one\r\n250-two\n250\r\n\r\n354 go\r\n421-4.3.2 bye\r\n421 4.3.2 bye\r\n';

test('replies are the same wherever a network cuts them', () => {
  const whole = read(SERVER);
  expect(whole.replies.map(({ code }) => code)).toEqual([220, 250, 354, 421]);
  expect(whole.replies[1]?.text).toBe('250-one\n250-two\n250');
  for (let cut = 0; cut <= SERVER.length; cut++) expect(read(SERVER.slice(0, cut), SERVER.slice(cut))).toEqual(whole);
  expect(read(...SERVER)).toEqual(whole);
  expect(whole).toMatchObject({ malformed: undefined, unfinished: false });
});

test.each(['25', '250', '250 2.0.0 Ok', '250 2.0.0 Ok\r', '250-2.0.0 Ok\r\n', '250-2.0.0 Ok\r\n250 '])('%j is not a reply yet', (begun) => {
  expect(read(begun)).toEqual({ replies: [], malformed: undefined, unfinished: true });
});

test.each([
  '451-4.3.0 Wait\r\n250 Ok\r\n',
  '250-Ok\r\n554 No\r\n',
  '250-Ok\r\n\r\n250 Ok\r\n',
  '250-Ok\r\n251-Ok\r\n',
  'hello\r\n',
  '25 Ok\r\n',
  '2500 Ok\r\n',
  '250Ok\r\n',
  '250\tOk\r\n',
  ' 250 Ok\r\n',
  '150 Ok\r\n',
  '600 Ok\r\n',
  '000 Ok\r\n',
  '٢٥٠ Ok\r\n',
])('%j is no reply, and nothing behind it is read', (text) => {
  const { replies, malformed } = read(`${text}250 2.0.0 Ok\r\n`);
  expect(replies).toEqual([]);
  expect(malformed).toEqual(expect.any(String));
  expect(read('220 hi\r\n', text, '250 2.0.0 Ok\r\n').replies).toMatchObject([{ code: 220 }]);
});

test.each([
  ['a line', 'x'.repeat(17_000)],
  ['lines', '250-x\r\n'.repeat(300)],
  ['bytes', `250-${'x'.repeat(15_000)}\r\n`.repeat(5)],
])('a reply of endless %s is given up', (_, text) => {
  expect(read(text).malformed).toBe('a reply without an end');
});

test('text is UTF-8 where it is that, else byte for byte', () => {
  expect(read(Buffer.from('250 Grüße\r\n').toString('latin1')).replies[0]?.text).toBe('250 Grüße');
  expect(read('250 Gr\xfc\xdfe\r\n').replies[0]?.text).toBe('250 Grüße');
});

test('reading takes time in proportion to what is read', () => {
  // Time of the processor: others may keep it busy.
  const spent = (work: () => void) => {
    const began = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  };
  expect(spent(() => read('250 ok\r\n'.repeat(200_000)))).toBeLessThan(3_000);
  // One byte at a time, nearly as long as a reply may be.
  expect(spent(() => read(...`250-${'x'.repeat(8_000)}\r\n`.repeat(7), '250 ok\r\n'))).toBeLessThan(3_000);
  expect(spent(() => read('\r\n'.repeat(500_000)))).toBeLessThan(3_000);
});

test('a mail travels as nodemailer would write it: CRLF alone, and dots doubled', async () => {
  const texts = [''];
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at] ?? '';
    if (text.length < 5) texts.push(...['\r', '\n', '.', 'a'].map((sign) => text + sign));
  }
  expect(texts).toHaveLength(1365);
  for (const text of texts.slice(1)) {
    const theirs = new DataStream();
    theirs.end(Buffer.from(text));
    const chunks: Buffer[] = [];
    for await (const chunk of theirs) chunks.push(chunk as Buffer);
    expect(`${stuffed(Buffer.from(text))}.\r\n`, JSON.stringify(text)).toBe(Buffer.concat(chunks).toString());
  }
});

test('only one place in what travels can be read as the end of the mail', () => {
  for (const end of ['\r\n.\r\n', '\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n', '\r.\r\n', '\n\r.\r\n'])
    expect(`${stuffed(Buffer.from(`a${end}b\r\n`))}.\r\n`.match(/(?:^|[\r\n])\.[\r\n]/g)).toHaveLength(1);
});
