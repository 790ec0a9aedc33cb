import { type Place, placesIn } from './places.ts';
import type { TemplateText } from './templateVariables.ts';
import { bare, usualField } from './usualNames.ts';

/** A placeholder of another program, which would be printed literally. */
export interface MergeTag extends Place {
  readonly written: string;
  /** What a template calls it. */
  readonly variable: string;
  /** False where the leads have no such column. */
  readonly isColumn: boolean;
}

/** How mail merges write a column: each form with the longest name that one has, so that the search stays linear. */
const FORMS =
  /\*\|([^|*\n]{1,60})\|\*|<<([^<>\n]{1,60})>>|«([^«»\n]{1,60})»|\$?\{([^{}\n]{1,60})\}|(?<!!)\[{1,2}([^[\]\n]{1,60})\]{1,2}(?!\()|%{1,2}([^%\s](?:[^%\n]{0,58}[^%\s])?)%{1,2}/g;
/** Square brackets stand in ordinary text, too. */
const SQUARE = 5;

/**
 * Placeholders such as `{first_name}`, `[First Name]`, `%FIRSTNAME%`, `*|FNAME|*` and `<<first_name>>`. `titles` are other names of
 * columns, as the file writes them. Only what names a column is one, or clearly names a field that these leads do not have.
 */
export function findMergeTags(texts: readonly TemplateText[], columns: readonly string[], titles: ReadonlyMap<string, string>): MergeTag[] {
  const fields = fieldsByName(columns, titles);
  return texts.flatMap(({ text, ...place }) => {
    const placeOf = placesIn(text, place);
    return [...text.matchAll(FORMS)].flatMap((match) => {
      const form = match.slice(1).findIndex((inside) => inside !== undefined) + 1;
      const name = nameIn(match[form] ?? '');
      const field = fields.get(bare(name));
      const usual = usualField(name);
      const isColumn = field !== undefined || (usual !== undefined && columns.includes(usual));
      const variable = field ?? usual;
      if (variable === undefined || (!isColumn && form === SQUARE && bare(name) !== bare(variable))) return [];
      return [{ written: match[0], variable, isColumn, ...placeOf(match.index) }];
    });
  });
}

function fieldsByName(columns: readonly string[], titles: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const fields = new Map([...titles].map(([title, field]) => [bare(title), field]));
  for (const column of columns) fields.set(bare(column), column);
  fields.delete('');
  return fields;
}

/** Without a fallback (`First Name|there`) and without the record that the column is of (`contact.first_name`). */
function nameIn(inside: string): string {
  const name = inside.split(/\||,\s*(?:fallback|default)\b/i, 1)[0]?.trim() ?? '';
  return /^\p{L}+\.[\p{L}\p{N}_ ]+$/u.test(name) ? name.slice(name.indexOf('.') + 1) : name;
}
