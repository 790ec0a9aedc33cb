import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const NAMES = join(ROOT, 'src/domain/httpProvider.ts');

/** The files in which the compiler finds faults when one more provider is named, beside `first`. */
function filesWithFaults(first: string): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  const withOneMore = readFileSync(NAMES, 'utf8').replace(`['${first}',`, `['pigeon', '${first}',`);
  expect(withOneMore).toContain('pigeon');
  host.getSourceFile = (name, ...rest) =>
    name === NAMES ? ts.createSourceFile(name, withOneMore, ts.ScriptTarget.ESNext) : getSourceFile.call(host, name, ...rest);
  const program = ts.createProgram(
    ['src/app/parts.ts', 'src/mail/mailServices.ts'].map((name) => join(ROOT, name)),
    { ...options, noEmit: true },
    host,
  );
  const faults = program.getSemanticDiagnostics();
  return [...new Set(faults.map(({ file }) => relative(ROOT, file?.fileName ?? '')))].sort();
}

test.each([
  ['sendgrid', []],
  ['gmail', ['src/domain/oauthProvider.ts']],
] as const)('the compiler asks for every part of a provider that is added beside %s', { timeout: 120_000 }, (first, ofMailboxes) => {
  expect(filesWithFaults(first)).toEqual([
    'src/config/config.ts',
    ...ofMailboxes,
    'src/domain/replay.ts',
    'src/mail/httpProviders.ts',
    'src/mail/mailServices.ts',
  ]);
});
