import { escapeHtml, forTerminal } from '../domain/text.ts';

/** Markup that is known to be whole; anything else is text, and escaped. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = Html | string | number | readonly Html[];

/**
 * Markup with values in it. Whatever is not markup itself is escaped, for text and for quoted attributes
 * alike; no control character gets through, nor one that turns the reading direction.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.map((text, index) => text + (index < values.length ? markupOf(values[index] ?? '') : '')).join(''));
}

function markupOf(value: Part): string {
  if (value instanceof Html) return value.markup;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escapeHtml(forTerminal(value));
  return value.map(({ markup }) => markup).join('\n');
}
