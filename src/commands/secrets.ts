import type { Command } from 'commander';
import type { Login } from '../app/logins.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { cell } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function secretsCommand(use: Use): Command {
  return command('secrets', 'List where each password, API key and grant is kept, and which are missing; never a value.', [
    'secrets',
    'secrets --json',
  ]).action(use(secrets));
}

interface Listed {
  readonly reference: string;
  readonly asked_by: readonly string[];
  readonly where: 'env' | 'keychain' | 'file' | 'credential' | null;
  readonly present: boolean;
  readonly trouble: string | null;
}

async function secrets(context: Context): Promise<undefined> {
  const { output, env } = context;
  const app = await context.app();
  const { loginsOf } = await import('../app/logins.ts');
  const { openSecrets } = await import('../app/secrets.ts');
  const logins = loginsOf(app.config);
  const listed = await list(logins, openSecrets(app.workspace, env));
  for (const one of listed) output.object(one);
  if (listed.length === 0) {
    output.line('outreach.yaml asks for no secret, and none is stored.\n\nNext: outreach login NAME    (a sender or AI provider)');
    return;
  }
  output.table(
    ['REFERENCE', 'FOR', 'WHERE', 'STATE'],
    listed.map(({ reference, asked_by, where, present }) => [
      cell(reference),
      cell(asked_by.join(', ') || '(nothing in outreach.yaml)'),
      where ?? '',
      present ? 'present' : output.colour.red('missing'),
    ]),
  );
  const troubles = [...new Set(listed.flatMap(({ trouble }) => trouble ?? []))];
  if (troubles.length > 0) output.line(`\n${troubles.map((trouble) => cell(trouble, 200)).join('\n')}`);
  output.line(`\nNext: ${nextStep(listed, logins)}`);
}

/** Every reference of the configuration, in its order, and what is stored beside them. */
async function list(logins: readonly Login[], secrets: Secrets): Promise<Listed[]> {
  const wanted = logins.flatMap(({ reference }) => (reference === undefined ? [] : [reference]));
  const { names, trouble } = await storedNames(secrets);
  const listed: Listed[] = [];
  for (const reference of new Set([...wanted, ...names.map((name) => `keychain:${name}`)])) {
    const found = await secrets.find(reference);
    listed.push({
      reference,
      asked_by: logins.filter((login) => login.reference === reference).map(({ owner }) => owner),
      where: found.where ?? null,
      present: found.value !== undefined,
      trouble: found.value === undefined ? (found.trouble?.message ?? trouble ?? null) : null,
    });
  }
  return listed;
}

async function storedNames({ keychain, file }: Secrets): Promise<{ names: string[]; trouble: string | undefined }> {
  const names: string[] = [];
  let trouble: string | undefined;
  for (const store of [keychain, file]) {
    try {
      names.push(...(await store.names()));
    } catch (error) {
      if (!(error instanceof OutreachError)) throw error;
      trouble = error.message;
    }
  }
  return { names: names.sort(), trouble };
}

function nextStep(listed: readonly Listed[], logins: readonly Login[]): string {
  const missing = listed.find(({ present, asked_by }) => !present && asked_by.length > 0);
  if (missing === undefined) return 'outreach worker';
  const grant = logins.find(({ key, reference }) => key === 'oauth' && reference === missing.reference);
  const name = grant?.name ?? missing.reference.slice(missing.reference.indexOf(':') + 1);
  if (missing.reference.startsWith('keychain:')) return `outreach login ${name}${missing.trouble === null ? '' : ' --file'}`;
  if (missing.reference.startsWith('credential:'))
    return `outreach service install --credential ${name}=FILE    (only the service is given it)`;
  const owner = logins.find(({ reference }) => reference === missing.reference)?.name;
  return `export ${name}=…    (or keep it in the keychain: outreach login ${owner})`;
}
