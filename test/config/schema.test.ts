import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import type { Answers } from '../../src/config/answers.ts';
import { campaignSchema } from '../../src/config/campaign.ts';
import { configSchema } from '../../src/config/config.ts';
import { type JsonSchema, jsonSchema, type SchemaName, schemaPath, writeSchemas } from '../../src/config/jsonSchema.ts';
import { SAMPLE_BRIEF, SAMPLE_CAMPAIGN } from '../../src/config/samples.ts';
import { writeWorkspace } from '../../src/config/scaffold.ts';
import { type Workspace, workspaceAt } from '../../src/config/workspace.ts';
import { Folder } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');

let folder: Folder;
let workspace: Workspace;

beforeEach(() => {
  folder = new Folder();
  workspace = workspaceAt(folder.path);
});

afterEach(() => folder.remove());

const compile = (name: SchemaName) =>
  new Ajv({ strict: true, strictRequired: false, allErrors: true, validateFormats: false }).compile(jsonSchema(name));
const editor = { outreach: compile('outreach'), campaign: compile('campaign') };
const program: Record<SchemaName, z.ZodType> = { outreach: configSchema, campaign: campaignSchema };

const frontMatter = (text: string) => text.split('---\n')[1] ?? '';

const CONFIG = `version: 1
identity: { name: Ana Ruiz, company: Ruiz, postal_address: "Calle Mayor 1", timezone: Europe/Madrid }
senders:
  - { name: main, type: smtp, from: "Ana <ana@ruiz.example>", host: smtp.ruiz.example, port: 587, security: starttls, user: a, password: "keychain:main", daily_cap: 50, warmup: { start: 10, step: 5 }, gap: { min: 60s, max: 3m }, dkim: { domain: ruiz.example, selector: s1, key: "file:dkim.pem" } }
  - { name: g, type: smtp, preset: gmail, from: ana@gmail.com }
  - { name: o, type: smtp, preset: microsoft365, from: ana@ruiz.example, user: ana@ruiz.example, auth: oauth, oauth: { client_id: 0a1b-2c, tenant: ruiz.example } }
  - { name: ap, type: smtp, preset: microsoft365, from: ana@ruiz.example, oauth: { grant: application, client_id: 0a1b-2c, client_secret: "env:S", tenant: ruiz.example } }
  - { name: sg, type: sendgrid, from: a@ruiz.example, api_key: "env:KEY", base_url: "https://api.eu.sendgrid.com" }
  - { name: rs, type: resend, from: a@ruiz.example, api_key: "env:KEY" }
  - { name: gm, type: gmail, from: a@ruiz.example, oauth: { client_id: 1234-abc, client_secret: "env:S" } }
  - { name: gr, type: graph, from: a@ruiz.example, user: team@ruiz.example, oauth: { grant: application, client_id: 0a1b, client_secret: "env:S", tenant: x.example } }
  - { name: files, type: outbox, from: a@ruiz.example }
unsubscribe: { mailto: a@ruiz.example, url: "https://ruiz.example/u" }
retry: { delays: [1m, 1.5h], then: 1h, give_up: 1d }
limits: { emails_per_month: 500, send_per_hour: 100, ai_concurrency: 5, per_company_day: 2, domain_gap: 15m }
ai: { concurrency: 2, budget_usd: 5, providers: [{ name: o, base_url: "https://api.openai.com/v1", model: m, api_key: "env:K", price: { input: 0.25, output: 2 } }] }
require_source: true
database: x.db
`;
const CAMPAIGN = `subject: "Hi {{ company }}"
generator: template
senders: [main]
rotate: true
send: { mode: drip, rate: 20 }
window: { days: mon-fri, from: "09:00", to: "17:00", timezone: recipient, except: [2026-12-25, 2026-12-24..2027-01-06] }
canary: { first: 10, wait: 4h, max_bounces: 0 }
reply_to: "Ana <a@ruiz.example>"
bcc_self: true
attachments: [brochure.pdf, { column: proposal }]
review: flagged
`;

