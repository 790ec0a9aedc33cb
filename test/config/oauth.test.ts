import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig, type SmtpSenderConfig } from '../../src/config/config.ts';
import { mailboxOf } from '../../src/config/oauth.ts';
import { asApplication, authOf, oauthProviderOf } from '../../src/config/senderAuth.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { Folder } from '../support/program.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

function sender(keys: string): SmtpSenderConfig {
  folder.write(
    'outreach.yaml',
    `version: 1\nidentity: { name: Ana, timezone: Europe/Madrid }\nsenders:\n  - { name: main, type: smtp, from: "Ana <ana@ruiz.example>", ${keys} }\n`,
  );
  return loadConfig(workspaceAt(folder.path)).senders[0] as SmtpSenderConfig;
}

function complaints(keys: string): string[] {
  try {
    sender(keys);
  } catch (error) {
    return (error as Error).message.split('\n').map((line) => line.replace(/^.*?:\d+:\d+: /, ''));
  }
  throw new Error('nothing was refused');
}

const GOOGLE = 'oauth: { client_id: a.apps, client_secret: "keychain:client" }';
const MICROSOFT = 'oauth: { client_id: 0a1b }';

test.each([
  ['preset: gmail', undefined],
  ['preset: workspace, host: smtp-relay.gmail.com', undefined],
  ['preset: gmail, user: ana, password: "env:P"', 'password'],
  [`preset: gmail, user: ana, ${GOOGLE}`, 'oauth'],
  [`preset: microsoft365, ${MICROSOFT}`, 'oauth'],
  [`preset: outlook, auth: oauth, ${MICROSOFT}`, 'oauth'],
  [`preset: outlook, auth: password, user: ana, password: "env:P", ${MICROSOFT}`, 'password'],
  [`preset: gmail, auth: oauth, user: ana, password: "env:P", ${GOOGLE}`, 'oauth'],
  ['host: smtp.ruiz.example', undefined],
  ['host: smtp.ruiz.example, user: ana, password: "env:P"', 'password'],
  ['host: smtp.ruiz.example, oauth: { provider: microsoft, client_id: 0a1b }', 'oauth'],
])('a sender with %s logs in by %s', (keys, auth) => {
  expect(authOf(sender(keys))).toBe(auth);
});

test('the preset says whose tokens it takes, and from whose mailbox it is', () => {
  const token = sender(`preset: workspace, ${GOOGLE}`);
  expect([oauthProviderOf(token), mailboxOf(token)]).toEqual(['google', 'ana@ruiz.example']);
  expect(mailboxOf(sender(`preset: workspace, user: office@ruiz.example, ${GOOGLE}`))).toBe('office@ruiz.example');
});

test.each([
  ['preset: gmail, user: ana', 'senders.oauth: missing, and gmail logs in with it; write oauth: { client_id: … }'],
  ['preset: fastmail, auth: oauth', 'senders.oauth: missing; write oauth: { client_id: … }'],
  ['preset: fastmail, user: ana', 'senders.user: user and password go together; write both or neither'],
  ['preset: gmail, auth: password, user: ana', 'senders.password: missing; write password: "keychain:main"'],
  ['preset: gmail, auth: token', 'senders.auth: "token" is not known; write oauth or password'],
  [`preset: gmail, user: ana, password: "env:P", ${GOOGLE}`, 'senders.auth: missing, and both oauth and password are there'],
  ['preset: gmail, oauth: { client_id: a }', 'senders.oauth.client_secret: missing, and Google asks a desktop client for it'],
  ['preset: gmail, oauth: { client_secret: "env:S" }', 'senders.oauth.client_id: missing; write 1234-abc'],
  [
    'preset: gmail, oauth: { client_id: a, client_secret: "GOCSPX-abc" }',
    'senders.oauth.client_secret: a secret must not stand in this file',
  ],
  ['host: h.example, oauth: { client_id: a }', 'senders.oauth.provider: missing; write google or microsoft'],
  ['preset: gmail, oauth: { provider: microsoft, client_id: a }', 'senders.oauth.provider: preset gmail is google’s; write google'],
  [`preset: gmail, ${GOOGLE.replace(' }', ', tenant: a }')}`, 'senders.oauth.tenant: for microsoft alone; remove it'],
  [`preset: gmail, ${GOOGLE.replace(' }', ', device_url: "https://a.example" }')}`, 'senders.oauth.device_url: for microsoft alone'],
  [`preset: gmail, ${GOOGLE.replace(':client', ':main')}`, 'senders.oauth.client_secret: outreach login main logs the sender in'],
  ['preset: outlook, oauth: { client_id: a b }', 'senders.oauth.client_id: no client id'],
  ['preset: outlook, oauth: { client_id: a, tenant: "../x" }', 'senders.oauth.tenant: neither a domain nor an id'],
  ['preset: outlook, oauth: { client_id: a, scope: "a b" }', 'senders.oauth.scope: one scope, without spaces'],
  ['preset: outlook, oauth: { client_id: a, token_url: "http://a.example/t" }', 'senders.oauth.token_url: http would send tokens in clear'],
  ['preset: outlook, oauth: { client_id: a, token_url: "https://u:p@a.example" }', 'senders.oauth.token_url: a secret must not stand'],
  ['preset: outlook, oauth: { client_id: a, authorization_url: "ftp://a.example" }', 'senders.oauth.authorization_url: not a web address'],
  ['preset: outlook, oauth: { client_id: a, device_url: "https://a.example/#x" }', 'senders.oauth.device_url: no # in it'],
  ['preset: outlook, oauth: { client_di: a }', 'senders.oauth.client_di: unknown key; did you mean client_id?'],
])('%s is refused with a sentence that mends it', (keys, words) => {
  expect(complaints(keys)).toContainEqual(expect.stringContaining(words));
});

