import { isScalar, Lexer, LineCounter, parseDocument, visit, type YAMLParseError } from 'yaml';
import type * as z from 'zod';
import { OutreachError } from '../domain/errors.ts';
import { didYouMean } from '../domain/text.ts';
import { oddityIn } from './yamlOddities.ts';

export interface YamlSource {
  readonly text: string;
  /** What messages call the file. */
  readonly path: string;
  /** Line of the file at which `text` begins. */
  readonly firstLine: number;
}

type Path = readonly PropertyKey[];

/** Keys of later versions, by dotted path without list positions: refused with their own sentence, never ignored. */
export type NotYet = Readonly<Record<string, string>>;

/** What is wrong at one place of a file; line and column count from 1. */
interface Problem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** `key: what is wrong; what to write`. */
  readonly text: string;
  readonly hint?: string;
}

export type Inspected<Value> =
  | {
      readonly ok: true;
      readonly value: Value;
      /** The line of a key, or of the nearest part of it that the file has. */
      lineOf(path: Path): number;
      /** The same as `file:LINE:COL`. */
      placeOf(path: Path): string;
      /** True when the file itself says it. */
      says(path: Path): boolean;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** More would bury the first. `outreach config check` shows all. */
const SHOWN = 5;

/** Parses YAML 1.2 and checks it; every error reads `file:LINE:COL: key: what is wrong; what to write`. */
export function readYaml<T extends z.ZodType>(
  source: YamlSource,
  schema: T,
  notYet: NotYet = {},
): { value: z.output<T>; lineOf: (path: Path) => number } {
  const inspected = inspectYaml(source, schema, notYet);
  if (inspected.ok) return inspected;
  const lines = inspected.problems.map(({ path, line, column, text }) => `${path}:${line}:${column}: ${text}`);
  const hint = inspected.problems[0]?.hint;
  throw new OutreachError('config', lines.slice(0, SHOWN).join('\n'), hint === undefined ? {} : { hint });
}

/** The same, with everything that is wrong. */
export function inspectYaml<T extends z.ZodType>(source: YamlSource, schema: T, notYet: NotYet = {}): Inspected<z.output<T>> {
  const counter = new LineCounter();
  if (source.text.length > LONGEST) return { ok: false, problems: [tooLong(source)] };
  const nested = nestedTooDeep(source.text);
  // Behind brackets in brackets the parser would take the square of the time. Its own search for a key that stands twice does, too.
  const text = nested === undefined ? source.text : source.text.slice(0, nested);
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  const place = (offset: number) => {
    const { line, col } = counter.linePos(offset);
    return { path: source.path, line: Math.max(1, line) + source.firstLine - 1, column: Math.max(1, col) };
  };
  const at = (path: Path) => place(offsetOf(document, path));
  if (nested !== undefined)
    return { ok: false, problems: [{ ...place(nested), text: `brackets or dashes stand within more than ${MOST_NESTED} others` }] };
  const syntax = document.errors[0];
  if (syntax !== undefined) {
    const hint =
      'The file is YAML: indent with spaces, quote texts that hold : or #, and inside "double quotes" write only \'single\' ones.';
    return { ok: false, problems: [{ ...place(syntax.pos[0]), text: syntaxTrouble(syntax, source.text), hint }] };
  }
  const odd = oddityIn(document);
  if (odd !== undefined) return { ok: false, problems: [{ ...place(odd.offset), text: odd.text }] };
  const twice = keyStandingTwice(document);
  if (twice !== undefined)
    return { ok: false, problems: [{ ...place(twice.offset), text: `${twice.key}: the key stands twice; remove one` }] };
  const plain: unknown = document.toJS() ?? {};
  const result = schema.safeParse(plain);
  if (result.success) {
    return {
      ok: true,
      value: result.data,
      lineOf: (path) => at(path).line,
      placeOf: (path) => `${source.path}:${at(path).line}:${at(path).column}`,
      says: (path) => valueAt(plain, path) !== undefined,
    };
  }
  const problems = [...result.error.issues, ...issuesBehind(result.error.issues, document.toJS() ?? {}, schema)]
    .flatMap((issue) => explain(issue, plain, notYet))
    .slice(0, MOST_PROBLEMS)
    .map(({ path, text }): Problem => ({ ...at(path), text }));
  return { ok: false, problems: problems.filter((one, index) => problems.findIndex((other) => isSame(one, other)) === index) };
}

function tooLong({ path, firstLine }: YamlSource): Problem {
  return { path, line: firstLine, column: 1, text: `the settings are longer than ${LONGEST} characters` };
}

/** Each of them is looked up in the file. */
const MOST_PROBLEMS = 100;
/** Longer settings there are none, and many times as much would take the parser minutes. */
const LONGEST = 100_000;
/** No setting is within more brackets. */
const MOST_NESTED = 30;

/** Where brackets or dashes stand within too many others, or brackets close nothing again and again. */
function nestedTooDeep(text: string): number | undefined {
  let [offset, depth, stray, dashes] = [0, 0, 0, 0];
  for (const token of new Lexer().lex(text)) {
    // `- - - a` on one line.
    dashes = token === '-' ? dashes + 1 : token === '\n' ? 0 : dashes;
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth > 0 ? depth-- : stray++;
    if (Math.max(depth, stray, dashes) > MOST_NESTED) return offset;
    // Marks of the lexer itself are no part of the text.
    if (!MARKS.has(token)) offset += token.length;
  }
  return undefined;
}

const MARKS = new Set(['\u0002', '\u0018', '\u001f']);

/** The first key that its mapping has already. */
function keyStandingTwice(document: ReturnType<typeof parseDocument>): { readonly key: string; readonly offset: number } | undefined {
  let found: { key: string; offset: number } | undefined;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key) || key.value === '<<') continue;
        if (seen.has(key.value)) {
          found = { key: String(key.value), offset: key.range?.[0] ?? 0 };
          return visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

/** Rules that compare several keys wait until all are known: with the unknown ones taken out of `plain` they speak too. */
function issuesBehind(known: readonly z.core.$ZodIssue[], plain: unknown, schema: z.ZodType): readonly z.core.$ZodIssue[] {
  for (const issue of known) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = valueAt(plain, issue.path) as Record<string, unknown>;
    for (const key of issue.keys) delete parent[key];
  }
  return schema.safeParse(plain).error?.issues ?? [];
}

