/** A place in a template where a tag is wrong. `offset` counts characters from 0. */
export interface TagFault {
  readonly offset: number;
  readonly message: string;
}

const PARAGRAPH_END = /\n[ \t]*\n/y;
const TOKEN = /\{\{|\{%|\}\}|%\}/g;
/** A quoted value on one line; a longer one is an apostrophe that was never closed. */
const LONGEST_QUOTE = 1_000;
const CLOSES = { '{{': '}}', '{%': '%}' } as const;

/**
 * The first `{{` or `{%` that is not closed before the next tag opens or its paragraph ends, or the first `}}` or `%}`
 * that closes nothing. Liquid itself takes everything up to the next `}}` as one tag, sentences included, and prints
 * what it does not understand.
 */
export function findTagFault(source: string): TagFault | undefined {
  for (let from = 0; ; ) {
    TOKEN.lastIndex = from;
    const found = TOKEN.exec(source);
    if (found === null) return undefined;
    const [opening] = found;
    const offset = found.index;
    if (opening === '}}' || opening === '%}') return { offset, message: `${opening} closes nothing; it would be printed literally` };
    const end = endOfTag(source, offset, CLOSES[opening as keyof typeof CLOSES]);
    if (typeof end === 'string') return { offset, message: `${opening} is not closed before ${end}` };
    const block = blockOf(source.slice(offset, end));
    from = block === undefined ? end : endOfBlock(source, end, block);
    const printed = block === 'raw' ? /\{\{|\{%|\}\}|%\}/.exec(source.slice(end, from).replace(/\{%-?\s*endraw\s*-?%\}$/, '')) : null;
    if (printed !== null) return { offset: end + printed.index, message: `${printed[0]} would be printed literally` };
  }
}

/** The offset behind the tag that begins at `offset`, or what comes before its end. */
function endOfTag(source: string, offset: number, close: string): number | string {
  const isScript = /^\{%-?\s*liquid\b/.test(source.slice(offset, offset + 40));
  for (let at = offset + 2; at < source.length; at++) {
    const sign = source[at];
    if (source.startsWith(close, at)) return at + 2;
    if (source.startsWith('{{', at) || source.startsWith('{%', at)) return 'the next tag opens';
    if (sign === '\n' && !isScript) {
      PARAGRAPH_END.lastIndex = at;
      if (PARAGRAPH_END.test(source)) return 'its paragraph ends';
    }
    if (sign === '"' || sign === "'") {
      const quoted = source.indexOf(sign, at + 1);
      const value = quoted === -1 || quoted - at >= LONGEST_QUOTE ? '\n' : source.slice(at, quoted);
      // Liquid looks for quotes in {{ … }} alone: {% … %} ends at the first %}, wherever it stands.
      if (close === '%}' && value.includes(close)) return at + value.indexOf(close) + 2;
      if (!value.includes('\n')) at = quoted;
    }
  }
  return 'the text ends';
}

/** Blocks whose inside is no template. */
function blockOf(tag: string): 'raw' | 'comment' | undefined {
  return /^\{%-?\s*(raw|comment)\b/.exec(tag)?.[1] as 'raw' | 'comment' | undefined;
}

function endOfBlock(source: string, from: number, block: string): number {
  const end = new RegExp(`\\{%-?\\s*end${block}\\s*-?%\\}`, 'g');
  end.lastIndex = from;
  const found = end.exec(source);
  return found === null ? source.length : found.index + found[0].length;
}

/** What a reader must never see: a tag that nobody filled in. */
export function tagIn(text: string): string | undefined {
  return /\{\{[^{}\n]{0,40}|\}\}|\{%[^%\n]{0,40}|%\}/.exec(text)?.[0].trim();
}
