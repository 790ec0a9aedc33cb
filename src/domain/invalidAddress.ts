/**
 * Whether an API's words about its field `to` say that the address is none. That the field is missing, holds too many
 * addresses or one twice, or that somebody may not be written to, is no such evidence.
 */
export function saysAddressIsInvalid(text: string): boolean {
  const words = text.slice(0, LONGEST).replace(QUOTED_EXAMPLE, ' ');
  return INVALID.test(words) && !OTHERWISE.test(words);
}

const LONGEST = 2_000;
/** "the `email@example.com` or `Name <email@example.com>` format": never the address that was refused. */
const QUOTED_EXAMPLE = /`[^`]{0,100}@[^`]{0,100}`/g;
const ADDRESS = '(?:e-?mail )?address(?:es)?';
const INVALID = new RegExp(
  [
    `\\b(?:not|n't) (?:contain|have|be|appear to be|seem to be|look like)? ?(?:an? |any )?valid ${ADDRESS}`,
    `\\b(?:in-?valid|malformed) (?:recipient |to )?${ADDRESS}`,
    `\\b(?:address|e-?mail|recipient|\\bto[\`'"]?)(?: [^ ]{1,40})? (?:is|are) (?:in-?valid|malformed|not (?:a )?valid)\\b`,
    '\\bin-?valid [`\'"]?to[`\'"]?(?: field| parameter| address|$|[:.])',
    `[\`'"]to[\`'"] (?:field )?(?:must be|is not|should be) an? valid ${ADDRESS}`,
  ].join('|'),
  'i',
);
const OTHERWISE =
  /\b(?:from|sender|reply[-_ ]?to|cc|bcc|required|missing|at least|at most|maximum|too many|limit|more than|unique|duplicate|suppress|unsubscribe|verif|testing e)/i;
