import { afterEach, expect, test } from 'vitest';
import { mapColumns } from '../../src/csv/columns.ts';
import { type Refusal, surveyConsent } from '../../src/csv/consent.ts';
import { roleOf } from '../../src/csv/consentHeaders.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import { column as columnIn, survey as surveyIn } from '../support/consentSurvey.ts';
import { Folder } from '../support/program.ts';

const folder = new Folder();

afterEach(() => folder.remove());

const survey = (text: string, ignored: readonly number[] = []) => surveyIn(folder, text, ignored);
const column = (name: string, ...values: string[]) => columnIn(folder, name, ...values);

test.each<[name: string, yes: string, no: string, refusal: Refusal]>([
  ['Unsubscribed', 'true', 'false', 'unsubscribed'],
  ['Unsubscribed from all email', 'TRUE', '', 'unsubscribed'],
  ['HASOPTEDOUTOFEMAIL', '1', '0', 'unsubscribed'],
  ['Email Opt Out', 'Yes', 'No', 'unsubscribed'],
  ['emailOptOut', 'x', '', 'unsubscribed'],
  ['Global unsubscribe date', '2026-01-05', '', 'unsubscribed'],
  ['Unsubscribed at', '05/01/2026 10:00', '0000-00-00 00:00:00', 'unsubscribed'],
  ['UNSUB_REASON', 'NORMAL', '', 'unsubscribed'],
  ['Opted out', 'Opted out (2026)', 'Subscribed', 'unsubscribed'],
  ['Abgemeldet am', '05.01.2026', '', 'unsubscribed'],
  ['Newsletter abbestellt', 'ja', 'nein', 'unsubscribed'],
  ['Dado de baja', 'Sí', 'No', 'unsubscribed'],
  ['Fecha de baja', '5 ene 2026', '', 'unsubscribed'],
  ['Désabonné', 'oui', 'non', 'unsubscribed'],
  ['Date de désinscription', '12 février 2026', '', 'unsubscribed'],
  ['Disiscritto', 'sì', 'no', 'unsubscribed'],
  ['Descadastrado', 'sim', 'não', 'unsubscribed'],
  ['Uitgeschreven', 'ja', 'nee', 'unsubscribed'],
  ['配信停止', 'はい', 'いいえ', 'unsubscribed'],
  ['Do Not Contact', 'true', 'false', 'do_not_contact'],
  ['Do not allow Bulk Emails', 'Do Not Allow', 'Allow', 'no_consent'],
  ['DNC', 'Y', 'N', 'do_not_contact'],
  ['Nicht kontaktieren', 'wahr', 'falsch', 'do_not_contact'],
  ['Ne pas contacter', 'vrai', 'faux', 'do_not_contact'],
  ['No contactar', 'verdadero', 'falso', 'do_not_contact'],
  ['Bounced', '2', '0', 'bounced'],
  ['EMAILBOUNCEDREASON', '550 5.1.1 user unknown', '', 'bounced'],
  ['Hard bounce', '✓', '', 'bounced'],
  ['Rebotado', 'sí', 'no', 'bounced'],
  ['CLEAN_TIME', '2026-01-05 10:00:00', '', 'cleaned'],
  ['Marked as spam', 'yes', 'no', 'complained'],
  ['Complained', '1.0', '0.0', 'complained'],
  ['Blacklisted', 'Y', 'N', 'blocked'],
  ['email_disabled', 'true', 'false', 'blocked'],
  ['Email Suppressions', '["USER_SUPPRESSED"]', '[]', 'blocked'],
  ['Accepts Email Marketing', 'no', 'yes', 'no_consent'],
  ['Accepts Marketing', 'FALSE', 'TRUE', 'no_consent'],
  ['email_marketing_status', 'not_subscribed', 'subscribed', 'no_consent'],
  ['Email Marketing Consent', 'NEVER_SUBSCRIBED', 'SUBSCRIBED', 'no_consent'],
  ['Email Marketing Status', 'unsubscribed', 'subscribed', 'unsubscribed'],
  ['Marketing status', 'No consent', 'Subscribed', 'no_consent'],
  ['Email permission status', 'Unconfirmed', 'Express', 'unconfirmed'],
  ['Opt-in', '', 'yes', 'no_consent'],
  ['double_opt_in', 'f', 't', 'no_consent'],
  ['subscribed_to_emails', 'false', 'true', 'no_consent'],
  ['Consent', 'denied', 'granted', 'no_consent'],
  ['Consent', 'Withdrawn', 'Given', 'unsubscribed'],
  ['Consent channels', 'sms', '["email","sms"]', 'no_consent'],
  ['Would you like to receive our emails?', 'No', 'Yes', 'no_consent'],
  ['Souhaitez-vous recevoir la newsletter ?', 'Non', 'Oui', 'no_consent'],
  ['Consent status', 'refused', 'accepted', 'no_consent'],
  ['May we contact you?', 'No, thanks', 'Yes, please', 'no_consent'],
  ['Marketing consent', 'I do not agree', 'I agree to receive emails', 'no_consent'],
  ['Einwilligung', 'nein', 'ja', 'no_consent'],
  ['Newsletter', 'Nein', 'Ja', 'no_consent'],
  ['Suscrito', 'no', 'sí', 'no_consent'],
  ['Abonné', 'Non', 'Oui', 'no_consent'],
  ['Consenso marketing', 'no', 'sì', 'no_consent'],
  ['Aceita e-mails', 'não', 'sim', 'no_consent'],
  ['Toestemming', 'nee', 'ja', 'no_consent'],
  ['Согласие', 'нет', 'да', 'no_consent'],
  ['メルマガ購読', 'いいえ', 'はい', 'no_consent'],
  ['Consent date', '', '2026-01-05T10:00:00Z', 'no_consent'],
  ['Email valid', 'false', 'true', 'invalid'],
])('in a column "%s" %j is a no, and %j is none', async (name, against, allowed, refusal) => {
  expect(await column(name, against, allowed)).toMatchObject({ unclear: undefined, marks: [refusal, undefined] });
});

