import { dirname, join } from 'node:path';
import * as z from 'zod';
import { makeFolder, replaceFile } from '../files/ownFiles.ts';
import { readTextFile } from '../files/readFile.ts';
import { campaignSchema } from './campaign.ts';
import { configSchema } from './config.ts';
import { CAMPAIGN_MEANINGS, CONFIG_MEANINGS, type Meanings } from './meanings.ts';
import { prepareData, type Workspace } from './workspace.ts';

/** A JSON Schema, draft 7: the version that editors know best. */
export type JsonSchema = { [key: string]: unknown };

export type SchemaName = 'outreach' | 'campaign';

/** What the program checks itself, as far as JSON Schema can say it: an editor's check, not the last word. */
export function jsonSchema(name: SchemaName): JsonSchema {
  return name === 'outreach'
    ? made(configSchema, 'outreach.yaml', CONFIG_MEANINGS, CONFIG_RULES)
    : made(campaignSchema, 'Settings of a campaign of outreach', CAMPAIGN_MEANINGS, CAMPAIGN_RULES);
}

/** Where a workspace keeps the schemas that its files name. */
export function schemaPath(workspace: Workspace, name: SchemaName): string {
  return join(workspace.data, 'schema', `${name}.json`);
}

/** Writes both schemas, if they are not there as they should be: another version of the program knows other keys. */
export function writeSchemas(workspace: Workspace): void {
  prepareData(workspace);
  for (const name of ['outreach', 'campaign'] as const) {
    const path = schemaPath(workspace, name);
    const text = `${JSON.stringify(jsonSchema(name), null, 2)}\n`;
    if (textOf(path) === text) continue;
    makeFolder(dirname(path));
    replaceFile(path, text);
  }
}

/** Conditions between keys, by the same dotted paths as meanings; the root is ''. */
type Rules = Readonly<Record<string, JsonSchema>>;

const AS_APPLICATION: JsonSchema = { type: 'object', properties: { grant: { const: 'application' } }, required: ['grant'] };

const CONFIG_RULES: Rules = {
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; the object is data and never awaited
  'senders.oauth': { if: AS_APPLICATION, then: { required: ['client_secret', 'tenant'] } },
  'senders[gmail]': { allOf: [{ required: ['oauth'] }] },
  'senders[graph]': {
    allOf: [{ required: ['oauth'] }],
    if: { properties: { oauth: AS_APPLICATION } },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; the object is data and never awaited
    then: { required: ['user'] },
  },
  'senders[smtp]': {
    anyOf: [{ required: ['host'] }, { required: ['preset'] }],
    dependencies: { user: { anyOf: [{ required: ['password'] }, { required: ['oauth'] }] }, password: ['user'] },
    allOf: [
      ...(['oauth', 'password'] as const).map((auth) => ({
        if: { properties: { auth: { const: auth } }, required: ['auth'] },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; the object is data and never awaited
        then: { required: [auth] },
      })),
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; the object is data and never awaited
      { if: { required: ['oauth', 'password'] }, then: { required: ['auth'] } },
    ],
  },
};

const CAMPAIGN_RULES: Rules = {
  '': { if: { properties: { generator: { const: 'ai' } }, required: ['generator'] }, else: { required: ['subject'] } },
  send: {
    allOf: [
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; the object is data and never awaited
      { if: { properties: { mode: { const: 'drip' } }, required: ['mode'] }, then: { required: ['rate'] } },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; the object is data and never awaited
      { if: { properties: { mode: { const: 'scheduled' } }, required: ['mode'] }, then: { required: ['at'] } },
    ],
  },
};

function made(schema: z.ZodType, title: string, meanings: Meanings, rules: Rules): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }) as JsonSchema;
  return { $schema, title, ...explained(rest, [], {}, meanings, rules) };
}

/** Adds meanings and rules on the way down, and leaves out what would be wrong: defaults in the program's own units. */
function explained(schema: JsonSchema, path: readonly string[], said: JsonSchema, meanings: Meanings, rules: Rules): JsonSchema {
  const key = path.join('.');
  const { default: given, maximum, ...rest } = schema;
  const properties = schema.properties as Record<string, JsonSchema> | undefined;
  const deeper = (inner: unknown) => explained(inner as JsonSchema, path, {}, meanings, rules);
  const type = properties?.type?.const;
  return {
    ...said,
    ...rest,
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
    ...(given === undefined || typeof given !== schema.type ? {} : { default: given }),
    ...rules[type === undefined ? key : `${key}[${type}]`],
    ...(schema.items === undefined ? {} : { items: deeper(schema.items) }),
    ...(Array.isArray(schema.oneOf) ? { oneOf: schema.oneOf.map((one) => deeper(one)) } : {}),
    ...(Array.isArray(schema.anyOf) ? { anyOf: schema.anyOf.map((one) => deeper(one)) } : {}),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(properties).map(keyed)) }),
  };

  function keyed([name, inner]: [string, JsonSchema]): [string, JsonSchema] {
    const below = [...path, name];
    const description = meanings[below.join('.')];
    return [name, explained(inner, below, description === undefined ? {} : { description }, meanings, rules)];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readTextFile(path);
  } catch {
    return undefined;
  }
}