const APPLICATION = 'grant: application, client_id: 0a1b, client_secret: "env:S", tenant: ruiz.example';

test.each([
  [`preset: microsoft365, oauth: { ${APPLICATION} }`],
  [`host: smtp.ruiz.example, oauth: { provider: microsoft, ${APPLICATION} }`],
])('a sender with %s logs in as an application', (keys) => {
  expect([authOf(sender(keys)), asApplication(sender(keys)), mailboxOf(sender(keys))]).toEqual(['oauth', true, 'ana@ruiz.example']);
});

test.each([
  ['preset: microsoft365', 'client_secret: "env:S", ', 'senders.oauth.client_secret: missing, and an application logs in with it; write'],
  [
    'preset: microsoft365',
    ', tenant: ruiz.example',
    'senders.oauth.tenant: missing, and an application belongs to one directory; write its',
  ],
  ['preset: microsoft365', 'ruiz.example', 'senders.oauth.tenant: Common, and an application belongs to one directory', 'Common'],
  ['preset: microsoft365', 'application', 'senders.oauth.grant: "app" is not known; write person or application', 'app'],
  ['preset: microsoft365', 'env:S', 'senders.oauth.client_secret: outreach login main logs the sender in; write', 'keychain:main'],
  ['preset: microsoft365', 'tenant', 'senders.oauth.device_url: for grant: person alone', 'device_url: "https://a.example", tenant'],
  [
    'preset: microsoft365',
    'tenant',
    'senders.oauth.authorization_url: for grant: person',
    'authorization_url: "https://a.example", tenant',
  ],
  ['preset: outlook', '', 'senders.oauth.grant: Outlook.com has no administrators'],
  ['preset: workspace', '', 'senders.oauth.grant: application is for microsoft alone; write grant: person'],
])('an application with %s, where %j is otherwise, is refused with one sentence that mends it', (keys, part, words, other = '') => {
  expect(complaints(`${keys}, oauth: { ${APPLICATION.replace(part, other)} }`)).toEqual([expect.stringContaining(words)]);
});

test('an application of type graph says whose mailbox it is', () => {
  const graph = (more: string) => `oauth: { ${APPLICATION} }${more}`;
  const file = (keys: string) =>
    folder.write(
      'outreach.yaml',
      `version: 1\nidentity: { name: Ana, timezone: Europe/Madrid }\nsenders:\n  - { name: main, type: graph, from: ana@ruiz.example, ${keys} }\n`,
    );
  file(graph(''));
  expect(() => loadConfig(workspaceAt(folder.path))).toThrow(
    /outreach\.yaml:4:\d+: senders\.user: missing, and an application has no mailbox of its own; write user: ana@ruiz\.example/,
  );
  file(graph(', user: ana@ruiz.example'));
  expect(loadConfig(workspaceAt(folder.path)).senders).toHaveLength(1);
});

test('addresses of a provider may be in clear to this machine, or where the sender says so', () => {
  const at = (address: string, more = '') => sender(`preset: outlook, oauth: { client_id: a, token_url: "${address}" }${more}`);
  expect(at('http://127.0.0.1:8080/token').oauth?.token_url).toBe('http://127.0.0.1:8080/token');
  expect(at('http://login.example/token', ', insecure: true').oauth?.token_url).toBe('http://login.example/token');
});
