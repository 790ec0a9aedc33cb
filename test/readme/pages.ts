import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** The pages that a user reads, relative to the repository; the reference is made of help texts, whose examples run by themselves. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md') && name !== 'reference.md')
    .sort()
    .map((name) => `docs/${name}`),
];

/** A fenced block; `mark` is what stands behind its language: ```yaml campaign. */
export interface Block {
  readonly page: string;
  /** Of its first line. */
  readonly line: number;
  readonly language: string;
  readonly mark: string;
  readonly text: string;
}

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  return [...text.matchAll(FENCED)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[1] ?? '',
    mark: match[2]?.trim() ?? '',
    text: match[3] ?? '',
  }));
}

/** Without its blocks, in which a bracket is no link. */
export function proseOf(page: string): string {
  return textOf(page).replace(FENCED, '');
}

/** What a person types: the lines of shell blocks. `no-run` marks what needs a network, a terminal or another program. */
export function shellBlocksOf(page: string): Block[] {
  return blocksOf(page).filter(({ language }) => SHELL.includes(language));
}

/** The program's own commands in a block, in order. */
export function commandsIn({ text }: Block): string[] {
  return text.split('\n').flatMap((line) => /(?:^|^\$ |&& )(outreach (?:[a-z]+(?: |$)|--).*)$/.exec(line)?.[1] ?? []);
}

/** Commands inside sentences and tables, `outreach why EMAIL`: they cannot be run, but must exist with the flags they name. */
export function namedCommandsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/`(outreach [a-z][^`\n]*)`/g)].map(([, command]) => command ?? '');
}

const FENCED = /^```([\w-]*)([^\n]*)\n([\s\S]*?)^```/gm;
const SHELL = ['', 'sh', 'bash', 'shell', 'console'];
