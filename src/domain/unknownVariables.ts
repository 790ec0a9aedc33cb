import { OutreachError } from './errors.ts';
import type { TemplateVariable } from './templateVariables.ts';
import { didYouMean } from './text.ts';
import { usualField } from './usualNames.ts';

/** Refuses a template that prints something no lead of this file can have. */
export function checkVariables(required: readonly TemplateVariable[], known: Iterable<string>, path: string): void {
  const names = new Set(known);
  for (const variable of required) {
    const lack = lackOf(variable, names);
    if (lack === undefined) continue;
    throw new OutreachError('input', `${path}:${variable.line}:${variable.column}: ${lack.what}${lack.remedy}`, {
      ...(lack.isPart ? {} : { hint: hintFor(variable.name, names) }),
    });
  }
}

/** What is said of a variable that no lead can have: what is wrong, and behind it what to write. */
interface Lack {
  readonly what: string;
  readonly remedy: string;
  /** It asks for a part of a column that is there. */
  readonly isPart: boolean;
}

/** Undefined for one of `names`: the columns, and `sender.…`. */
export function lackOf({ name }: TemplateVariable, names: ReadonlySet<string>): Lack | undefined {
  if (names.has(name)) return undefined;
  const root = name.split(/[.[]/)[0] ?? name;
  if (names.has(root)) return { what: `{{ ${name} }}: a column is a text and has no parts`, remedy: `; write {{ ${root} }}`, isPart: true };
  const what = root === 'sender' ? `there is no {{ ${name} }}` : `the leads have no column for {{ ${name} }}`;
  const near = nearestName(name, names);
  return { what, remedy: near === undefined ? '' : `; did you mean {{ ${near} }}?`, isPart: false };
}

/** By a slip of the finger, or by another name that the column usually has: `{{ contact.fname }}` is first_name. */
export function nearestName(name: string, names: ReadonlySet<string>): string | undefined {
  const [root = name] = name.split(/[.[]/);
  const near = didYouMean(name, names) ?? didYouMean(root, names);
  if (near !== undefined) return near;
  const usual = usualField(name.split('.').at(-1) ?? name);
  return usual !== undefined && names.has(usual) ? usual : undefined;
}

function hintFor(variable: string, names: ReadonlySet<string>): string {
  if (variable.startsWith('sender.'))
    return `Of the sender there are ${[...names].filter((name) => name.startsWith('sender.')).join(', ')}.`;
  const columns = [...names].filter((name) => !name.includes('.')).join(', ');
  const condition = variable.includes('.') ? '' : `, or for a condition {% assign ${variable} = ${variable} | default: "" %} before it`;
  return `Columns: ${columns}. One that may be missing takes a default: {{ ${variable} | default: "…" }}${condition}.`;
}
