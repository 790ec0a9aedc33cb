import { Liquid, type Template as LiquidNode, TypeGuards, Value } from 'liquidjs';
import { messageOf, OutreachError } from './errors.ts';
import type { LeadFields } from './lead.ts';
import { budgetedRenderer } from './renderBudget.ts';
import { findTagFault } from './templateTags.ts';
import { didYouMean } from './text.ts';

/** A variable that a template prints, and where. Lines and columns count from 1 within the template's file. */
export interface TemplateVariable {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

export interface MailTemplate {
  /** Variables that the leads must have: used without a `default` filter. */
  readonly required: readonly TemplateVariable[];
  /** Those with a default. */
  readonly optional: readonly TemplateVariable[];
  /** Throws the engine's error when this lead lacks a value that the template prints, or a limit is hit. */
  render(scope: TemplateScope): string;
}

interface TemplateScope {
  readonly fields: LeadFields;
  readonly sender: Readonly<Record<string, string>>;
}

/** Where a piece of template stands in its file, for error messages. */
export interface TemplatePlace {
  readonly path: string;
  readonly line: number;
}

// No files, no prototypes, bounded time (ms) and memory: a template is a person's own, but its data is not.
const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  lenientIf: true,
  ownPropertyOnly: true,
  dynamicPartials: false,
  relativeReference: false,
  templates: {},
  // Asking the system for it loads all of ICU, 50 ms; dates of a mail are written as its campaign says.
  locale: 'en-US',
  parseLimit: 1_000_000,
  renderLimit: 1_000,
  memoryLimit: 10_000_000,
});

for (const name of ['include', 'render', 'layout', 'block']) {
  engine.registerTag(name, {
    parse() {
      throw new Error(`{% ${name} %} reads other files, and a campaign is one file`);
    },
    render: () => undefined,
  });
}

const render = budgetedRenderer(engine);

/** Reads a Liquid template (https://liquidjs.com). Throws OutreachError with file and line. */
export function parseTemplate(source: string, place: TemplatePlace): MailTemplate {
  refuseOpenTags(source, place);
  try {
    const nodes = engine.parse(source);
    return { ...variablesOf(nodes, place.line), render: ({ fields, sender }) => render(nodes, { ...fields, sender }) };
  } catch (error) {
    throw new OutreachError('config', `${place.path}:${lineOf(error, place.line)}: ${firstLine(error)}${meant(error)}`, {
      hint: 'The body and subject are Liquid templates: {{ first_name | default: "there" }}.',
      cause: error,
    });
  }
}

function refuseOpenTags(source: string, place: TemplatePlace): void {
  const fault = findTagFault(source);
  if (fault === undefined) return;
  const before = source.slice(0, fault.offset);
  const line = place.line + before.split('\n').length - 1;
  const column = fault.offset - before.lastIndexOf('\n');
  throw new OutreachError('config', `${place.path}:${line}:${column}: ${fault.message}`, {
    hint: 'A variable is {{ first_name | default: "there" }}, a condition {% if title %}…{% endif %}.',
  });
}

/** Liquid's own words have slips too: `{% iff %}`, `| defualt`. */
function meant(error: unknown): string {
  const message = firstLine(error);
  const filter = /undefined filter: (\S+)/.exec(message)?.[1];
  const tag = /tag "(\S+)" not found/.exec(message)?.[1];
  const near =
    filter !== undefined
      ? didYouMean(filter, Object.keys(engine.filters))
      : tag &&
        didYouMean(
          tag,
          Object.keys(engine.tags).flatMap((known) => [known, `end${known}`]),
        );
  return near === undefined || near === '' ? '' : `; did you mean ${near}?`;
}

/** Refuses a template that prints something no lead of this file can have. */
export function checkVariables(required: readonly TemplateVariable[], known: Iterable<string>, path: string): void {
  const names = new Set(known);
  for (const variable of required) {
    const root = variable.name.split(/[.[]/)[0] ?? variable.name;
    if (names.has(variable.name)) continue;
    if (names.has(root)) {
      throw new OutreachError(
        'input',
        `${path}:${variable.line}:${variable.column}: {{ ${variable.name} }}: a column is a text and has no parts; write {{ ${root} }}`,
      );
    }
    const near = didYouMean(variable.name, names) ?? didYouMean(root, names);
    throw new OutreachError(
      'input',
      `${path}:${variable.line}:${variable.column}: the leads have no column for {{ ${variable.name} }}${near === undefined ? '' : `; did you mean {{ ${near} }}?`}`,
      {
        hint: hintFor(variable.name, names),
      },
    );
  }
}

function hintFor(variable: string, names: ReadonlySet<string>): string {
  if (variable.startsWith('sender.'))
    return `Of the sender there are ${[...names].filter((name) => name.startsWith('sender.')).join(', ')}.`;
  const columns = [...names].filter((name) => !name.includes('.')).join(', ');
  const condition = variable.includes('.') ? '' : `, or for a condition {% assign ${variable} = ${variable} | default: "" %} before it`;
  return `Columns: ${columns}. One that may be missing takes a default: {{ ${variable} | default: "…" }}${condition}.`;
}

/** Why a lead could not be rendered, as one sentence for a person. */
export function renderFailure(error: unknown): string {
  const missing = /undefined variable: ([^,\n]+)/.exec(messageOf(error))?.[1];
  if (missing !== undefined) return `this lead has no ${missing.trim()}; fill it in, or give it a default in the campaign`;
  return firstLine(error);
}

function variablesOf(nodes: LiquidNode[], firstLineOfTemplate: number): Pick<MailTemplate, 'required' | 'optional'> {
  const excused = new Set<string>();
  for (const node of walk(nodes)) {
    for (const value of node.arguments?.() ?? []) {
      if (hasDefault(value)) excuse(value, excused);
    }
  }
  const uses = Object.values(engine.analyzeSync(nodes, { partials: false }).globals).flat();
  const isExcused = ({ location }: (typeof uses)[number]) => excused.has(`${location.row}:${location.col}`);
  const variable = (use: (typeof uses)[number]) => ({
    name: use.toString(),
    line: firstLineOfTemplate + use.location.row - 1,
    column: use.location.col,
  });
  return { required: uses.filter((use) => !isExcused(use)).map(variable), optional: uses.filter(isExcused).map(variable) };
}

function* walk(nodes: readonly LiquidNode[]): Generator<LiquidNode> {
  for (const node of nodes) {
    yield node;
    yield* walk([...(node.children?.(false, true) ?? [])] as LiquidNode[]);
  }
}

function hasDefault(value: unknown): boolean {
  return value instanceof Value && value.filters.some(({ name }) => name === 'default');
}

/** A default makes a missing value harmless, at this one place. */
function excuse(value: unknown, excused: Set<string>): void {
  const expression = value instanceof Value ? value.initial : value;
  for (const token of (expression as { postfix?: unknown[] }).postfix ?? [value]) {
    if (TypeGuards.isPropertyAccessToken(token)) {
      const [row, column] = token.getPosition();
      excused.add(`${row}:${column}`);
    }
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? message).replace(/, line:\d+, col:\d+$/, '');
}

function lineOf(error: unknown, firstLineOfTemplate: number): number {
  const line = /line:(\d+)/.exec(messageOf(error))?.[1];
  return firstLineOfTemplate + (line === undefined ? 0 : Number(line) - 1);
}
