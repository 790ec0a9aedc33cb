/**
 * Characters that a reader does not see: which of them a mail may hold, and how the others are shown.
 * docs/campaign-files.md, "Characters that nobody sees", says the same to people.
 */

/**
 * Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) holds the bidi controls of UAX #9, joiners, zero-width
 * and tag characters, variation selectors, fillers, the soft hyphen and what is reserved for more of them. Beside it:
 * interlinear annotation and the mark of an object that is not there (Unicode 23.8), controls that lay out hieroglyphs,
 * noncharacters, and halves of a surrogate pair, which no mail can carry.
 */
const INVISIBLE = String.raw`\p{Default_Ignorable_Code_Point}\ufff9-\ufffc\u{13430}-\u{1343f}\p{Noncharacter_Code_Point}\p{Surrogate}`;

/** Each reader's font decides what it is, so it is shown by number. It stays in the mail: names in older Chinese encodings need it. */
const PRIVATE = String.raw`\p{Private_Use}`;

/** ZWJ and ZWNJ choose the form of letters here (Unicode 9.2, 12 and 13; RFC 5892 A.1, A.2). */
const JOINING = scripts(
  'Adlm Arab Mand Mani Mong Nkoo Phag Phlp Rohg Sogd Syrc', // cursive
  'Bali Beng Cakm Deva Gran Gujr Guru Java Khmr Knda Kthi Lana Mlym Modi Mtei Mymr Newa Orya Saur Shrd Sidd Sinh Sund Takr Taml Telu Tibt Tirh', // Indic
);
/** They separate words by no space, and ZWSP says where a line may break (Unicode 16, 23.2). */
const UNSPACED = scripts('Khmr Lana Laoo Mymr Tale Talu Thai Tibt');
const MONGOLIAN = scripts('Mong');
/** Lines in which LRM, RLM and ALM put punctuation and numbers into their place (UAX #9 §2.6). */
const RIGHT_TO_LEFT = scripts('Adlm Arab Hebr Mand Nkoo Rohg Samr Syrc Thaa');

/** Of three hidden flags, the subdivisions that have one (UTS #51, ED-14a and emoji-sequences.txt). Any other tags are a hidden text. */
const SUBDIVISIONS = ['gbeng', 'gbsct', 'gbwls'].map((name) => `${[...name].map(tagOf).join('')}\\u{e007f}`).join('|');

/** What is kept, each beside what needs it. Nothing that is removed counts as a neighbour, so cleaning twice changes nothing more. */
const NEEDED: readonly string[] = [
  String.raw`(?<=\u{1f3f4})(?:${SUBDIVISIONS})`,
  // Emoji joined to one (UTS #51, ED-16), keycaps (ED-14c), text and emoji presentation (ED-9a).
  String.raw`(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d(?=\p{Extended_Pictographic})`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
  String.raw`(?<=(?![0-9#*])[\p{Emoji}\p{Extended_Pictographic}])[\ufe0e\ufe0f]`,
  // Variants of one ideograph, as in Japanese names (UTS #37), and of mathematical signs and letters (StandardizedVariants.txt).
  String.raw`(?<=\p{Ideographic})[\ufe00-\ufe02\u{e0100}-\u{e01ef}]`,
  String.raw`(?<=[\p{Sm}${scripts('Mymr Phag Mani')}])\ufe00`,
  // Forms of Mongolian letters, and the gap before a last vowel (Unicode 13.5).
  String.raw`(?<=(?![${INVISIBLE}])[${MONGOLIAN}])(?:[\u180b-\u180d\u180f]\u180e?|\u180e)`,
  String.raw`(?<=(?![${INVISIBLE}])[${JOINING}])[\u200c\u200d]`,
  String.raw`(?<![${INVISIBLE}])[\u200c\u200d](?=(?![${INVISIBLE}])[${JOINING}])`,
  String.raw`(?<=(?![${INVISIBLE}])[${UNSPACED}])\u200b(?=(?![${INVISIBLE}])[${UNSPACED}])`,
  String.raw`(?<=[\u{13000}-\u{1342f}])[\u{13430}-\u{1343f}]`,
];
const MARKS = String.raw`(?<![${INVISIBLE}])[\u200e\u200f\u061c]`;

/** Almost every text: Latin letters and punctuation. It spares the tables of Unicode. */
const PLAIN = /^[\t\n\r\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027]*$/;

/** For what a lead or a model wrote, before a mail is made of it: without what nobody sees, but for what scripts and emoji need. */
export function withoutInvisible(text: string): string {
  return replaced(text, 'removed', () => '');
}

/** Whether there is any, needed or not: in an address none is. */
export function holdsInvisible(text: string): boolean {
  return !PLAIN.test(text) && patternsOf('removed').any.test(text);
}

/** For a person's eyes: what `withoutInvisible` would remove stands there as `⟨U+202E⟩`, private characters too. */
export function markInvisible(text: string): string {
  return replaced(text, 'shown', (sign) => `⟨U+${hex(sign.codePointAt(0) ?? 0)}⟩`);
}

/** For JSON on a terminal: the same characters, and every bidi mark, as \uXXXX. */
export function escapeInvisible(json: string): string {
  return replaced(json, 'escaped', (sign) =>
    Array.from({ length: sign.length }, (_, at) => `\\u${hex(sign.charCodeAt(at)).toLowerCase()}`).join(''),
  );
}

type Purpose = 'removed' | 'shown' | 'escaped';

function replaced(text: string, purpose: Purpose, instead: (sign: string) => string): string {
  if (PLAIN.test(text)) return text;
  const { any, signs, rightToLeft, signsOfRightToLeft } = patternsOf(purpose);
  if (!any.test(text)) return text;
  return text
    .split('\n')
    .map((line) =>
      line.replace(
        rightToLeft?.test(line) ? signsOfRightToLeft : signs,
        (sign: string, needed: string | undefined) => needed ?? instead(sign),
      ),
    )
    .join('\n');
}

interface Patterns {
  readonly any: RegExp;
  /** What is needed, in the first group; else one sign to replace. */
  readonly signs: RegExp;
  /** Undefined where bidi marks are replaced in every line. */
  readonly rightToLeft: RegExp | undefined;
  readonly signsOfRightToLeft: RegExp;
}

/** Made when first needed: most commands meet no such text. */
const made: Partial<Record<Purpose, Patterns>> = {};

function patternsOf(purpose: Purpose): Patterns {
  const known = made[purpose] ?? patternsFor(purpose);
  made[purpose] = known;
  return known;
}

function patternsFor(purpose: Purpose): Patterns {
  const replacedOnes = purpose === 'removed' ? INVISIBLE : `${INVISIBLE}${PRIVATE}`;
  const signs = (needed: readonly string[]) => new RegExp(`(?=[${replacedOnes}])(?:(${needed.join('|')})|.)`, 'gsu');
  return {
    any: new RegExp(`[${replacedOnes}]`, 'u'),
    signs: signs(NEEDED),
    rightToLeft: purpose === 'escaped' ? undefined : new RegExp(`(?![${INVISIBLE}])[${RIGHT_TO_LEFT}]`, 'u'),
    signsOfRightToLeft: signs([...NEEDED, MARKS]),
  };
}

/** Letters, marks and digits of these scripts, also those that they share with others. */
function scripts(...codes: readonly string[]): string {
  return codes
    .join(' ')
    .split(' ')
    .map((code) => `\\p{Script_Extensions=${code}}`)
    .join('');
}

function tagOf(letter: string): string {
  return `\\u{${(0xe0000 + (letter.codePointAt(0) ?? 0)).toString(16)}}`;
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}
