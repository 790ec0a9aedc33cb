import { afterEach, expect, test } from 'vitest';
import { column, survey } from '../support/consentSurvey.ts';
import { Folder } from '../support/program.ts';

const folder = new Folder();

afterEach(() => folder.remove());

/** Columns with the values that allow mail or say nothing of it, and those that refuse it. */
const COLUMNS: readonly (readonly [name: string, mailed: readonly string[], refused: readonly string[]])[] = [
  [
    'Status',
    ['Interested'],
    [
      'Remove me',
      'Please remove',
      'Asked to be removed',
      'Stop',
      'Wants no mail',
      'Not interested - remove',
      'Kein Interesse - nicht mehr anschreiben',
      'Bitte nicht mehr kontaktieren',
      'Ne plus contacter',
      'No contactar más',
      'Non contattare più',
      'Niet meer benaderen',
      'Nie kontaktować więcej',
      'Não contactar mais',
      'Remove from list',
      'Take me off the list',
      'Do not email again',
      'No more emails',
      'Unsubscribe please',
      'Opt out - requested',
      'Stop contacting',
      'Please stop emailing',
      'Veut se désinscrire',
      'Bitte austragen',
      'Löschen bitte',
      'Möchte keine Mails',
      'Will keine Werbung',
      "Ne veut plus d'e-mails",
      'No quiere más correos',
      'Non vuole email',
      'Wil geen mail',
      'Nie chce maili',
      'Não quer e-mails',
    ],
  ],
  [
    'Lead Status',
    ['New', 'Contacted', 'Information Request', 'Out of office', 'Wrong person', 'Meeting request'],
    ['Unsubscribed', 'Do not contact', 'Bad email', 'Requested removal', 'Remove'],
  ],
  ['Mailstatus', ['ok', 'aktiv'], ['unsubscribed', 'bounced', 'abbestellt', 'abgemeldet']],
  ['emailstatus', ['ok', 'subscribed', 'active'], ['unsubscribed', 'bounced', 'complained']],
  ['mailstatus', ['ok'], ['gesperrt', 'abgemeldet']],
  ['newsletterstatus', ['aktiv'], ['abgemeldet', 'inaktiv']],
  ['Subscriberstatus', ['active'], ['unsubscribed']],
  ['Kontaktstatus', ['aktiv'], ['Nicht kontaktieren']],
  ['Leadstatus', ['Neu'], ['Nicht kontaktieren', 'Abgemeldet']],
  ['Contactstatus', ['New'], ['Do not contact']],
  [
    'category',
    ['Interested', 'Meeting Request', 'Information Request', 'Out Of Office', 'Wrong Person', 'Uncategorizable by Ai'],
    ['Do Not Contact', 'Unsubscribed', 'Sender Originated Bounce'],
  ],
  ['lead_category', ['Interested', ''], ['Do Not Contact']],
  ['Kategorie', ['Interessent', 'A-Kunde'], ['Nicht kontaktieren', 'Abgemeldet']],
  ['Catégorie', ['Client'], ['Ne pas contacter', 'Désinscrit']],
  ['Categoría', ['Cliente'], ['No contactar', 'Dado de baja']],
  ['Solicit Codes', ['', 'Events'], ['Do Not Email', 'Do Not Call; Do Not Email', 'No Email']],
  ['Solicit Code', [''], ['Do Not Solicit', 'Do Not Email']],
  ['Phase', ['Neu', 'Angebot'], ['Nicht kontaktieren']],
  ['Fase', ['Nuevo'], ['No contactar']],
  ['Abo-Status', ['aktiv'], ['gekündigt', 'abgemeldet']],
  ['Communication preference', ['Email', 'All', 'Email; Phone', '', 'No preference'], ['None', 'Do not contact', 'Opted out']],
  ['Communication preferences', ['Email', 'Newsletter'], ['None', 'Unsubscribed', 'No emails']],
  ['Contact preference', ['Email', 'Phone', 'Any'], ['None', 'Do not contact', 'Do not email']],
  ['Contact preferences', ['Email'], ['No contact']],
  ['Email preference', ['All', 'Weekly'], ['None', 'Opted out', 'Unsubscribed', 'No email']],
  ['Email preferences', ['All emails'], ['None', 'Unsubscribe']],
  ['Marketing preferences', ['Opted in', 'Email'], ['None', 'Opted out', 'SMS']],
  ['Marketing preference', ['Yes'], ['No']],
  ['Kontaktpräferenz', ['E-Mail', 'Telefon', 'Keine Angabe'], ['Keine', 'Nicht kontaktieren', 'Kein Kontakt']],
  ['Kommunikationspräferenz', ['E-Mail'], ['Keine', 'Nicht kontaktieren']],
  ['Préférence de contact', ['E-mail', 'Téléphone'], ['Aucune', 'Ne pas contacter']],
  ['Préférences de communication', ['E-mail'], ['Aucun', 'Désinscrit']],
  ['Preferencia de contacto', ['Correo', 'Teléfono'], ['Ninguna', 'No contactar']],
  ['Preferencias de comunicación', ['Email'], ['Ninguna']],
  ['Preferenza di contatto', ['Email', 'Telefono'], ['Nessuna', 'Non contattare']],
  ['Preferenze di comunicazione', ['Email'], ['Nessuna']],
  ['Preferência de contato', ['E-mail'], ['Nenhuma', 'Não contatar']],
  ['Contactvoorkeur', ['E-mail', 'Telefoon'], ['Geen', 'Niet contacteren']],
  ['Communicatievoorkeur', ['E-mail'], ['Geen']],
  ['Preferencje kontaktu', ['E-mail'], ['Brak', 'Nie kontaktować']],
  ['Opt in / out', ['in'], ['out']],
  ['Opt-in/Opt-out', ['Opt-in'], ['Opt-out']],
  ['Opt in or out', ['In'], ['Out']],
  ['Opted in/out', ['opted in'], ['opted out']],
  ['Subscribed/Unsubscribed', ['Subscribed'], ['Unsubscribed']],
  ['Optin/Optout', ['optin'], ['optout']],
  ['Opt-in status (in/out)', ['in'], ['out']],
  ['No Bulk Emails (User Opt Out)', ['0', ''], ['1']],
  ['Do Not Email (opted out)', ['No'], ['Yes']],
  ['Unsubscribed (opt-out)', ['no'], ['yes']],
  ['Opt-out (unsubscribed)', ['false'], ['true']],
  ['Newsletter (Opt-in)', ['ja'], ['nein']],
  ['Unsubscribed - do not email', ['no'], ['yes']],
  ['Keine Werbung (Widerspruch)', ['nein'], ['ja']],
  ['No publicidad (baja)', ['no'], ['sí']],
  ['Ne pas contacter (désinscrit)', ['non'], ['oui']],
  ['No consent / opted out', ['no'], ['yes']],
  ['Contact me again?', ['Yes'], ['Never', 'No']],
  ['Please stop', ['', 'no'], ['yes']],
  ['Active', ['TRUE'], ['FALSE']],
  ['Is Active', ['yes'], ['no']],
  ['Activo', ['sí'], ['no']],
  ['Actif', ['oui'], ['non']],
  ['Attivo', ['sì'], ['no']],
  ['Actief', ['ja'], ['nee']],
  ['Aktywny', ['tak'], ['nie']],
  ['Ativo', ['sim'], ['não']],
  ['Objection date', [''], ['2024-01-01']],
  ['Erasure requested', ['', 'No'], ['2024-01-01', 'Yes']],
  ['Removed', ['', 'no'], ['2024-02-01', 'yes']],
  ['Sperre', [''], ['Werbesperre']],
  ['Sperre', ['nein'], ['ja']],
  ['Stop pub', ['non'], ['oui']],
  ['Do not correspond', ['no'], ['yes']],
  ['LGPD', ['Sim'], ['Não']],
  ['RODO', ['tak'], ['nie']],
  ['Privacy', ['Accepted'], ['Declined']],
  ['Privacy marketing', ['Acconsento'], ['Non acconsento']],
  ['Privacy', ['Sì'], ['No']],
  ['Stop', ['no', ''], ['yes']],
  ['Marketing', ['Ja'], ['Nein']],
  ['Marketing', ['TRUE'], ['FALSE']],
  ['Marketing', ['Opted in'], ['Opted out']],
  ['Mailing', ['1'], ['0']],
  ['On mailing list', ['Y'], ['N']],
  ['Inscription newsletter', ['VRAI'], ['FAUX']],
  ['Email updates', ['Subscribed'], ['Unsubscribed']],
  ['Opt In Reason', ['Web form', 'Import', 'Admin note'], []],
  ['Opt-in notes', ['by phone'], []],
  ['Consent reason', ['Trade fair'], ['Withdrawn']],
  ['Consent comment', ['said yes at fair', 'signed'], []],
  ['Receive offers from us and our partners', ['yes'], ['no']],
  ['I agree to receive news from Acme and its partners', ['yes'], ['no']],
];

