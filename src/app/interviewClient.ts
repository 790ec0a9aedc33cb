import { type Answers, CLIENT, loginsWithClient, SENDER } from '../config/answers.ts';
import { tenantTrouble } from '../config/oauth.ts';
import { type PresetName, refusesPasswords } from '../config/presets.ts';
import { clientIdTrouble, OAUTH_REGISTRIES, type OAuthProviderName } from '../domain/oauthProvider.ts';
import type { Choice, Questions } from '../terminal/questions.ts';
import type { Interviewed, TypedSecret } from './interviewed.ts';
import { askSecret, LATER, type Place } from './interviewSecrets.ts';

/** What else a provider's mailboxes take, where they take it. */
const PASSWORDS: Readonly<Record<OAuthProviderName, Omit<Choice<'password'>, 'value'>>> = {
  google: { label: 'with an app password', hint: 'two-step verification must be on' },
  microsoft: { label: 'with a password', hint: 'while an administrator allows it' },
};

/** Whether a mailbox logs in with a token, as its provider advises. */
export async function choosesTokens(questions: Questions, preset: PresetName, provider: OAuthProviderName): Promise<boolean> {
  const { label } = OAUTH_REGISTRIES[provider];
  if (refusesPasswords(preset)) {
    questions.say(`It logs in with the login of ${label}; passwords are refused there.`);
    return true;
  }
  const way = await questions.choose<'oauth' | 'password'>('How does it log in?', [
    { value: 'oauth', label: `with the login of ${label}`, hint: 'recommended; no password is kept' },
    { value: 'password', ...PASSWORDS[provider] },
  ]);
  return way === 'oauth';
}

/** Asks for the client that the person registered, and whether to log in with it.  */
export async function askClient(
  questions: Questions,
  provider: OAuthProviderName,
  place: Place,
  tenantExample: string,
): Promise<Interviewed> {
  const { label, registerAt, example } = OAUTH_REGISTRIES[provider];
  questions.say(`That takes a client of your own, registered once at ${registerAt} (docs/providers.md tells how).`);
  const clientId = await questions.text(`Client id (${LATER})`, {
    placeholder: example,
    check: (answer) => (answer === '' ? undefined : asSaid(clientIdTrouble(provider, answer))),
  });
  if (clientId === '') {
    questions.say('Later, then: outreach.yaml shows the sender as a comment, and until then mails become files.');
    return { answers: { auth: 'oauth' }, secrets: [], logins: loginsWithClient(provider) };
  }
  const { more, secret } = await askRest(questions, provider, place, tenantExample);
  const answers: Answers = { auth: 'oauth', clientId, ...more };
  if (secret === 'later') {
    questions.say(`Later, then: outreach login ${CLIENT} asks again, and nothing is sent before it.`);
    return { answers, secrets: [], logins: loginsWithClient(provider) };
  }
  const grantPlace = await choosesLogin(questions, label, place);
  return {
    answers,
    secrets: secret === undefined ? [] : [secret],
    logins: [SENDER],
    ...(grantPlace === undefined ? {} : { grantPlace }),
  };
}

/** What a client has beside its id: a secret at Google, a directory at Microsoft. */
async function askRest(
  questions: Questions,
  provider: OAuthProviderName,
  place: Place,
  tenantExample: string,
): Promise<{ readonly more: Answers; readonly secret?: TypedSecret | 'later' }> {
  if (OAUTH_REGISTRIES[provider].hasSecret) {
    const secret = await askSecret(questions, place, CLIENT, 'Client secret');
    return { more: { clientSecret: `keychain:${CLIENT}` }, secret: secret ?? 'later' };
  }
  const tenant = await questions.text('Directory (tenant) of the client, by domain or id (Enter: any account)', {
    placeholder: tenantExample,
    check: (answer) => (answer === '' ? undefined : asSaid(tenantTrouble(answer))),
  });
  return { more: tenant === '' ? {} : { tenant } };
}

/** Where the grant is to be kept; undefined for later. */
async function choosesLogin(questions: Questions, label: string, place: Place): Promise<TypedSecret['place'] | undefined> {
  const when = await questions.choose<'now' | 'later'>(`Log in at ${label} now?`, [
    { value: 'now', label: 'yes, as soon as the workspace is made', hint: 'in a browser' },
    { value: 'later', label: 'later', hint: `outreach login ${SENDER}` },
  ]);
  const chosen = when === 'now' ? await place() : undefined;
  if (chosen === undefined) questions.say(`Later, then: outreach login ${SENDER} leads to ${label}, and nothing is sent before it.`);
  return chosen;
}

/** A complaint as the other questions make it. */
function asSaid(trouble: string | undefined): string | undefined {
  return trouble === undefined ? undefined : `That is ${trouble}`;
}
