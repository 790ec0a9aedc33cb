import { expect, test } from 'vitest';
import { configOf, inspectConfig } from '../../src/config/config.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { Folder } from '../support/program.ts';

const BASE = 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n';
const tenfold = (name: string, of: string) => `${name}: &${name} [${Array.from({ length: 9 }, () => of)}]\n`;

test.each<[string, string, number, RegExp]>([
  ['an alias bomb', tenfold('a', 'x') + tenfold('b', '*a') + tenfold('c', '*b') + tenfold('d', '*c'), 5, /repeats something itself/],
  ['many aliases', `a: &a [x]\nb: [${Array.from({ length: 60 }, () => '*a')}]\n`, 4, /more than 50 aliases/],
  ['an alias of nothing', 'database: *nope\n', 3, /nothing above is marked &nope/],
  ['a list that holds itself', 'a: &a [*a]\n', 3, /repeats something itself|unknown key/],
  ['a NUL in a path', 'database: a\0b\n', 3, /control character/],
  ['a NUL in an escape', 'database: "a\\0b"\n', 3, /control character/],
  ['an escape sequence', 'database: "\\u001b]52;c;eA==\\u0007"\n', 3, /control character/],
  ['half a surrogate pair', 'database: "\\ud800"\n', 3, /control character/],
  ['__proto__', '__proto__: { polluted: true }\n', 3, /__proto__: unknown key/],
  ['__proto__ deeper', 'limits: { __proto__: { emails_per_month: 3 } }\n', 3, /__proto__: unknown key/],
  ['constructor', 'constructor: 1\n', 3, /constructor: unknown key/],
  ['a key that is a list', '? [a, b]\n: 1\n', 3, /a key is a word/],
  ['a tag', 'database: !!js/function "x"\n', 3, /no tag is read/],
  ['binary data', 'database: !!binary aGVsbG8=\n', 3, /no tag is read/],
  ['a merge key', 'x: &x { database: /etc/passwd }\n<<: *x\n', 3, /unknown key/],
  ['two documents', '---\nversion: 1\n', 3, /a second document/],
  ['brackets without end', `a: ${'['.repeat(90_000)}`, 3, /within more than 30 others/],
  ['dashes without end', `a:\n  ${'- '.repeat(45_000)}x\n`, 4, /within more than 30 others/],
  ['a number without end', `limits: { emails_per_month: ${'9'.repeat(400)} }\n`, 3, /emails_per_month/],
  ['no number', 'limits: { emails_per_month: .nan }\n', 3, /emails_per_month/],
])('%s in outreach.yaml is refused in its line, in no time', (_, more, line, says) => {
  const folder = new Folder();
  try {
    folder.write('outreach.yaml', BASE + more);
    const began = performance.now();
    const inspected = inspectConfig(workspaceAt(folder.path));
    expect(performance.now() - began).toBeLessThan(1_000);
    if (inspected.ok) throw new Error('it was taken');
    expect(inspected.problems[0]).toMatchObject({ line, text: expect.stringMatching(says) });
    expect(inspected.problems[0]?.column).toBeGreaterThan(0);
    expect(() => configOf(workspaceAt(folder.path), BASE + more)).toThrow(`outreach.yaml:${line}:`);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  } finally {
    folder.remove();
  }
});

test('what a person may well write is read: one value used twice, a byte order mark, CRLF, a comment with any sign', () => {
  const folder = new Folder();
  try {
    const gap = 'gap: &gap { min: 60s, max: 90s }';
    const senders = `senders:\n  - { name: a, type: outbox, from: a@b.example, ${gap} }\n  - { name: b, type: outbox, from: a@b.example, gap: *gap }\n`;
    for (const text of [BASE + senders, `\ufeff${BASE}`, BASE.replaceAll('\n', '\r\n'), `${BASE}# [[[[ - - - é\n`])
      expect(configOf(workspaceAt(folder.path), text).identity.name).toBe('Ana Ruiz');
  } finally {
    folder.remove();
  }
});
