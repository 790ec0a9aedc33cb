import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapColumns } from '../../src/csv/columns.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { markInvisible, withoutInvisible } from '../../src/domain/invisible.ts';
import { withoutInvisibleText } from '../../src/domain/lead.ts';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { parseWho } from '../../src/domain/suppression.ts';
import { blockForTerminal, forTerminal, jsonForTerminal } from '../../src/domain/text.ts';
import { inAscii } from '../../src/terminal/abilities.ts';
import { columnsOf } from '../../src/terminal/columns.ts';

const KEPT = {
  'Persian with ZWNJ': ['می\u200cخواهم', 'کتاب\u200cهای', 'PDF\u200cها', '۵\u200cساله', 'خانه\u200c'],
  'Arabic with ZWJ, harakat, tatweel and ALM': ['ه\u200d', 'مُحَمَّد', 'عـــلي', '\u061c١٢٣', 'السعر \u200f(100)'],
  'Urdu, Pashto, Kurdish': ['کے\u200cلیے', 'د\u200cمور', 'دە\u200cچم'],
  'Hindi, Marathi, Nepali': ['क्\u200dष', 'क्\u200cष', 'र्\u200dय', 'श्री'],
  'Bengali, Tamil, Malayalam, Kannada': ['র\u200d্যাব', 'க்\u200cஷ', 'ന്\u200d', 'ರ್\u200dಕ'],
  Sinhala: ['ශ්\u200dරී ලංකා'],
  'Hebrew with points and marks': ['שָׁלוֹם', 'C++\u200e ושלום', 'שלום!\u200f'],
  Thai: ['สวัสดี', 'ภาษา\u200bไทย'],
  'Khmer, Lao, Burmese, Tibetan': ['ភាសា\u200bខ្មែរ', 'ພາສາ\u200bລາວ', 'မြန်မာ\u200bဘာသာ', 'བོད་སྐད'],
  Mongolian: ['ᠮᠣᠩᠭᠣᠯ\u180eᠠ', 'ᠤ\u180b', 'ᠭ\u180b\u180eᠠ'],
  'Korean, whole and as jamo': ['한국어', '\u1112\u1161\u11ab', 'ㅎㅏㄴ'],
  'Japanese with variants': ['葛\u{e0100}城', '辻\u{e0101}', '渡邉\ufe00', 'ﾊﾟｿｺﾝ'],
  'European letters, composed and not': ['Zoë', 'Zoe\u0308', 'ß', 'Ångström', 'Đặng Thị', 'Łódź', 'ĐORĐE', 'Ἀθῆναι', 'Київ'],
  Mathematics: ['∩\ufe00', '≨\ufe00'],
  'Emoji with presentation': ['❤\ufe0f', '❤\ufe0e', '☎\ufe0f', '©\ufe0f', '‼\ufe0f', '✈\ufe0e', '😀', '🫠'],
  Families: ['👨‍👩‍👧‍👦', '👩‍❤️‍💋‍👨', '🧑🏻‍❤️‍💋‍🧑🏿', '👩🏽‍🚀', '🧔‍♂️', '🕵🏻‍♂️', '👨🏾‍🦰', '🧑‍🧑‍🧒'],
  'Other joined emoji': ['🏳️‍🌈', '🏳️‍⚧️', '🏴‍☠️', '🐦‍⬛', '🍋‍🟩', '❤️‍🔥', '👁️‍🗨️', '⛓️‍💥', '🙂‍↔️'],
  Keycaps: ['1️⃣', '#️⃣', '*️⃣'],
  'Skin tones': ['👍🏽', '☝🏿', '🤝🏻'],
  Flags: ['🇪🇸', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
} as const;
const ALL_KEPT: readonly string[] = Object.values(KEPT).flat();

test.each(Object.entries(KEPT))('what it needs stays where it is, and is shown as it is: %s', (_, texts) => {
  for (const text of texts) {
    expect(withoutInvisible(text)).toBe(text);
    expect(markInvisible(text)).toBe(text);
    expect(withoutInvisible(`x ${text}, y`)).toBe(`x ${text}, y`);
  }
});

test.each([
  ['bidi embeddings, overrides and isolates', 'a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069b', 'ab'],
  ['overrides, in Hebrew too', 'ש\u202eלום\u202c', 'שלום'],
  ['bidi marks where nothing runs from right to left', '\u200eAna\u200f \u061cRuiz', 'Ana Ruiz'],
  ['bidi marks in a row, which say nothing more', 'שלום\u200e\u200f\u200e\u200f', 'שלום\u200e'],
  ['zero-width characters', 'A\u200bn\u200ca\u200d R\u2060u\ufeffiz', 'Ana Ruiz'],
  ['soft hyphens and the grapheme joiner', 'Daten\u00adschutz a\u034f\u0308', 'Datenschutz a\u0308'],
  ['invisible operators and deprecated controls', 'a\u2061\u2062\u2063\u2064\u2065\u206a\u206fb', 'ab'],
  ['fillers', 'a\u115f\u1160\u3164\uffa0\u17b4\u17b5b', 'ab'],
  ['a Mongolian gap between Latin letters', 'a\u180eb\u180b', 'ab'],
  ['annotations and the mark of an object', 'a\ufff9b\ufffac\ufffb\ufffc', 'abc'],
  ['tags', 'Hi\u{e0001}\u{e0049}\u{e0067}\u{e007f}', 'Hi'],
  ['tags that make no flag', '🏴\u{e0075}\u{e0073}\u{e0063}\u{e0061}\u{e007f}', '🏴'],
  ['the tags of a flag behind something else', 'x\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}', 'x'],
  ['variation selectors in a row', '😀\ufe0f\ufe0e\u{e0101}\u{e0120}', '😀\ufe0f'],
  ['variation selectors behind letters', 'a\ufe0fb\ufe00c\u{e0100} 1\ufe0f', 'abc 1'],
  ['joiners in a row', 'می\u200c\u200d\u200cخ', 'می\u200cخ'],
  ['joiners of half an emoji', '👩\u200d x \u200d🚀', '👩 x 🚀'],
  ['controls for shorthand and music', 'a\u{1bca0}\u{1d173}\u{13430}b', 'ab'],
  ['noncharacters and what is reserved', 'a\uffff\u{1fffe}\ufdd0\ufff0\u{e0fff}b', 'ab'],
  ['halves of a character', 'a\ud83d b\ude00', 'a b'],
])('removed before a mail is made, and shown otherwise: %s', (_, text, cleaned) => {
  expect(withoutInvisible(text)).toBe(cleaned);
  expect(markInvisible(text).replace(/⟨U\+[0-9A-F]{4,6}⟩/g, '')).toBe(cleaned);
  expect(markInvisible(text).match(/⟨/g)).toHaveLength([...text].length - [...cleaned].length);
});

/** Any text, dense in what matters here. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(...ALL_KEPT, ' ', 'a', '1', '\n', '=?utf-8?q?', '🏴', '😀', '❤', 'م', 'ก', 'ש', '葛', 'ᠠ', '\u{13000}', '\u{13430}'),
      fc.constantFrom(...'\u200b\u200c\u200d\u200e\u200f\u061c\u202e\u2060\ufeff\u00ad\ufe0f\ufe0e\ufe00\u180b\u180e\u20e3\u034f\u3164'),
      fc.constantFrom('\u{e0067}', '\u{e0062}', '\u{e0065}', '\u{e006e}', '\u{e007f}', '\u{e0100}', '\u{1f3fb}', '\ud83d', '\ude00'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
  )
  .map((parts) => parts.join(''));

/** Nothing needs these, whatever stands beside them. */
const NEVER =
  /\u034f|[\u00ad\u115f\u1160\u17b4\u17b5\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffc\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e002f}]|\p{Surrogate}|\p{Noncharacter_Code_Point}|(?:[\u200b-\u200f]|[\ufe00-\ufe0f]){3}/u;

