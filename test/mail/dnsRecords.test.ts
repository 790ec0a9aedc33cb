import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { readModelList } from '../../src/llm/modelList.ts';
import { readDomains, readScopes } from '../../src/mail/apiAnswers.ts';
import { aligned, organisationalDomain, readDkim, readDmarc } from '../../src/mail/dnsRecords.ts';
import { isIncluded, ownerOf, serviceOf } from '../../src/mail/mailServices.ts';
import { readSpf, spfRecord } from '../../src/mail/spf.ts';

/** A zone: texts by name. */
const zone = (texts: Record<string, readonly string[]>) => async (name: string) => texts[name] ?? [];

const spf = (record: string, others: Record<string, readonly string[]> = {}) =>
  readSpf('ruiz.example', zone({ 'ruiz.example': [record], ...others }));

test('SPF is followed through includes, each lookup counted, and other texts are left alone', async () => {
  const report = await readSpf(
    'ruiz.example',
    zone({
      'ruiz.example': ['google-site-verification=x', 'v=spf1 mx include:_spf.google.com ip4:192.0.2.1/28 -all'],
      '_spf.google.com': ['v=spf1 include:_netblocks.google.com ~all'],
      '_netblocks.google.com': ['v=spf1 ip4:192.0.2.0/24 ~all'],
    }),
  );
  expect(report).toMatchObject({ lookups: 3, end: '-all', errors: [], listsAddresses: true });
  expect([...report.names]).toEqual(['_spf.google.com', '_netblocks.google.com']);
});

test('a redirect stands for the whole record, and is not followed beside all (RFC 7208 §6.1)', async () => {
  const others = { '_spf.google.com': ['v=spf1 ip4:192.0.2.0/24 ~all'] };
  expect(await spf('v=spf1 redirect=_spf.google.com', others)).toMatchObject({ lookups: 1, end: '~all' });
  expect(await spf('v=spf1 -all redirect=_spf.google.com', others)).toMatchObject({ lookups: 0, end: '-all' });
});

test('exactly ten lookups are allowed, eleven are not (RFC 7208 §4.6.4)', async () => {
  const many = (count: number) => spf(`v=spf1 ${Array.from({ length: count }, (_, index) => `a:h${index}.example`).join(' ')} -all`);
  expect((await many(10)).lookups).toBe(10);
  expect((await many(11)).lookups).toBe(11);
});

test('a record that includes itself ends', async () => {
  const report = await spf('v=spf1 include:ruiz.example -all');
  expect(report.lookups).toBeGreaterThan(10);
});

test.each([
  ['v=spf1 include:gone.example -all', 'gone.example has no SPF record'],
  ['v=spf1 includ:_spf.google.com -all', 'ruiz.example: includ:_spf.google.com means nothing'],
  ['v=spf1 ip4:300.1.1.1 -all', 'ruiz.example: ip4:300.1.1.1 holds no such address'],
  ['v=spf1 ip4:2001:db8::1 -all', 'ruiz.example: ip4:2001:db8::1 holds no such address'],
  ['v=spf1 include: -all', 'ruiz.example: include: means nothing'],
])('%s is a permerror: %s', async (record, error) => {
  expect((await spf(record)).errors).toEqual([error]);
});

test.each([
  ['v=spf1 mx', null],
  ['v=spf1 mx all', '+all'],
  ['v=spf1 mx ?all', '?all'],
  ['V=SPF1 MX -ALL', '-all'],
  ['v=spf1 ip6:2001:db8::/32 a/24 mx:mail.ruiz.example/24//64 exp=why.ruiz.example ~all', '~all'],
])('%s ends in %s', async (record, end) => {
  const report = await spf(record);
  expect(report.errors).toEqual([]);
  expect(report.end?.toLowerCase() ?? null).toBe(end);
});

test('two SPF records are none, and the one to publish instead holds what both said', async () => {
  const records = ['v=spf1 mx include:_spf.google.com -all', 'v=spf1 include:sendgrid.net mx ~all'];
  expect(await readSpf('ruiz.example', zone({ 'ruiz.example': records }))).toMatchObject({ records, end: null });
  expect(spfRecord(records, [])).toBe('v=spf1 mx include:_spf.google.com include:sendgrid.net ~all');
  expect(spfRecord([], ['include:_spf.google.com'])).toBe('v=spf1 include:_spf.google.com ~all');
  expect(spfRecord(['v=spf1 redirect=_spf.google.com'], ['include:sendgrid.net'])).toBe(
    'v=spf1 include:_spf.google.com include:sendgrid.net ~all',
  );
  expect(spfRecord(['v=spf1 mx -all'], ['include:_spf.google.com'])).toBe('v=spf1 mx include:_spf.google.com -all');
  expect(spfRecord(['v=spf1 mx +all'], [])).toBe('v=spf1 mx ~all');
});

test('DMARC is read with its tags in any case and any spacing (RFC 7489 §6.3)', () => {
  expect(readDmarc(['v=DMARC1; P=Quarantine ;rua = mailto:d@ruiz.example; adkim=s'])).toMatchObject({
    kind: 'found',
    dmarc: { policy: 'quarantine', reports: true, dkimMode: 's', spfMode: 'r' },
  });
  expect(readDmarc(['v=DMARC1;p=none'])).toMatchObject({ kind: 'found', dmarc: { policy: 'none', reports: false } });
});

test.each([
  [[], 'none'],
  [['v=spf1 -all'], 'none'],
  [['v=DMARC1; p=none', 'v=DMARC1; p=reject'], 'broken'],
  [['v=DMARC1; rua=mailto:d@ruiz.example'], 'broken'],
  [['v=DMARC1; p=monitor'], 'broken'],
  [['p=none; v=DMARC1'], 'broken'],
  [['v=DMARC12; p=none'], 'broken'],
])('DMARC texts %j are %s', (texts, kind) => {
  expect(readDmarc(texts).kind).toBe(kind);
});