/** Columns that ask a question, with an answer that is not understood. */
const ASKED = [
  ['Would you like to receive offers?', 'sometimes'],
  ['Wants updates', 'only about events'],
  ['Accepts commercial communications', 'by phone'],
  ['Möchte Angebote erhalten', 'vielleicht'],
  ['Opt in / out', 'yes'],
  ['Not opted out', 'yes'],
  ['Desea recibir ofertas', 'quizás'],
  ['Souhaite recevoir des offres', 'à voir'],
] as const;

test.each(COLUMNS)('in a column "%s" %j are mailed, and %j are not', async (name, mailed, refused) => {
  const { marks, unclear } = await column(folder, name, ...mailed, ...refused);
  const kept = [...mailed, ...refused].filter((_, index) => marks[index] !== undefined);
  expect({ unclear, kept }).toEqual({ unclear: undefined, kept: refused });
});

test.each(COLUMNS.find(([name]) => name === 'Status')?.[2] ?? [])('the state "%s" alone in its column is a refusal', async (cell) => {
  expect((await column(folder, 'Status', 'Interested', cell)).marks).toEqual([undefined, expect.any(String)]);
});

test.each(ASKED)('in a column "%s" the cell "%s" is asked about', async (name, cell) => {
  expect((await column(folder, name, cell)).unclear).toMatchObject({ column: name, value: cell });
});

test("the consent to a partner's mail says nothing of ours, neither way", async () => {
  const { marks } = await survey(folder, 'email,Optin partenaires,Optin\na@x.example,0,1\nb@x.example,1,0\n');
  expect(marks).toEqual([undefined, 'no_consent']);
});

test('0 and 1 are a no and a yes, but beside 3 they are counts', async () => {
  expect((await column(folder, 'Email offers', '0', '1')).marks).toEqual(['no_consent', undefined]);
  expect((await column(folder, 'Email offers', '0', '1', '3')).marks).toEqual([undefined, undefined, undefined]);
});
