import { Liquid } from 'liquidjs';
import { messageOf, OutreachError } from './errors.ts';
import type { LeadFields } from './lead.ts';
import { budgetedRenderer, countedOperators } from './renderBudget.ts';
import { findTagFault } from './templateTags.ts';
import { findSlip, partsOf, type TemplateParts } from './templateVariables.ts';
import { didYouMean } from './text.ts';
import { countLinesOnce } from './tokenPlaces.ts';

export interface MailTemplate extends TemplateParts {
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
  operators: countedOperators(),
  // Asking the system for it loads all of ICU, 50 ms; dates of a mail are written as its campaign says.
  locale: 'en-US',
  parseLimit: 1_000_000,
  renderLimit: 1_000,
  // Characters and elements of lists: a range is one before a step of it is counted, 16 MB at this bound.
  memoryLimit: 2_000_000,
});

for (const name of ['include', 'render', 'layout', 'block']) {
  engine.registerTag(name, {
    parse() {
      throw new Error(`{% ${name} %} reads other files, and a campaign is one file`);
    },
    render: () => undefined,
  });
}

countLinesOnce();
const render = budgetedRenderer(engine);

/** Reads a Liquid template (https://liquidjs.com). Throws OutreachError with file and line. */
export function parseTemplate(source: string, place: TemplatePlace): MailTemplate {
  refuseOpenTags(source, place);
  try {
    const nodes = engine.parse(source);
    const slip = findSlip(nodes);
    if (slip !== undefined) throw new Error(`${slip.message}, line:${slip.row}, col:1`);
    return { ...partsOf(engine, nodes, source, place.line), render: ({ fields, sender }) => render(nodes, { ...fields, sender }) };
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
  // The end of a tag, where none is open.
  if (tag?.startsWith('end') && tag.slice(3) in engine.tags) return ': nothing that it would end is open';
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

/** Why a lead could not be rendered, as one sentence for a person. */
export function renderFailure(error: unknown): string {
  const missing = /undefined variable: ([^,\n]+)/.exec(messageOf(error))?.[1];
  if (missing !== undefined) return `this lead has no ${missing.trim()}; fill it in, or give it a default in the campaign`;
  if (/memory alloc limit/.test(messageOf(error))) return 'this lead makes the template take more memory than a mail may';
  return firstLine(error);
}

function firstLine(error: unknown): string {
  // Liquid reads tags within tags by calling itself.
  if (error instanceof RangeError) return 'too many tags stand within each other';
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? message).replace(/, line:\d+, col:\d+$/, '');
}

function lineOf(error: unknown, firstLineOfTemplate: number): number {
  const line = /line:(\d+)/.exec(messageOf(error))?.[1];
  return firstLineOfTemplate + (line === undefined ? 0 : Number(line) - 1);
}
