import { withoutInvisible } from './invisible.ts';
import { KNOWN_FIELDS, type KnownField } from './lead.ts';

/** Header names seen in the exports of CRMs, address books and lead tools; compared letters and digits only. */
export const USUAL_NAMES: Record<KnownField, readonly string[]> = {
  email: [
    'email',
    'emailaddress',
    'mail',
    'mailaddress',
    'workemail',
    'businessemail',
    'primaryemail',
    'contactemail',
    'email1',
    'email1value',
    'correo',
    'correoelectronico',
    'courriel',
    'adresseemail',
    'emailadresse',
    'mailadresse',
    'emailadres',
    'mailadres',
    'adresemail',
    'indirizzoemail',
    'postaelettronica',
    'enderecodeemail',
    'direccionemail',
    'direcciondecorreo',
    'direcciondecorreoelectronico',
    'personemail',
    'personemailwork',
    'emailaddresswork',
    'emailwork',
    'personemailhome',
    'emailaddresshome',
    'personemailother',
    'emailaddressother',
  ],
  first_name: ['firstname', 'first', 'givenname', 'forename', 'fname', 'nombre', 'prenom', 'vorname'],
  last_name: ['lastname', 'last', 'surname', 'familyname', 'lname', 'apellido', 'apellidos', 'nom', 'nachname'],
  name: ['name', 'fullname', 'contactname', 'contact', 'displayname', 'person'],
  company: [
    'company',
    'companyname',
    'organisation',
    'organization',
    'organisationname',
    'organizationname',
    'organization1name',
    'org',
    'account',
    'accountname',
    'employer',
    'business',
    'businessname',
    'empresa',
    'entreprise',
    'societe',
    'firma',
    'unternehmen',
  ],
  title: ['title', 'jobtitle', 'position', 'role', 'headline', 'cargo', 'poste'],
  website: ['website', 'web', 'url', 'site', 'homepage', 'companywebsite', 'domain'],
  phone: ['phone', 'phonenumber', 'telephone', 'tel', 'mobile', 'workphone', 'telefono'],
  city: ['city', 'town', 'ciudad', 'ville', 'stadt'],
  country: ['country', 'pais', 'pays', 'land'],
  timezone: ['timezone', 'tz', 'timezoneid'],
};

/** Letters and digits in lower case, without accents and invisible characters: what names are compared by. */
export function bare(name: string): string {
  return withoutInvisible(name)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('ł', 'l')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** The well-known field that goes by this name, in any case and spacing. */
export function usualField(name: string): KnownField | undefined {
  const meant = bare(name);
  return KNOWN_FIELDS.find((field) => USUAL_NAMES[field].includes(meant));
}