test('whatever a cell holds, cleaning it twice is cleaning it once, and leaves nothing that is never needed', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const cleaned = withoutInvisible(text);
      expect(withoutInvisible(cleaned)).toBe(cleaned);
      expect(cleaned).not.toMatch(NEVER);
      expect(markInvisible(cleaned).replace(/⟨U\+[0-9A-F]+⟩/g, '')).toBe(cleaned.replace(/\p{Private_Use}/gu, ''));
      expect(forTerminal(text)).not.toMatch(NEVER);
      expect(blockForTerminal(text)).not.toMatch(NEVER);
      expect(JSON.parse(jsonForTerminal({ text }))).toEqual({ text });
      expect(jsonForTerminal({ text })).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/);
    }),
    { numRuns: 300 },
  );
});

test('a cell of 60,000 characters is cleaned and shown in a moment, whatever it is made of', () => {
  const pieces = ['\u200d', '\u202e', 'م\u200c', 'a\u200e', '😀\u200d', '🏴\u{e0067}\u{e0062}', '葛\u{e0100}', '\u200e\n', '=?', 'a'];
  for (const piece of pieces) {
    const text = `${piece.repeat(60_000 / piece.length)}x`;
    const began = performance.now();
    withoutInvisible(text);
    forTerminal(text);
    jsonForTerminal(text);
    expect(performance.now() - began, JSON.stringify(piece)).toBeLessThan(4_000);
  }
});

