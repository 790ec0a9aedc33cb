import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { MailContent, Mailer } from '../../src/mail/mailer.ts';
import { smtpMailer } from '../../src/mail/smtp.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { attempt, headOf, mail } from '../support/mail.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const COPIED: Partial<MailContent> = { bccSelf: true, from: 'Ana Ruiz <ana@ruiz.example>' };

async function against(faultFor: (to: string) => Fault | undefined): Promise<{ sink: Sink; mailer: Mailer }> {
  const sink = await startSink((to) => (to === undefined ? undefined : faultFor(to)));
  const mailer = smtpMailer({ host: '127.0.0.1', port: sink.port, security: 'none', auth: undefined });
  closing.push(sink.close, mailer.close);
  return { sink, mailer };
}

test('a copy to oneself is a second recipient of the very same mail', async () => {
  const { sink, mailer } = await against(() => undefined);
  const frozen = await mail(COPIED);
  expect(await mailer.deliver(frozen, attempt())).toMatchObject({ kind: 'accepted' });
  expect(sink.received).toMatchObject([{ recipients: ['grace@harbour.example', 'ana@ruiz.example'], frozenSha256: frozen.sha256 }]);
  const { bytes } = await mail({ ...COPIED, to: { email: 'ANA@ruiz.example', name: undefined } }).then(({ envelope, bytes }) => {
    expect(envelope).toEqual({ from: 'ana@ruiz.example', to: 'ANA@ruiz.example' });
    return { bytes };
  });
  expect(headOf(bytes)).not.toMatch(/^bcc/im);
});

test.each(['rcpt 550', 'rcpt 450'] as const)(
  'a copy that the server refuses with "%s" changes nothing for the lead, and is told',
  async (fault) => {
    const { sink, mailer } = await against((to) => (to === 'ana@ruiz.example' ? fault : undefined));
    const delivery = await mailer.deliver(await mail(COPIED), attempt());
    expect(delivery).toMatchObject({ kind: 'accepted', code: 250, reply: expect.stringContaining('the copy to yourself was refused: ') });
    expect(sink.received).toMatchObject([{ recipients: ['grace@harbour.example'] }]);
    expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'accepted', reply: '250 2.0.0 Ok' });
  },
);

test.each([
  ['rcpt 550', undefined, 'recipient_refused', 550],
  ['rcpt 450', undefined, 'temporary', 450],
  ['rcpt 550', 'rcpt 450', 'recipient_refused', 550],
  ['rcpt 450', 'rcpt 550', 'temporary', 450],
] as const)('a lead refused with "%s" decides alone, whatever becomes of the copy (%s)', async (lead, copy, kind, code) => {
  const { sink, mailer } = await against((to) => (to === 'ana@ruiz.example' ? copy : lead));
  const trying = attempt();
  expect(await mailer.deliver(await mail(COPIED), trying)).toMatchObject({ kind, code });
  expect([trying.armed, sink.received]).toEqual([[], []]);
});

/** A server that answers each command as told, else with 250, and offers what `offers` says. */
async function scripted(answers: Readonly<Record<string, string>>, offers: string): Promise<Mailer> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('220 hi\r\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').filter(Boolean)) {
        const verb = line.slice(0, 4);
        socket.write(verb === 'EHLO' ? `250-hi\r\n250 ${offers}\r\n` : `${answers[verb] ?? '250 ok'}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mailer = smtpMailer({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, security: 'none', auth: undefined });
  closing.push(() => new Promise((resolve) => server.close(() => resolve())), mailer.close);
  return mailer;
}

test('behind a refused sender the recipients are refused too, and it is the sender’s refusal that counts', async () => {
  const mailer = await scripted(
    { MAIL: '550 5.1.8 Bad outbound sender', RCPT: '503 5.5.1 MAIL first', DATA: '503 5.5.1 RCPT first' },
    'PIPELINING',
  );
  for (const change of [COPIED, {}])
    expect(await mailer.deliver(await mail(change), attempt())).toMatchObject({ kind: 'sender_refused', code: 550, stopsSender: true });
});

test('a mail that is larger than a server takes is refused for good before anything of it is sent', async () => {
  const mailer = await scripted({ MAIL: '250 ok' }, 'SIZE 20480');
  const trying = attempt();
  expect(await mailer.deliver(await mail({ text: 'x\n'.repeat(20_000) }), trying)).toMatchObject({
    kind: 'content_refused',
    reply: expect.stringMatching(/^the mail is too large for this server: \d+ kB, and it takes 20 kB$/),
  });
  expect(trying.armed).toEqual([]);
});

test('a server that says at MAIL that it is full for a mail of this size is believed', async () => {
  const mailer = await scripted({ MAIL: '552 5.3.4 Too big', RCPT: '503 5.5.1 MAIL first', DATA: '503 no' }, 'SIZE');
  expect(await mailer.deliver(await mail(COPIED), attempt())).toMatchObject({ kind: 'content_refused', code: 552 });
});