test.each([
  'Accepts SMS Marketing',
  'Do Not Call',
  'SMS opt out',
  'WhatsApp consent',
  'Push opt-in',
  'Phone consent',
  'Telefonische Einwilligung',
  'SMS_BLACKLISTED',
  'Direct mail opt-out',
  'Consent to track',
  'Cookie consent',
  'Unsubscribe link',
  'OPTIN_IP',
  'Consent text',
  'Bounce rate',
  'Email Address',
  'Subscriber',
  'Subscriber since',
  'active_subscription',
  'Company',
  'Cleaned Company Name',
  'Spam score',
  'Marketing emails opened',
  'Email Marketing Software',
  'accepts_marketing_updated_at',
  'marketing_opt_in_level',
])('a column "%s" says nothing of mail', async (name) => {
  const { marks, unclear } = await survey(`address 2;email;${name}\nx;a@x.example;false\nx;b@x.example;no\nx;c@x.example;?!\n`);
  expect(marks).toEqual([undefined, undefined, undefined]);
  expect(unclear).toBeUndefined();
});

test.each<[name: string, values: readonly string[], marks: readonly (Refusal | undefined)[]]>([
  [
    'Status',
    ['Subscribed', 'Unsubscribed', 'Cleaned', 'Non-Subscribed', 'Archived', 'Pending'],
    [undefined, 'unsubscribed', 'cleaned', 'no_consent', 'archived', 'unconfirmed'],
  ],
  ['status', ['enabled', 'blocklisted', 'disabled'], [undefined, 'blocked', 'blocked']],
  ['Status', ['active', 'inactive'], [undefined, 'inactive']],
  ['Lead Status', ['New', 'Contacted', 'Unsubscribed', 'Not interested'], [undefined, undefined, 'unsubscribed', 'do_not_contact']],
  ['Stage', ['Cold', 'Do Not Contact', 'Bounced'], [undefined, 'do_not_contact', 'bounced']],
  ['Verification status', ['valid', 'invalid', 'accept_all', 'risky', 'unknown'], [undefined, 'invalid', undefined, undefined, undefined]],
  [
    'Email Status',
    ['Verified', 'Extrapolated', 'Unavailable', 'do_not_mail', 'abuse'],
    [undefined, undefined, undefined, 'do_not_contact', 'complained'],
  ],
  ['Estado', ['Suscrito', 'Dado de baja', 'Rebotado'], [undefined, 'unsubscribed', 'bounced']],
  ['Statut', ['Abonné', 'Désabonné', 'Plainte'], [undefined, 'unsubscribed', 'complained']],
  ['Stato', ['Iscritto', 'Disiscritto', 'Bloccato'], [undefined, 'unsubscribed', 'blocked']],
  ['Subscriber status', ['Active', 'Pending'], [undefined, 'unconfirmed']],
  ['Type', ['regular', 'unsubscribed', 'soft bounced'], [undefined, 'unsubscribed', undefined]],
  ['Tags', ['VIP, Unsubscribed', 'VIP, Spain', 'spam filters'], ['unsubscribed', undefined, undefined]],
])('a column "%s" with %j is read for consent', async (name, values, marks) => {
  expect((await column(name, ...values)).marks).toEqual(marks);
});