test('a cell of nothing visible is an empty one, and what is around a value goes with it', () => {
  expect(withoutInvisibleText({ first_name: '\u200b\ufeff', company: '\u200e Harbour\u00ad \u2060' })).toEqual({ company: 'Harbour' });
});

test('a model’s mail is cleaned like a cell, and one of nothing visible is no mail', () => {
  const reply = JSON.stringify({ subject: 'Hi\u{e0041}\u{e0042} \u202eyou', body: 'می\u200cخواهم\u200b\n\nA\u00adna' });
  expect(readMailReply(reply)).toEqual({ kind: 'mail', subject: 'Hi you', body: 'می\u200cخواهم\n\nAna' });
  expect(readMailReply(JSON.stringify({ subject: '\u{e0041}\u200b', body: 'x' }))).toMatchObject({
    kind: 'unusable',
    trouble: 'subject is empty',
  });
});

test.each([
  'a\u00ad@x.example',
  'a@x\u00ad.example',
  'a@x\u2060.example',
  'a@x\ufe0f.example',
  'a@x\u{e0061}.example',
  '\u202ea@x.example',
])('an address with something in it that nobody sees is none, and the reason shows it: %j', (cell) => {
  const check = parseAddress(cell);
  expect(check).toMatchObject({ ok: false, reason: expect.stringMatching(/nobody sees: .*⟨U\+[0-9A-F]+⟩/) });
  // A wish to get no mail is understood all the same.
  expect(parseWho(cell)).toEqual({ ok: true, kind: 'address', key: 'a@x.example' });
});

test('what copying leaves around an address is no part of it, and a name keeps its joiners', () => {
  for (const cell of ['\u200ba@x.example\u00a0', 'mailto:\ufeffa@x.example', '<a@x.example\u200b>'])
    expect(parseAddress(cell)).toMatchObject({ ok: true, address: { email: 'a@x.example' } });
  expect(parseAddress('می\u200cخواهم <a@x.example>')).toMatchObject({ ok: true, address: { name: 'می\u200cخواهم' } });
});

test('a terminal shows each by its number, in ASCII where it must, and counts columns of what it shows', () => {
  expect(forTerminal('a\u202eb\u{e0041}\ue000')).toBe('a⟨U+202E⟩b⟨U+E0041⟩⟨U+E000⟩');
  expect(forTerminal('\ufeffa\ufeff')).toBe('⟨U+FEFF⟩a⟨U+FEFF⟩');
  expect(blockForTerminal('a\u200b\r\n\u2066b')).toBe('a⟨U+200B⟩\n⟨U+2066⟩b');
  expect(inAscii(forTerminal('\u202e'))).toBe('<U+202E>');
  expect(jsonForTerminal({ a: 'é\u202e\u{e0041}\u200f' })).toBe('{"a":"é\\u202e\\udb40\\udc41\\u200f"}');
  expect(columnsOf(forTerminal('a\u202eb'))).toBe('a⟨U+202E⟩b'.length);
  for (const [text, columns] of [
    ['👨‍👩‍👧‍👦', 2],
    ['❤\ufe0f', 2],
    ['1️⃣', 2],
    ['می\u200cخ', 3],
    ['葛\u{e0100}', 2],
    ['שלום\u200f', 4],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', 2],
  ] as const)
    expect(columnsOf(text), text).toBe(columns);
});

test('a column is known by what is seen of its name', () => {
  const header = ['E\u200bmail', 'First\u00ad name', 'Pro\u2060posal\u3164'];
  expect(mapColumns(header, new Map(), 'leads.csv')).toEqual(['email', 'first_name', 'proposal']);
});
