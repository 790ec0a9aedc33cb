import { blockForTerminal } from '../domain/text.ts';

/** The program's own colours: bold, dim, inverse, the colours of text but black, and their ends (SGR, ECMA-48 §8.3.117). None hides a text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are such characters
const COLOURS = /(\u001b\[(?:[0127]|2[27]|3[1-79]|9[0-7])m)/;

/**
 * What a terminal may be given, whatever stands in the text: no control but line ends, tabs and our own colours, and what
 * nobody sees by its number. Every output passes through here, so that no caller can forget it.
 */
export function printable(text: string): string {
  return text
    .split(COLOURS)
    .map((part, index) => (index % 2 === 0 ? blockForTerminal(part) : part))
    .join('');
}
