import fc from 'fast-check';

/** What has broken readers of text before: ends, nesting, invisible and wide characters, names of JavaScript, long runs. */
const PIECES = [
  ...['', ' ', '\t', '\n', '\r\n', '\r', '\0', '"', "'", '`', '\\', ',', ';', ':', '=', '@', '.', '-', '|', '&', '*', '<', '>', '#'],
  ...['(', ')', '[', ']', '{', '}', '{{', '}}', '{%', '%}', '<!--', '-->', '${', '%s', '../', '//', '\u001b]52;c;eA==\u0007', '\u009b2J'],
  ...['\u202e', '\u200b', '\ufeff', '\ud800', '\u{e0041}', 'ß', 'İ', '日本', '👩‍👧', '=?UTF-8?B?SGk=?=', 'xn--', '％', '＝'],
  ...['__proto__', 'constructor', 'null', 'true', 'NaN', '1e999', '-0', '99999999999999999999', '2026-02-30', 'data:', 'file:///'],
];

type Change = readonly ['insert' | 'repeat' | 'cut' | 'double', number, number, string];

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom('insert', 'repeat', 'cut', 'double'),
  fc.nat(10_000),
  fc.oneof({ weight: 20, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(20_000) }),
  fc.constantFrom(...PIECES),
);

/** A sample with up to six changes, or anything at all. */
export function like(samples: readonly string[]): fc.Arbitrary<string> {
  const mutant = fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 6 }))
    .map(([sample, changes]) => changes.reduce(changed, sample).slice(0, MOST));
  return fc.oneof({ weight: 6, arbitrary: mutant }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) });
}

const MOST = 200_000;

function changed(text: string, [how, where, count, piece]: Change): string {
  const at = text.length === 0 ? 0 : where % text.length;
  const [before, after] = [text.slice(0, at), text.slice(at)];
  if (how === 'insert') return before + piece + after;
  if (how === 'repeat') return before + piece.repeat(count) + after;
  return how === 'cut' ? before + after.slice(count) : before + after.slice(0, count) + after;
}