test.each<[name: string, values: readonly string[]]>([
  ['Status', ['Open', 'New', 'Contacted', 'Pending', 'Active']],
  ['Lead Status', ['Open - Not Contacted', 'Inactive', 'Blocked', 'Invalid', 'Pending']],
  ['Order Status', ['Cancelled', 'Blocked', 'Bounced']],
  ['Employment Status', ['Active', 'Inactive', 'Removed']],
  ['Subscription Status', ['active', 'past_due', 'canceled']],
  ['State', ['Texas', 'Ohio']],
  ['user_status', ['0', '1']],
  ['Type', ['personal', 'generic']],
])('a column "%s" with %j is about something else', async (name, values) => {
  expect(await column(name, ...values)).toMatchObject({ marks: values.map(() => undefined), columns: [], unclear: undefined });
});

test('a word that stands first in row 5,000 suppresses that row, and says what those before it mean', async () => {
  const rows = Array.from(
    { length: 5_000 },
    (_, index) => `p${index}@x.example,${index === 10 ? 'Pending' : index === 4_999 ? 'Unsubscribed' : 'Active'}`,
  );
  const { marks } = await survey(`email,Status\n${rows.join('\n')}\n`);
  expect(marks.flatMap((mark, index) => (mark === undefined ? [] : [[index, mark]]))).toEqual([
    [10, 'unconfirmed'],
    [4_999, 'unsubscribed'],
  ]);
});

test('a column that names consent and is not understood is named with value and line; rejected rows and ignored columns do not count', async () => {
  const text = 'email,first_name,Consent\nno address,X,maybe\na@x.example,Ann,yes\nb@x.example,Bo,on the phone\n';
  expect((await survey(text)).unclear).toEqual({ index: 2, column: 'Consent', value: 'on the phone', line: 4 });
  expect((await survey(text, [2])).unclear).toBeUndefined();
});

test('an empty column says nothing; who has no date of joining has joined; a flag decides where dates stand beside it', async () => {
  expect((await survey('email,Opt-in,x\na@x.example,,1\nb@x.example,,2\n')).marks).toEqual([undefined, undefined]);
  expect((await survey('email,OPTIN_TIME\na@x.example,2020-02-03 04:05:06\nb@x.example,\n')).marks).toEqual([undefined, undefined]);
  expect((await survey('email,Subscribed\na@x.example,2026-01-01 10:00:00\nb@x.example,\n')).marks).toEqual([undefined, undefined]);
  expect((await survey('email,Consent,Consent date\na@x.example,yes,\nb@x.example,no,2026-01-01\n')).marks).toEqual([
    undefined,
    'no_consent',
  ]);
});

