import { parseForeignJson } from './foreignJson.ts';

/** How many objects that never end are passed over: each costs one look through the rest of the text. */
const MOST_UNFINISHED = 20;

/**
 * The objects that stand complete in a model's answer, in order; those within others are not counted. Braces and brackets within
 * quoted texts are text.
 */
export function completeObjects(text: string): string[] {
  const found: string[] = [];
  let unfinished = 0;
  for (let from = text.indexOf('{'); from !== -1; ) {
    const end = endOfObject(text, from);
    if (end !== undefined) found.push(text.slice(from, end));
    else if (++unfinished > MOST_UNFINISHED) break;
    from = text.indexOf('{', end ?? from + 1);
  }
  return found;
}

function endOfObject(text: string, from: number): number | undefined {
  let [depth, quoted] = [0, false];
  for (let at = from; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at++;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === '{') depth++;
    else if (sign === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

/** JSON as models write it where nobody holds them to its grammar. Throws as JSON.parse does for what it cannot mend. */
export function parseModelJson(text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    return parseForeignJson(mended(text));
  }
}

/** Line ends and other control characters within texts, escapes that JSON does not know, and commas behind the last part. */
function mended(text: string): string {
  const parts: string[] = [];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (quoted && sign === '\\') parts.push(escaped(text[++at] ?? ''));
    else if (quoted && sign < ' ') parts.push(CONTROLS[sign] ?? '');
    else if (!quoted && sign === ',' && isLast(text, at + 1)) continue;
    else {
      if (sign === '"') quoted = !quoted;
      parts.push(sign);
    }
  }
  return parts.join('');
}

const CONTROLS: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t' };

function escaped(sign: string): string {
  if (sign < ' ') return CONTROLS[sign] ?? '';
  return /["\\/bfnrtu]/.test(sign) ? `\\${sign}` : sign;
}

/** Whether only a bracket closes behind this place. */
function isLast(text: string, at: number): boolean {
  let next = at;
  while (' \t\r\n'.includes(text[next] ?? '.')) next++;
  return text[next] === '}' || text[next] === ']';
}
