import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMailReply } from '../../src/domain/mailReply.ts';
import { renderBody } from '../../src/domain/rendering.ts';
import { parseTemplate } from '../../src/domain/template.ts';
import { findTagFault, tagIn } from '../../src/domain/templateTags.ts';
import { campaignWith } from '../support/bench.ts';

const PLACE = { path: 'campaigns/hello.md', line: 4 };
const parse = (source: string) => parseTemplate(source, PLACE);

test.each([
  ['Hi {{ first_name,\n\nI saw your work.\n\nBest, {{ sender.name }}', '4:4: {{ is not closed before its paragraph ends'],
  ['Hi {{ first_name, I saw {{ company }}.', '4:4: {{ is not closed before the next tag opens'],
  ['Hi,\n{% if title\nbe well', '5:1: {% is not closed before the text ends'],
  ['Hi first_name }},\nwell', '4:15: }} closes nothing'],
  ['Hi {{ first_name }}}},', '4:20: }} closes nothing'],
  ['Hi,\n\nthis %} that', '6:6: %} closes nothing'],
  ['{% if title %}x{% endif\n\nmore {{ company }}', '4:16: {% is not closed before its paragraph ends'],
  ['{% assign a = "x" | append: "%}" %}', '4:34: %} closes nothing'],
  ['{% raw %}{{ first_name }}{% endraw %}', '4:10: {{ would be printed literally'],
])('a tag that is not closed is refused with its place: %s', (source, message) => {
  expect(() => parse(source)).toThrow(message);
});

test.each([
  'Hi {{ first_name | default: "there }} you" }},\n\n{% if title %}x{% endif %}',
  "{{ first_name | default: 'it''s' }} and {%- if company -%} {{- company -}} {%- endif -%}",
  '{% comment %} {{ not a tag {% endcomment %}Hi',
  '{{ first_name\n | default: "x" }}',
  '{% liquid\nassign a = 1\n\nassign b = 2\n%}Hi',
  'a { b } c % d',
])('whole tags are whole tags: %s', (source) => {
  expect(findTagFault(source)).toBeUndefined();
});

test('braces in a cell are data: they are neither run nor sent', () => {
  const campaign = campaignWith({ body: 'Hi {{ first_name }} of {{ company }}' });
  const lead = { email: 'a@b.example', first_name: 'Ann', company: '{{ sender.email }} Ltd' };
  expect(renderBody(campaign, lead)).toEqual({
    ok: false,
    reason: "the text would show {{ sender.email to its reader; it stands in this lead's company",
  });
  expect(renderBody(campaign, { ...lead, company: '{% for %}' })).toMatchObject({ ok: false });
  const joined = campaignWith({ body: 'Hi {{ first_name }}{{ company }}' });
  expect(renderBody(joined, { ...lead, first_name: 'a{', company: '{b' })).toMatchObject({ ok: false });
});

test('what a model writes is held to the same', () => {
  expect(readMailReply('{"subject":"Hi {{ first_name }}","body":"Well"}')).toMatchObject({ kind: 'unusable' });
  expect(readMailReply('{"subject":"Hi","body":"Dear {% name %}"}')).toMatchObject({ kind: 'unusable' });
});

test('a loop over a long cell ends at the budget, in a variable too', () => {
  const tags = 'word,'.repeat(6_000);
  const loop = '{% assign parts = tags | split: "," %}{% for t in parts %}- {{ t }} at {{ company }}\n{% endfor %}';
  for (const body of [loop, `{% capture all %}${loop}{% endcapture %}{{ all | size }}`, loop.replace('{{ t }}', loop)]) {
    const began = process.cpuUsage();
    const written = renderBody(campaignWith({ body }), { email: 'a@b.example', tags, company: 'x'.repeat(30_000) });
    expect(written).toMatchObject({ ok: false, reason: expect.stringMatching(/more than \d+ (steps|bytes)/) });
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(3_000);
  }
});

const CELL = 'a,'.repeat(50_000);
const LOOP = '{% assign list = c | split: "," %}{% for i in (1..9000) %}';