test.each<[SchemaName, string]>([
  ['outreach', CONFIG],
  ['outreach', 'version: 1\nidentity: { name: A, timezone: UTC }\n'],
  ['outreach', 'version: 1\nidentity: { name: A, timezone: CET }\n'],
  ['outreach', CONFIG.replace('"keychain:main"', '"credential:smtp"')],
  ['outreach', CONFIG.replace('"file:dkim.pem"', '"credential:dkim"').replace('domain: ruiz.example', 'domain: Ruiz.Example')],
  ['campaign', CAMPAIGN.replace('days: mon-fri', 'days: "mon - fri, sun"')],
  ['campaign', CAMPAIGN],
  ['campaign', 'generator: ai\n'],
  ['campaign', frontMatter(SAMPLE_CAMPAIGN)],
  ['campaign', frontMatter(SAMPLE_BRIEF)],
])('the %s schema takes what the program takes: %j', (name, text) => {
  expect([editor[name](parse(text)), editor[name].errors]).toEqual([true, null]);
  expect(program[name].safeParse(parse(text)).success).toBe(true);
});

test.each<[string, Answers]>([
  ['nothing', {}],
  ['a preset and OpenAI', { name: 'Ana "A": Ruiz', from: 'ana@gmail.com', preset: 'gmail', ai: 'openai', password: 'keychain:main' }],
  ['a client at Google', { from: 'ana@gmail.com', preset: 'gmail', clientId: '1.apps.googleusercontent.com' }],
  ['a client at Microsoft', { from: 'a@x.example', preset: 'microsoft365', clientId: '0a1b', tenant: 'x.example' }],
  ['a client to come', { from: 'ana@gmail.com', preset: 'gmail', auth: 'oauth' }],
  ['a server and OpenRouter', { name: 'Ana', smtpHost: 'smtp.x.example', smtpUser: 'a@x.example', smtpPort: 465, ai: 'openrouter' }],
  ['Ollama', { ai: 'ollama', aiModel: 'qwen3:8b' }],
  ['an address of several lines', { name: 'Ana\nRuiz', company: 'Ruiz\n& Co', postalAddress: 'Calle Mayor 1\n28013 Madrid: Spain\n' }],
])('what init writes of %s names a schema that is there, and holds by it', (_, answers) => {
  writeWorkspace(workspace, answers);
  for (const path of [workspace.configFile, join(workspace.campaigns, 'hello.md')]) {
    const text = readFileSync(path, 'utf8');
    const named = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)?.[1] ?? 'none';
    const schema = JSON.parse(readFileSync(resolve(dirname(path), named), 'utf8')) as JsonSchema;
    const holds = new Ajv({ strict: true, strictRequired: false, validateFormats: false }).compile(schema);
    expect([holds(parse(path.endsWith('.md') ? frontMatter(text) : text)), holds.errors]).toEqual([true, null]);
  }
});

