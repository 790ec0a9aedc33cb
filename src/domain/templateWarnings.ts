import type { Campaign } from './campaign.ts';
import type { EmptyCells } from './emptyCells.ts';
import { KNOWN_FIELDS } from './lead.ts';
import { findMergeTags, type MergeTag } from './mergeTags.ts';
import { inOrder, type Place } from './places.ts';
import { senderScope } from './rendering.ts';
import { type MailTemplate, parseTemplate } from './template.ts';
import type { TemplateVariable } from './templateVariables.ts';
import { number } from './text.ts';
import { lackOf } from './unknownVariables.ts';

/** What is probably a slip, in one sentence, and where it stands in the campaign's file. */
export interface TemplateWarning extends Place {
  readonly message: string;
}

/** The columns that leads have, and how their file calls them; `any` while there are no leads. */
export interface Columns {
  readonly names: readonly string[];
  readonly titles: ReadonlyMap<string, string>;
  readonly any?: boolean;
}

/** What is known as long as there are no leads: a slip in a usual name is one whatever the columns will be. */
export const NO_LEADS: Columns = { names: KNOWN_FIELDS, titles: new Map(), any: true };

/** Subject and text as templates; the brief for a model is none. */
export function templatesOf({ subject, body, generator, path, lines }: Campaign): MailTemplate[] {
  return [
    ...(subject === null ? [] : [parseTemplate(subject, { path, line: lines.subject })]),
    ...(generator === 'ai' ? [] : [parseTemplate(body, { path, line: lines.body })]),
  ];
}

/** What `{{ … }}` may name. */
export function knownNames(campaign: Campaign, columns: Iterable<string>): Set<string> {
  return new Set([...columns, ...Object.keys(senderScope(campaign)).map((key) => `sender.${key}`)]);
}

/** Variables that no lead can have, and placeholders of other programs. `also` are those without a default, where nothing else refuses them. */
export function columnWarnings(campaign: Campaign, columns: Columns, also: 'required' | 'default only'): TemplateWarning[] {
  const names = knownNames(campaign, columns.names);
  const warn = (variables: readonly TemplateVariable[], effect: string) =>
    variables.flatMap((variable) => {
      const lack = lackOf(variable, names);
      return lack === undefined || (columns.any === true && lack.remedy === '')
        ? []
        : [warning(variable, `${lack.what}${effect}${lack.remedy}`)];
    });
  const templates = templatesOf(campaign);
  return inOrder([
    ...templates.flatMap(({ optional }) => warn(optional.filter(isOfLeads), ', so every mail has its default')),
    ...(also === 'required' ? templates.flatMap(({ required }) => warn(required, '')) : []),
    ...(campaign.generator === 'ai' ? warn(variablesOfBrief(campaign).filter(isOfLeads), ', and a brief is not a template') : []),
    ...templates
      .flatMap(({ texts }) => findMergeTags(texts, columns.names, columns.titles))
      .map((tag) => warning(tag, `${tag.written} would be printed literally; ${remedyFor(tag, columns)}`)),
  ]);
}

function remedyFor({ variable, isColumn }: MergeTag, { any }: Columns): string {
  return isColumn || any === true ? `write {{ ${variable} }}` : `it looks like {{ ${variable} }}, a column that the leads do not have`;
}

/** The variables whose empty cells a reader would see; those of a condition are not. */
export function printedVariables(campaign: Campaign, columns: readonly string[]): string[] {
  const known = new Set(columns);
  const printed = templatesOf(campaign).flatMap(({ required, optional, guarded }) =>
    [...required, ...optional].filter((variable) => !guarded.has(variable) && variable.name !== 'email' && known.has(variable.name)),
  );
  return [...new Set(printed.map(({ name }) => name))];
}

/** More than this part of the leads without a value is worth a sentence. */
const MANY = 1 / 5;

/** Of each variable that many leads lack, where it stands first. `all` is false where only some of the leads were looked at. */
export function emptyWarnings(campaign: Campaign, cells: EmptyCells, all: boolean): TemplateWarning[] {
  const warned = new Map<string, TemplateWarning>();
  const templates = templatesOf(campaign);
  const warn = (variables: (template: MailTemplate) => readonly TemplateVariable[], effect: string) => {
    for (const template of templates) {
      for (const variable of inOrder(variables(template).filter((one) => !template.guarded.has(one)))) {
        const empty = cells.of(variable.name);
        if (empty <= cells.leads * MANY || warned.has(variable.name)) continue;
        const leads = `${number(cells.leads)} ${cells.leads === 1 ? 'lead' : 'leads'}${all ? '' : ' looked at'}`;
        warned.set(variable.name, warning(variable, `{{ ${variable.name} }} is empty for ${number(empty)} of ${leads}${effect}`));
      }
    }
  };
  // Without a default at one place it has none in the mail.
  warn(({ required }) => required, ': their mails wait in review');
  warn(({ optional }) => optional, ': they get its default');
  return inOrder([...warned.values()]);
}

/** Not what the program itself knows, whether this workspace says it or not. */
function isOfLeads({ name }: TemplateVariable): boolean {
  return !['sender.name', 'sender.company', 'sender.email'].includes(name);
}

/** A brief may name columns as a template does; what is no Liquid names none. */
function variablesOfBrief({ body, path, lines }: Campaign): TemplateVariable[] {
  try {
    const { required, optional } = parseTemplate(body, { path, line: lines.body });
    return [...required, ...optional];
  } catch {
    return [];
  }
}

function warning({ line, column }: Place, message: string): TemplateWarning {
  return { line, column, message };
}