/** What a template can be made to do with a cell of 100 kB; each ends at a bound on steps, on bytes or on memory, before that on time. */
test.each([
  ['loops in loops', '{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}'],
  ['empty loops in loops', `${LOOP}{% for x in list %}{% endfor %}{% endfor %}`],
  ['a range without an end', '{% for i in (1..100000000) %}{% endfor %}'],
  ['a range that a cell ends', '{% for i in (1..stars) %}*{% endfor %}'],
  ['a table of a range', '{% tablerow i in (1..9999990) %}{% endtablerow %}'],
  ['the size of a range', '{% assign a = (1..9000000) %}{{ a | size }}'],
  ['a split of a split', '{% assign a = c | split: "" %}{% for x in a %}{% assign b = c | split: "" %}{% endfor %}'],
  ['an append that doubles', '{% assign a = c %}{% for i in (1..99) %}{% assign a = a | append: a %}{% endfor %}'],
  ['a capture that doubles', '{% assign a = c %}{% for i in (1..99) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}'],
  ['a list that doubles', '{% assign a = c | split: "," %}{% for i in (1..99) %}{% assign a = a | concat: a %}{% endfor %}'],
  ['a long chain of filters', `{% for i in (1..9000) %}{{ "" ${'| upcase'.repeat(5_000)} }}{% endfor %}`],
  ['a replacement of each letter', '{{ c | replace: "a", c }}'],
  ['a date of ten billion digits', '{{ "2026-01-01" | date: "%9999999999Y" }}'],
  ['a date whose format stands in the cell', '{{ "2026-01-01" | date: d }}'],
  ['a slice without an end', '{{ c | slice: 0, 999999999 }}'],
  ...[
    'sort',
    'sort_natural',
    'reverse | uniq | compact',
    'where: "size", 3',
    'map: "size" | sum',
    'group_by: "size"',
    'join: c',
    'inspect',
  ].map((filter) => [`${filter} in a loop`, `${LOOP}{% assign b = list | ${filter} %}{% endfor %}`] as const),
  ['a comparison of lists in a loop', `${LOOP}{% if list == list %}{% endif %}{% endfor %}`],
  ['a search in a loop', `${LOOP}{% if c contains e %}{% endif %}{% endfor %}`],
  ['a filter that reads an expression, in a loop', `${LOOP}{% assign b = list | where_exp: "i", "i contains c" %}{% endfor %}`],
  ['a cell that is printed in a loop', `${LOOP}{{ c }}{% endfor %}`],
  ['characters of several bytes', '{% for i in (1..9000) %}{{ e }}{% endfor %}'],
] as const)('%s ends at a bound that does not hang on the machine', (_, body) => {
  const lead = { email: 'a@b.example', c: CELL, d: '%999999999Y', stars: '9999990', e: '\u{1f600}'.repeat(100) };
  const began = process.cpuUsage();
  const written = renderBody(campaignWith({ body }), lead);
  expect(written).toMatchObject({ ok: false, reason: expect.stringMatching(/more than \d+ (steps|bytes)|more memory than a mail may/) });
  expect(process.cpuUsage(began).user / 1_000).toBeLessThan(3_000);
});

test('ordinary loops and conditions render as before', () => {
  const body =
    '{% for w in (1..3) %}{% if w == 2 %}{% continue %}{% endif %}{{ w }}{% endfor %}{% capture x %}[{{ first_name }}]{% endcapture %}{{ x }}';
  expect(renderBody(campaignWith({ body }), { email: 'a@b.example', first_name: 'Ann' })).toEqual({ ok: true, text: '13[Ann]' });
});

test('no template that is taken prints a tag, whatever it holds, and faults are found in linear time', () => {
  const piece = fc.constantFrom(
    '{{ ',
    ' }}',
    '{% ',
    ' %}',
    'first_name',
    'Hi ',
    '\n',
    '\n\n',
    '"',
    "'",
    '{',
    '}',
    'if x',
    'endif',
    'raw',
    'endraw',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const source = pieces.join('');
      if (findTagFault(source) !== undefined) return;
      try {
        expect(tagIn(parse(source).render({ fields: { first_name: 'Ann' }, sender: {} }))).toBeUndefined();
      } catch (error) {
        if ((error as Error).name === 'AssertionError') throw error;
      }
    }),
    { numRuns: 2_000 },
  );
  for (const one of ['{{ x }}', '{{ "', '{% raw %}', "{{ ' }}", '{% comment %}']) {
    const began = process.cpuUsage();
    findTagFault(one.repeat(100_000));
    expect(process.cpuUsage(began).user / 1_000, one).toBeLessThan(2_000);
  }
});