test.each<[SchemaName, string, string]>([
  ['outreach', 'version: 1', 'version: 2'],
  ['outreach', 'name: Ana Ruiz', 'nam: Ana Ruiz'],
  ['outreach', 'Europe/Madrid', 'in Mars'],
  ['outreach', 'type: smtp,', 'type: pigeon,'],
  ['outreach', 'ana@ruiz.example', 'ana'],
  ['outreach', 'host: smtp.ruiz.example, ', ''],
  ['outreach', 'user: a, ', ''],
  ['outreach', 'auth: oauth, oauth: { client_id: 0a1b-2c, tenant: ruiz.example }', 'auth: oauth'],
  ['outreach', ', auth: oauth, oauth: { client_id: 0a1b-2c, tenant: ruiz.example }', ''],
  ['outreach', 'auth: oauth', 'auth: token'],
  ['outreach', 'auth: oauth', 'auth: password'],
  ['outreach', 'client_id: 0a1b-2c', 'client: 0a1b-2c'],
  ['outreach', 'grant: application', 'grant: app'],
  ['outreach', 'client_secret: "env:S", tenant: ruiz.example', 'tenant: ruiz.example'],
  ['outreach', 'client_secret: "env:S", tenant: ruiz.example', 'client_secret: "env:S"'],
  ['outreach', ', oauth: { client_id: 1234-abc, client_secret: "env:S" }', ''],
  ['outreach', 'user: team@ruiz.example, ', ''],
  ['outreach', 'password: "keychain:main"', 'password: "keychain:main", oauth: { provider: google, client_id: a, client_secret: "env:S" }'],
  ['outreach', '"keychain:main"', '"hunter2"'],
  ['outreach', '"file:dkim.pem"', '"dkim.pem"'],
  ['outreach', 'preset: gmail', 'preset: gmial'],
  ['outreach', 'daily_cap: 50', 'daily_cap: 0'],
  ['outreach', 'min: 60s', 'min: 60'],
  ['outreach', 'port: 587', 'port: 70000'],
  ['outreach', 'api_key: "env:KEY" }', 'api_key: "SG.secret" }'],
  ['outreach', '"https://ruiz.example/u"', '"ruiz.example/u"'],
  ['outreach', 'delays: [1m, 1.5h]', 'delays: [soon]'],
  ['outreach', 'send_per_hour: 100', 'sends_per_hour: 100'],
  ['outreach', 'budget_usd: 5', 'budget_usd: -1'],
  ['outreach', 'model: m, ', ''],
  ['outreach', 'require_source: true', 'require_source: maybe'],
  ['campaign', 'subject: "Hi {{ company }}"\n', ''],
  ['campaign', 'subject', 'sbuject'],
  ['campaign', 'generator: template', 'generator: magic'],
  ['campaign', 'senders: [main]', 'senders: []'],
  ['campaign', 'mode: drip', 'mode: flood'],
  ['campaign', 'days: mon-fri', 'days: 5'],
  ['campaign', '"09:00"', '"nine"'],
  ['campaign', '2026-12-25', 'Christmas'],
  ['campaign', 'wait: 4h', 'wait: long'],
  ['campaign', 'review: flagged', 'review: some'],
  ['campaign', '{ column: proposal }', '{ columns: proposal }'],
])('the %s schema refuses what the program refuses: %s as %j', (name, right, wrong) => {
  const text = (name === 'outreach' ? CONFIG : CAMPAIGN).replace(right, wrong);
  expect(text).not.toBe(name === 'outreach' ? CONFIG : CAMPAIGN);
  expect(program[name].safeParse(parse(text)).success).toBe(false);
  expect(editor[name](parse(text))).toBe(false);
});

test.each(['rate', 'at'])('a send without its %s is refused by the editor already', (key) => {
  const mode = key === 'rate' ? 'drip' : 'scheduled';
  expect(editor.campaign(parse(`subject: x\nsend: { mode: ${mode} }\n`))).toBe(false);
});

test.each<SchemaName>(['outreach', 'campaign'])('every key of the %s schema says what it means', (name) => {
  const silent: string[] = [];
  const look = (schema: JsonSchema, path: string): void => {
    for (const [key, inner] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
      if (typeof inner.description !== 'string') silent.push(`${path}${key}`);
      look(inner, `${path}${key}.`);
    }
    for (const inner of [schema.items, ...((schema.oneOf ?? schema.anyOf ?? []) as JsonSchema[])])
      if (inner) look(inner as JsonSchema, path);
  };
  look(jsonSchema(name), '');
  expect(silent).toEqual([]);
});

test.each<SchemaName>(['outreach', 'campaign'])('the package ships the %s schema, and a workspace renews an old one', (name) => {
  expect(JSON.parse(readFileSync(join(ROOT, 'dist', 'schema', `${name}.json`), 'utf8'))).toEqual(jsonSchema(name));
  folder.write(`.outreach/schema/${name}.json`, '{"of":"an older version"}');
  writeSchemas(workspace);
  expect(JSON.parse(readFileSync(schemaPath(workspace, name), 'utf8'))).toEqual(jsonSchema(name));
});
