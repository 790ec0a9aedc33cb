import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { OAUTH_REGISTRIES, type OAuthProviderName } from '../domain/oauthProvider.ts';
import { type Answers, CLIENT, grantProviderOf, lackingClientAt, loginsWithClient, SENDER } from './answers.ts';
import { oauthOfPreset, PRESETS, type PresetName, refusesPasswords } from './presets.ts';
import { scalar } from './yamlScalar.ts';

const SECRET_NOTE = `an environment variable, or keychain:${SENDER} (see: outreach login --help); never the password itself`;

const WITHOUT_SENDERS = '# Without senders every mail becomes an .eml file in .outreach/outbox and reaches nobody.';

/** The part of outreach.yaml that says how mail leaves. */
export function sendersText(answers: Answers, name: string): string {
  if ((answers.smtpHost ?? answers.preset) === undefined) return sampleText(name);
  const text = ownText(answers, name);
  const provider = lackingClientAt(answers);
  return provider === undefined ? text : `${withoutClientText(provider)}${text.replace(/^/gm, '# ').replace(/# $/, '')}`;
}

function sampleText(name: string): string {
  return `${WITHOUT_SENDERS}
# Your own mailbox:
# senders:
#   - name: main
#     type: smtp
#     from: "${name.replace(/["\\]/g, "'")} <you@yourdomain.example>"
#     host: smtp.yourdomain.example
#     port: 587                      # 465 for tls
#     security: starttls             # starttls | tls
#     user: you@yourdomain.example
#     password: "env:SMTP_PASSWORD"  # ${SECRET_NOTE}
#     daily_cap: 50                  # in any 24 hours
#     gap: { min: 60s, max: 180s }   # between two mails, drawn at random
#     dkim: { domain: yourdomain.example, selector: s1, key: "file:dkim.pem" }  # only if your server does not sign
`;
}

function withoutClientText(provider: OAuthProviderName): string {
  const { label, registerAt } = OAUTH_REGISTRIES[provider];
  return `${WITHOUT_SENDERS}
# Your mailbox waits for a client of your own at ${label}. Register one at ${registerAt} (docs/providers.md tells how),
# write its id for client_id, and take the "# " off the lines from senders: on. Then: ${loginCommands(provider)}
`;
}

function loginCommands(provider: OAuthProviderName): string {
  return loginsWithClient(provider)
    .map((login) => `outreach login ${login}`)
    .join(', and ');
}

function ownText(answers: Answers, name: string): string {
  const from = fromOf(answers, name);
  return `senders:
  - name: ${SENDER}
    type: smtp
    from: ${scalar(from)}
${serverText(answers)}
${loginText(answers, answers.smtpUser ?? (answers.preset === undefined ? undefined : addressOf(from)))}    daily_cap: 50                  # in any 24 hours
    gap: { min: 60s, max: 180s }   # between two mails, drawn at random
`;
}

function serverText({ preset, smtpHost, smtpPort }: Answers): string {
  if (preset !== undefined && smtpHost === undefined) {
    const { host, port } = PRESETS[preset];
    return `${noted(`preset: ${preset}`, `${host}, port ${smtpPort ?? port}`)}${smtpPort === undefined ? '' : `\n    port: ${smtpPort}`}`;
  }
  const port = smtpPort ?? 587;
  const host = smtpHost ?? '';
  return `    host: ${scalar(host)}\n    port: ${port}\n    security: ${securityFor(host, port)}`;
}

/** A line of the sender, and a comment beside it that stands under those of the other lines. */
function noted(line: string, note: string): string {
  return `    ${line.padEnd(30)} # ${note}`;
}

function loginText(answers: Answers, user: string | undefined): string {
  if (user === undefined) return '';
  const provider = grantProviderOf(answers);
  if (provider !== undefined) return grantText(answers, user, provider);
  const password = answers.password ?? 'env:SMTP_PASSWORD';
  const note = password.startsWith('env:') ? SECRET_NOTE : `kept by outreach login ${SENDER}; never the password itself`;
  return `    user: ${scalar(user)}\n    password: "${password}"  # ${note}\n${insteadText(answers.preset)}`;
}

function grantText({ clientId, clientSecret, tenant }: Answers, user: string, provider: OAuthProviderName): string {
  const { label, example, hasSecret } = OAUTH_REGISTRIES[provider];
  const secret = clientSecret ?? `keychain:${CLIENT}`;
  const note = secret.startsWith('env:') ? `an environment variable, or keychain:${CLIENT}` : `kept by outreach login ${CLIENT}`;
  return [
    noted(`user: ${scalar(user)}`, `the mailbox; no password: outreach login ${SENDER}`),
    noted('oauth:', `the client that you registered at ${label}: docs/providers.md`),
    `      client_id: ${clientId ?? example}`,
    ...(hasSecret ? [`      client_secret: "${secret}"  # ${note}; never the secret itself`] : []),
    ...(provider === 'microsoft' ? [tenantText(tenant)] : []),
    '',
  ].join('\n');
}

function tenantText(tenant: string | undefined): string {
  return noted(
    tenant === undefined ? '  # tenant: ruiz.example' : `  tenant: ${scalar(tenant)}`,
    'only accounts of this directory; without it: any account',
  );
}

/** Beside a password, where there is a better way in. */
function insteadText(preset: PresetName | undefined): string {
  const provider = preset === undefined ? undefined : oauthOfPreset(preset);
  if (preset === undefined || provider === undefined) return '';
  const { example, hasSecret } = OAUTH_REGISTRIES[provider];
  const secret = hasSecret ? `, client_secret: "keychain:${CLIENT}"` : '';
  const why = refusesPasswords(preset) ? 'This server refuses passwords' : 'Better without a password';
  return `    # ${why}: write this in its place (docs/providers.md tells how), then: ${loginCommands(provider)}
    # oauth: { client_id: ${example}${secret} }
`;
}

/** The mailbox to send as: what was said, or the login name where that is an address. */
function fromOf(answers: Answers, name: string): string {
  const plainName = name.replace(/["<>,;:@\\]/g, ' ').trim();
  const asked = answers.from ?? (answers.smtpUser === undefined ? '' : `${plainName} <${answers.smtpUser}>`);
  const check = parseAddress(asked);
  if (check.ok) return check.address.name === undefined ? `${plainName} <${check.address.email}>` : asked;
  throw new OutreachError(
    'usage',
    answers.from === undefined ? 'say which mailbox to send as: --from "Ana Ruiz <ana@ruiz.example>"' : `--from: ${check.reason}`,
  );
}

function addressOf(from: string): string {
  const check = parseAddress(from);
  return check.ok ? check.address.email : from;
}

function securityFor(host: string, port: number): string {
  if (port === 465) return 'tls';
  return /^(localhost|127\.|::1)/.test(host) ? 'none                 # this machine only' : 'starttls';
}