function isSame(one: Problem, other: Problem): boolean {
  return one.line === other.line && one.column === other.column && one.text === other.text;
}

function syntaxTrouble({ code, pos, message }: YAMLParseError, text: string): string {
  if (code === 'TAB_AS_INDENT') return 'a tab indents this line; write spaces';
  const [, key] = /^(?:[ \t]*- )*[ \t]*([\w-]+):/.exec(text.slice(text.lastIndexOf('\n', pos[0] - 1) + 1)) ?? [];
  const what =
    code === 'MULTIPLE_DOCS'
      ? 'a second document; write one'
      : code === 'BLOCK_AS_IMPLICIT_KEY'
        ? 'a second : in this value; write the value in quotes'
        : (message.split('\n')[0] ?? message);
  return key === undefined ? what : `${key}: ${what}`;
}

interface Complaint {
  readonly path: Path;
  readonly text: string;
}

function explain(issue: z.core.$ZodIssue, plain: unknown, notYet: NotYet): Complaint[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const later = sentenceFor(notYet, path);
      return { path, text: `${dotted(path)}: ${later ?? unknownKey(key, knownKeys(issue))}` };
    });
  }
  const later = sentenceFor(notYet, issue.path);
  if (later !== undefined && valueAt(plain, issue.path) !== undefined && issue.code !== 'custom')
    return [{ path: issue.path, text: `${dotted(issue.path)}: ${later}` }];
  const missing = issue.code !== 'custom' && valueAt(plain, issue.path) === undefined;
  const key = dotted(issue.path);
  return [
    { path: issue.path, text: `${key === '' ? '' : `${key}: `}${missing ? `missing; ${whatToWrite(issue.message)}` : issue.message}` },
  ];
}

function sentenceFor(notYet: NotYet, path: Path): string | undefined {
  const key = dotted(path);
  return Object.hasOwn(notYet, key) ? notYet[key] : undefined;
}

/** The end of a complaint, which says it of a value that is wrong. */
function whatToWrite(complaint: string): string {
  return /(?:^|; )(write .+)$/s.exec(complaint)?.[1] ?? 'write it';
}

/** zod keeps the object's own keys out of the issue, so the schema puts them into its message. */
function knownKeys(issue: z.core.$ZodIssue): string[] {
  return /^keys: (.*)$/.exec(issue.message)?.[1]?.split(', ') ?? [];
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known);
  if (near !== undefined) return `unknown key; did you mean ${near}?`;
  return known.length === 0 ? 'unknown key; remove it' : `unknown key; known are ${known.join(', ')}`;
}

function dotted(path: Path): string {
  return path.filter((part) => typeof part === 'string').join('.');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[part], value);
}

/** Offset of the key (or list item) that `path` leads to, or of the nearest part of it that exists. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const items = (parent as { items?: unknown[] } | null)?.items ?? [];
    const found =
      typeof last === 'number' ? items[last] : items.find((item) => (item as { key?: { value?: unknown } }).key?.value === last);
    const node = (found as { key?: unknown } | undefined)?.key ?? found;
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range !== undefined) return range[0];
  }
  return 0;
}