test.each<[name: string, text: string, marks: readonly (Refusal | undefined)[]]>([
  [
    'a date of joining that is empty',
    'email,Status,Opt-in date\na@x.example,Subscribed,2026-01-01\nb@x.example,Subscribed,\n',
    [undefined, undefined],
  ],
  [
    'a date of consent that is empty beside a yes',
    'email,Status,Consent date\na@x.example,Subscribed,2026-01-01\nb@x.example,Subscribed,\n',
    [undefined, undefined],
  ],
  [
    'mails by post',
    'email,Do not allow Mails,Do not allow Emails\na@x.example,Do Not Allow,Allow\nb@x.example,Allow,Do Not Allow\n',
    [undefined, 'no_consent'],
  ],
  [
    'materials that are not to be sent',
    'email,Send Marketing Materials\na@x.example,Send\nb@x.example,Do Not Send\n',
    [undefined, 'do_not_contact'],
  ],
  ['DND', 'email,DND,DND Email\na@x.example,false,false\nb@x.example,true,true\n', [undefined, 'do_not_contact']],
  [
    'people who were deactivated',
    'email,activated,deactivated\na@x.example,1700000000,0\nb@x.example,1700000000,1760000000\n',
    [undefined, 'blocked'],
  ],
  ['people who are not active', 'E-Mail,Aktiv,Deaktiviert\na@x.example,1,0\nb@x.example,0,05.05.2026\n', [undefined, 'inactive']],
  [
    'consent that is awaited',
    'email,Data Processing Basis\na@x.example,Legitimate Interests\nb@x.example,Consent - Awaiting\n',
    [undefined, 'unconfirmed'],
  ],
  ['how people unsubscribed', 'email,Unsubscribed Mode\na@x.example,\nb@x.example,Consent form\n', [undefined, 'unsubscribed']],
  ['a list of bounces', 'email,reason,status\na@x.example,550 5.1.1 no such user,5.1.1\n', ['bounced']],
  ['a legitimate interest', 'email,Consent\na@x.example,Legitimate interest\nb@x.example,no\n', [undefined, 'no_consent']],
  ['a person who blocks a deal', 'email,Blocked on\na@x.example,Waiting for legal\n', [undefined]],
])('%s is read right', async (_, text, marks) => {
  expect(await survey(text)).toMatchObject({ marks, unclear: undefined });
});

test.each<[name: string, cell: string]>([
  ['Status', 'Zerknüllt'],
  ['Status', 'Not unsubscribed'],
  ['Do not opt out', 'yes'],
  ['Unsubscribed', 'No longer interested in this'],
  ['Unsubscribed', 'Confirmed'],
  ['Consent', 'Yes, but no e-mails'],
  ['Subscriber status', 'Zerknüllt'],
])('in a column "%s" about consent "%s" is asked about', async (name, cell) => {
  const { unclear } = await survey(`email;${name}\na@x.example;Unsubscribed\nb@x.example;"${cell}"\n`);
  expect(unclear).toBeDefined();
});

test("a person's word counts for the cells that are not understood, and for no others", async () => {
  const text = 'email,Consent\na@x.example,yes\nb@x.example,no\nc@x.example,unsubscribed\nd@x.example,perhaps\ne@x.example,by phone\n';
  const file = await openCsv(folder.write('leads.csv', text), 'leads.csv');
  const found = await surveyConsent(file, mapColumns(file.header, new Map(), file.name));
  expect(await found.shares(1)).toEqual({ yes: 1, no: 2, nothing: 0, unclear: 2, values: ['perhaps', 'by phone'] });
  const marksWith = async (answer: 'yes' | 'no') => {
    const consent = found.consent(new Set(), new Map([[1, answer]]));
    const marks: (Refusal | undefined)[] = [];
    for await (const row of file.rows()) marks.push(consent.markOf(row)?.refusal);
    return marks;
  };
  expect(await marksWith('yes')).toEqual([undefined, 'no_consent', 'unsubscribed', undefined, undefined]);
  expect(await marksWith('no')).toEqual([undefined, 'no_consent', 'unsubscribed', 'no_consent', 'no_consent']);
});

test('the first column that says no gives the reason, and one no among many yeses is a no', async () => {
  const { marks } = await survey('email,Opt-in,Status,Bounced\na@x.example,yes,Subscribed,true\nb@x.example,no,Unsubscribed,false\n');
  expect(marks).toEqual(['bounced', 'no_consent']);
});

test('thousands of hostile names and cells are read at once', async () => {
  const began = performance.now();
  for (const name of ['opt'.repeat(100_000), ' '.repeat(100_000), '配信'.repeat(50_000), 'aA'.repeat(100_000)]) roleOf(name);
  const wide = Array.from({ length: 1_999 }, (_, index) => `Unsubscribed ${index}`);
  await survey(`email,${wide.join(',')}\na@x.example,${wide.map(() => 'no').join(',')}\nb@x.example,${'x'.repeat(900_000)}\n`);
  expect(performance.now() - began).toBeLessThan(5_000);
});
