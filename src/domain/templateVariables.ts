import { type Liquid, type Template as LiquidNode, type Token, TypeGuards, toValueSync, Value } from 'liquidjs';
import { type Place, placesIn } from './places.ts';
import { tagIn } from './templateTags.ts';

/** A variable that a template prints, and where in the template's file. */
export interface TemplateVariable extends Place {
  readonly name: string;
}

/** A piece between tags, which is printed literally. */
export interface TemplateText extends Place {
  readonly text: string;
}

export interface TemplateParts {
  /** Variables that the leads must have: used without a `default` filter. */
  readonly required: readonly TemplateVariable[];
  /** Those with a default. */
  readonly optional: readonly TemplateVariable[];
  /** Of both, those that only a condition asks for, or that stand within a condition that asks for them. */
  readonly guarded: ReadonlySet<TemplateVariable>;
  readonly texts: readonly TemplateText[];
}

const CONDITIONS = new Set(['if', 'unless', 'case']);

/** What a parsed template prints, and which variables it uses how. `firstLine` is that of `source` in its file. */
export function partsOf(engine: Liquid, nodes: LiquidNode[], source: string, firstLine: number): TemplateParts {
  const found: Found = { excused: new Set(), guarded: new Set(), texts: [] };
  look(nodes, new Set(), found);
  const parts = { required: [] as TemplateVariable[], optional: [] as TemplateVariable[], guarded: new Set<TemplateVariable>() };
  for (const use of Object.values(engine.analyzeSync(nodes, { partials: false }).globals).flat()) {
    const { row, col } = use.location;
    const variable = { name: use.toString(), line: firstLine + row - 1, column: col };
    (found.excused.has(`${row}:${col}`) ? parts.optional : parts.required).push(variable);
    if (found.guarded.has(`${row}:${col}`)) parts.guarded.add(variable);
  }
  const placeOf = placesIn(source, { line: firstLine, column: 1 });
  const texts = found.texts.toSorted((one, other) => one.offset - other.offset).map(({ text, offset }) => ({ text, ...placeOf(offset) }));
  return { ...parts, texts };
}

/** What Liquid takes and no author can mean; `row` counts from 1. */
export interface TagSlip {
  readonly row: number;
  readonly message: string;
}

/** Filters whose argument is printed. */
const PRINTING = new Set(['default', 'append', 'prepend']);

/** The first tag that names two values with nothing between them, so that the last one would be printed, or that prints a tag written in quotes. */
export function findSlip(nodes: readonly LiquidNode[]): TagSlip | undefined {
  for (const node of nodes) {
    for (const value of node.arguments?.() ?? []) {
      const slip = value instanceof Value ? (sideBySide(value) ?? (isCondition(node) ? undefined : quotedTag(value))) : undefined;
      if (slip !== undefined) return slip;
    }
    const inside = findSlip(childrenOf(node));
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function sideBySide({ initial: { postfix } }: Value): TagSlip | undefined {
  const operators = postfix.filter((token) => TypeGuards.isOperatorToken(token) && token.operator !== 'not').length;
  const values = postfix.filter((token) => !TypeGuards.isOperatorToken(token));
  if (values.length <= operators + 1) return undefined;
  const text = values.map((token) => token.getText()).join(' ');
  return { row: rowOf(values[0]), message: `"${text}" is no name; write ${text.replace(/\W+/g, '_')}` };
}

function quotedTag({ initial, filters }: Value): TagSlip | undefined {
  const printed = [...initial.postfix, ...filters.filter(({ name }) => PRINTING.has(name)).flatMap(({ args }) => args)];
  for (const token of printed) {
    const tag = TypeGuards.isQuotedToken(token) ? tagIn(token.content) : undefined;
    if (tag !== undefined) return { row: rowOf(token as Token), message: `${tag} stands in quotes and would be printed literally` };
  }
  return undefined;
}

function rowOf(token: Token | undefined): number {
  return token?.getPosition()[0] ?? 1;
}

function isCondition(node: LiquidNode): boolean {
  return CONDITIONS.has((node as { name?: string }).name ?? '');
}

/** Places are `row:column`, as in Liquid's own analysis. */
interface Found {
  readonly excused: Set<string>;
  readonly guarded: Set<string>;
  readonly texts: { readonly text: string; readonly offset: number }[];
}

function look(nodes: readonly LiquidNode[], asked: ReadonlySet<string>, found: Found): void {
  for (const node of nodes) {
    if (TypeGuards.isHTMLToken(node.token)) found.texts.push({ text: node.token.getText(), offset: node.token.begin });
    const condition = isCondition(node);
    const inside = new Set(asked);
    for (const value of node.arguments?.() ?? []) {
      for (const { place, root, isInitial } of variablesIn(value)) {
        // A default makes a missing value harmless, at this one place.
        if (isInitial && hasDefault(value)) found.excused.add(place);
        if (condition) inside.add(root);
        if (condition || asked.has(root)) found.guarded.add(place);
      }
    }
    look(childrenOf(node), inside, found);
  }
}

function childrenOf(node: LiquidNode): LiquidNode[] {
  return node.children === undefined ? [] : (toValueSync(node.children(false, true)) as LiquidNode[]);
}

function hasDefault(value: unknown): boolean {
  return value instanceof Value && value.filters.some(({ name }) => name === 'default');
}

function variablesIn(value: unknown): { place: string; root: string; isInitial: boolean }[] {
  const initial: readonly unknown[] = value instanceof Value ? value.initial.postfix : [value];
  const others = value instanceof Value ? value.filters.flatMap(({ args }) => args).map((arg) => (Array.isArray(arg) ? arg[1] : arg)) : [];
  return [...initial, ...others].flatMap((token, index) => {
    if (!TypeGuards.isPropertyAccessToken(token)) return [];
    const [row, column] = token.getPosition();
    const root = /^[^\s.[]*/.exec(token.getText())?.[0] ?? '';
    return [{ place: `${row}:${column}`, root, isInitial: index < initial.length }];
  });
}