const published = (key: KeyObject, format: 'spki' | 'pkcs1' = 'spki') => key.export({ type: format, format: 'der' }).toString('base64');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const short = generateKeyPairSync('rsa', { modulusLength: 768 }).publicKey;
const ed = published(generateKeyPairSync('ed25519').publicKey);
/** RFC 8463 §4.2: the 32 bytes alone. */
const ed25519 = Buffer.from(ed, 'base64').subarray(-32).toString('base64');

test.each([
  ['RSA', `v=DKIM1; k=rsa; p=${published(rsa)}`, { kind: 'found', type: 'rsa', bits: 2048, testing: false }],
  ['RSA with nothing but its key (RFC 6376 §3.6.1)', `p=${published(rsa)}`, { kind: 'found', type: 'rsa', bits: 2048 }],
  ['a bare RSAPublicKey', `v=DKIM1; p=${published(rsa, 'pkcs1')}`, { kind: 'found', bits: 2048 }],
  ['Ed25519 (RFC 8463)', `v=DKIM1; k=ed25519; p=${ed25519}`, { kind: 'found', type: 'ed25519', bits: undefined }],
  ['a key in test mode', `v=DKIM1; t=y:s; p=${published(rsa)}`, { kind: 'found', testing: true }],
  ['Ed25519 wrapped as SPKI', `v=DKIM1; k=ed25519; p=${ed}`, { kind: 'broken' }],
  ['a withdrawn key', 'v=DKIM1; p=', { kind: 'broken', reason: 'its key is withdrawn (p= is empty)' }],
  ['a cut key', `v=DKIM1; p=${published(rsa).slice(0, 100)}`, { kind: 'broken' }],
  ['768 bits (RFC 8301)', `v=DKIM1; p=${published(short)}`, { kind: 'broken' }],
  ['something else under a wildcard', 'v=spf1 -all', { kind: 'none' }],
])('DKIM: %s', (_, text, reading) => {
  expect(readDkim([text])).toMatchObject(reading);
});

test('DMARC compares organisations, or the very domain when it says so (RFC 7489 §3.1)', () => {
  expect(organisationalDomain('mail.ruiz.example')).toBe('ruiz.example');
  expect(organisationalDomain('a.b.ruiz.co.uk')).toBe('ruiz.co.uk');
  expect(organisationalDomain('ruiz.es')).toBe('ruiz.es');
  expect(aligned('ruiz.example', 'send.ruiz.example', 'r')).toBe(true);
  expect(aligned('ruiz.example', 'send.ruiz.example', 's')).toBe(false);
  expect(aligned('ruiz.co.uk', 'other.co.uk', 'r')).toBe(false);
});

test('services are known by their servers, their includes in every region, and the mailboxes they own', () => {
  const google = serviceOf({ type: 'smtp', host: 'smtp.gmail.com' });
  expect(google?.name).toBe('Google');
  expect(serviceOf({ type: 'smtp', host: 'notgmail.com' })).toBeUndefined();
  expect(serviceOf({ type: 'smtp', host: 'email-smtp.eu-west-1.amazonaws.com' })?.name).toBe('Amazon SES');
  expect(serviceOf({ type: 'resend' })?.name).toBe('Resend');
  expect(serviceOf({ type: 'gmail' })).toBe(google);
  expect(serviceOf({ type: 'graph' })).toBe(serviceOf({ type: 'smtp', host: 'smtp.office365.com' }));
  const zoho = serviceOf({ type: 'smtp', host: 'smtp.zoho.eu' });
  expect(zoho !== undefined && isIncluded(zoho, new Set(['zohomail.eu']))).toBe(true);
  expect(zoho !== undefined && isIncluded(zoho, new Set(['notzoho.com']))).toBe(false);
  expect(ownerOf('gmail.com')?.name).toBe('Google');
  expect(ownerOf('ruiz.example')).toBeUndefined();
});

test('what SendGrid and Resend say of a key is read, and a key that may only send is no fault', () => {
  expect(readScopes(200, '{"scopes":["mail.send","sender_verification_eligible"]}').status).toBe('ok');
  expect(readScopes(200, '{"scopes":["alerts.read"]}').status).toBe('fail');
  expect(readScopes(401, '').status).toBe('fail');
  expect(readScopes(503, '').status).toBe('warn');
  const domains = (status: string) => JSON.stringify({ data: [{ name: 'ruiz.example', status }] });
  expect(readDomains(200, domains('verified'), 'ruiz.example').status).toBe('ok');
  expect(readDomains(200, domains('pending'), 'ruiz.example').status).toBe('fail');
  expect(readDomains(200, domains('verified'), 'other.example').status).toBe('fail');
  expect(readDomains(401, '{"name":"restricted_api_key","message":"only send"}', 'ruiz.example').status).toBe('ok');
  expect(readDomains(401, '{"name":"validation_error"}', 'ruiz.example').status).toBe('fail');
});

test('what an AI provider lists is compared with the model', () => {
  const list = '{"object":"list","data":[{"id":"gpt-5-mini"},{"id":"llama3.1:latest"}]}';
  expect(readModelList(200, list, 'gpt-5-mini').status).toBe('ok');
  expect(readModelList(200, list, 'llama3.1').status).toBe('ok');
  expect(readModelList(200, list, 'gpt-6')).toMatchObject({ status: 'warn', detail: 'does not list gpt-6' });
  expect(readModelList(401, '', 'm').status).toBe('fail');
  expect(readModelList(404, '', 'm').status).toBe('warn');
  expect(readModelList(200, '<html>', 'm').status).toBe('warn');
});
