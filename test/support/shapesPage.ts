import * as z from 'zod';
import { SHAPES } from '../../src/commands/shapes.ts';

/** The parts of JSON Schema 2020-12 that our shapes use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** `docs/json.md`: every field of every shape. */
export function shapesPage(): string {
  const parts = SHAPES.map(({ command, prints, shape }) => {
    const rows = fieldsOf(z.toJSONSchema(shape) as Schema).map(({ path, type, meaning }) => `| \`${path}\` | ${type} | ${meaning} |`);
    const title = `## ${command}\n\n\`\`\`\noutreach ${command} --json\n\`\`\`\n\n${prints === 'one' ? 'One object.' : 'One object a line, for each.'}`;
    return `${title}\n\n| field | type | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `# What \`--json\` prints

Every command takes \`--json\`: standard output then holds JSON and nothing else, and lists hold all there is. Fields are snake_case,
times ISO 8601 UTC, money USD. Of the commands below these are all the fields there are, and they are always there: a test runs each
and compares. Fields may be added; none is renamed or taken away without saying so. The same as JSON Schema 2020-12, which lets new
fields pass: [json.schema.json](json.schema.json).

${parts.join('\n')}`;
}

/** A reader of a later version meets new fields. */
function open({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

/** The same for machines; the keys are the commands. */
export function shapesSchema(): string {
  const $defs = Object.fromEntries(
    SHAPES.map(({ command, prints, shape }) => {
      const { $schema: _, ...schema } = z.toJSONSchema(shape, {
        override: open,
      });
      return [command, { $comment: prints === 'one' ? 'one object' : 'each line', ...schema }];
    }),
  );
  return `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', $defs }, null, 2)}\n`;
}

interface Field {
  readonly path: string;
  readonly type: string;
  readonly meaning: string;
}

function fieldsOf(schema: Schema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const inner = field.anyOf?.find(({ type }) => type !== 'null') ?? field;
    const own = { path, type: typeOf(field), meaning: (field.description ?? '').replaceAll('|', '\\|') };
    return [own, ...fieldsOf(inner, `${path}.`), ...fieldsOf(inner.items ?? {}, `${path}[].`)];
  });
}

function typeOf({ type, anyOf, enum: names, format, items }: Schema): string {
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (names !== undefined) return names.map((name) => `\`${name}\``).join(', ');
  if (type === 'array') return `list of ${items === undefined || items.type === 'object' ? 'objects' : `${typeOf(items)}s`}`;
  if (format === 'date-time') return 'time';
  // A nullable string may be one type of two, rather than one of two schemas.
  return format ?? [type ?? ''].flat().join(' or ');
}
