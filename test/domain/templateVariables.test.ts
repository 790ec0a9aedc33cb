import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EmptyCells } from '../../src/domain/emptyCells.ts';
import { KNOWN_FIELDS } from '../../src/domain/lead.ts';
import { parseTemplate } from '../../src/domain/template.ts';
import { type Columns, columnWarnings, emptyWarnings, NO_LEADS, printedVariables } from '../../src/domain/templateWarnings.ts';
import { nearestName } from '../../src/domain/unknownVariables.ts';
import { campaignWith } from '../support/bench.ts';

const LEADS: Columns = { names: ['email', 'first_name', 'company', 'title', 'city'], titles: new Map([['Firma', 'company']]) };
const parse = (source: string) => parseTemplate(source, { path: 'campaigns/hello.md', line: 4 });
const said = (body: string, columns = LEADS) =>
  columnWarnings(campaignWith({ body, subject: 'Hi' }), columns, 'default only').map(
    ({ line, column, message }) => `${line}:${column}: ${message}`,
  );

test('a default within a condition or a loop excuses a missing value there, too', () => {
  const { required, optional } = parse(
    '{% if title %}{{ company | default: "x" }}{% for i in (1..2) %}{{ city | default: "y" }}{% endfor %}{% endif %}',
  );
  expect(required.map(({ name }) => name)).toEqual(['title']);
  expect(optional.map(({ name, line, column }) => [name, line, column])).toEqual([
    ['company', 4, 18],
    ['city', 4, 67],
  ]);
});

test('a variable with a default that no lead has is told with its place and the nearest column', () => {
  const line = campaignWith({}).lines.body;
  expect(
    said('Hi,\n{% if title %}{{ compny | default: "you" }}{% endif %} {{ sender.nmae | default: "" }} {{ wholly_other | default: "" }}'),
  ).toEqual([
    `${line + 1}:18: the leads have no column for {{ compny }}, so every mail has its default; did you mean {{ company }}?`,
    `${line + 1}:59: there is no {{ sender.nmae }}, so every mail has its default; did you mean {{ sender.name }}?`,
    `${line + 1}:91: the leads have no column for {{ wholly_other }}, so every mail has its default`,
  ]);
  expect(said('{{ company.name | default: "x" }}')).toEqual([
    expect.stringContaining('a column is a text and has no parts, so every mail has its default; write {{ company }}'),
  ]);
});

test.each([
  '{% assign field = company | default: "x" %}{{ field | default: "y" }}',
  '{% for word in (1..3) %}{{ word | default: "" }}{{ forloop.index | default: 1 }}{% endfor %}',
  '{% capture all %}{{ city }}{% endcapture %}{{ all | default: "x" }}',
  '{{ sender.company | default: "x" }} {{ sender.name }} {{ sender.email }}',
  '{{ "now" | date: "%Y" | default: "x" }}',
])('what the template itself or the program names is no slip: %s', (body) => {
  expect(said(body)).toEqual([]);
});

test('a condition on a column that no lead has is refused, and told where nothing refuses', () => {
  const campaign = campaignWith({ body: '{% if compny %}Hi{% endif %}' });
  expect(parse(campaign.body).required.map(({ name }) => name)).toEqual(['compny']);
  expect(columnWarnings(campaign, LEADS, 'required').map(({ message }) => message)).toEqual([
    'the leads have no column for {{ compny }}; did you mean {{ company }}?',
  ]);
});

test('while there are no leads only slips in usual names are told', () => {
  expect(said('{{ compny | default: "x" }} {{ industry | default: "x" }} {{ fisrt_name | default: "x" }}', NO_LEADS)).toEqual([
    expect.stringContaining('did you mean {{ company }}?'),
    expect.stringContaining('did you mean {{ first_name }}?'),
  ]);
});

test('the usual names of other programs lead to the column', () => {
  const names = new Set(LEADS.names);
  expect(['contact.fname', 'FirstName', 'Vorname', 'organisation', 'jobtitle', 'nothing'].map((name) => nearestName(name, names))).toEqual([
    'first_name',
    'first_name',
    'first_name',
    'company',
    'title',
    undefined,
  ]);
});

test('a brief is no template, but a column that it names wrongly is told', () => {
  const brief = (body: string) =>
    columnWarnings(campaignWith({ generator: 'ai', subject: null, body }), LEADS, 'default only').map(({ message }) => message);
  expect(brief('Ask {{ first_name }} of {{ compny }}, [Name], {city}.')).toEqual([
    'the leads have no column for {{ compny }}, and a brief is not a template; did you mean {{ company }}?',
  ]);
  expect(brief('Write {{ as you like. 100 % %}')).toEqual([]);
});

test.each([
  ['{first_name}', 'first_name'],
  ['{First Name}', 'first_name'],
  [`\${first_name}`, 'first_name'],
  ['[First Name]', 'first_name'],
  ['[FIRSTNAME]', 'first_name'],
  ['[firstname,fallback=there]', 'first_name'],
  ['[[Company]]', 'company'],
  ['%FIRSTNAME%', 'first_name'],
  ['%%First Name%%', 'first_name'],
  ['%recipient.company%', 'company'],
  ['*|FNAME|*', 'first_name'],
  ['*|COMPANY|*', 'company'],
  ['<<first_name>>', 'first_name'],
  ['«Vorname»', 'first_name'],
  ['{Firma}', 'company'],
  ['{contact.city|your town}', 'city'],
])('%s is a placeholder of another program', (written, variable) => {
  const line = campaignWith({}).lines.body;
  expect(said(`Hi,\n\nto ${written}`)).toEqual([`${line + 2}:4: ${written} would be printed literally; write {{ ${variable} }}`]);
  expect(said(`{% if title %}${written}{% endif %}`)).toHaveLength(1);
});

test.each([
  '[see below] (1) {ok} { } [1] <b>bold</b> [x] [yes/no]',
  '50 % off, 20% city tax and 30% more',
  '![Company](logo.png) and [Company](https://company.example)',
  'https://company.example/?q=%20city%20x&a=[]',
  '{% raw %}[First Name]{% endraw %}{% comment %}{company}{% endcomment %}',
  '{{ first_name | default: "[Company]" }}',
  '[site] [mobile] [web]',
  'if (a < b) { return } and x << y >> z',
])('ordinary text in brackets is none: %s', (body) => {
  expect(said(body)).toEqual([]);
});

test('a placeholder for a field that the leads lack is told as such', () => {
  expect(said('Hi {last_name}, *|LNAME|*, [Last name]')).toEqual(
    Array.from({ length: 3 }, () => expect.stringContaining('it looks like {{ last_name }}, a column that the leads do not have')),
  );
});

test('placeholders are found in linear time', () => {
  for (const one of ['{ ', '[', '%', '*|', '<<', '«', '{first_name}', '[a', '%a ', '\n{x}', '*|a|', '${ ']) {
    const body = one.repeat(Math.floor(400_000 / one.length));
    const began = process.cpuUsage();
    said(body);
    expect(process.cpuUsage(began).user / 1_000, one).toBeLessThan(3_000);
  }
});

test('a variable that is empty for more than a fifth of the leads is told once, where it stands first', () => {
  const body =
    '{{ first_name | default: "there" }} {{ company }}\n{{ company | default: "x" }}{% if city %}{{ city }}{% endif %}{% if title == "CEO" %}x{% endif %}';
  const campaign = campaignWith({ body, subject: 'For {{ first_name | default: "you" }}' });
  expect(printedVariables(campaign, LEADS.names)).toEqual(['first_name', 'company']);
  const cells = new EmptyCells(printedVariables(campaign, LEADS.names));
  for (let n = 0; n < 120; n++)
    cells.look({ ...(n < 34 ? {} : { first_name: 'Ann' }), company: n < 24 ? 'X' : '\u200b', ...(n < 24 ? {} : {}) });
  const { subject, body: text } = campaign.lines;
  expect(emptyWarnings(campaign, cells, true)).toEqual([
    { line: subject, column: 8, message: '{{ first_name }} is empty for 34 of 120 leads: they get its default' },
    { line: text, column: 40, message: '{{ company }} is empty for 96 of 120 leads: their mails wait in review' },
  ]);
  expect(emptyWarnings(campaign, cells, false)[0]?.message).toContain('34 of 120 leads looked at');
});

test('a fifth is not more than a fifth, and a name of an object is no value', () => {
  const campaign = campaignWith({ body: '{{ company }} {{ constructor }}', subject: 'Hi' });
  const cells = new EmptyCells(printedVariables(campaign, ['company', 'constructor']));
  for (let n = 0; n < 10; n++) cells.look(n < 2 ? {} : ({ company: 'X', constructor: n < 8 ? 'c' : '' } as Record<string, string>));
  expect(emptyWarnings(campaign, cells, true).map(({ message }) => message)).toEqual([
    expect.stringContaining('{{ constructor }} is empty for 4 of 10 leads'),
  ]);
});

test.each([
  ['{{ first name }}', '4: "first name" is no name; write first_name'],
  ['Hi\n{% if first name %}x{% endif %}', '5: "first name" is no name; write first_name'],
  ['Hi\n\n{% if x %}{{ first_name | default: "{{ name }}" }}{% endif %}', '6: {{ name stands in quotes and would be printed literally'],
  ['{{ "{{" | append: "x" }}', '4: {{ stands in quotes'],
  ['{% assign a = "x" | append: "{{ y }}" %}', '4: {{ y stands in quotes'],
])('what Liquid takes and nobody means is refused with its line: %s', (source, message) => {
  expect(() => parse(source)).toThrow(message);
});

test.each([
  '{{ first_name | replace: "{{", "" }}',
  '{% if company contains "{{" %}x{% endif %}',
  '{% if not title and city == "x" or company %}x{% endif %}',
])('a tag in quotes that is only looked for is none: %s', (source) => {
  expect(() => parse(source)).not.toThrow();
});

/** Every name that is one slip of the finger away. */
const slips = (name: string) =>
  fc
    .tuple(
      fc.nat(name.length - 1),
      fc.constantFrom('drop', 'double', 'swap', 'change', 'add'),
      fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_'),
    )
    .map(([at, how, letter]) => {
      const [before, sign, after] = [name.slice(0, at), name.slice(at, at + 1), name.slice(at + 1)];
      if (how === 'drop') return before + after;
      if (how === 'double') return before + sign + sign + after;
      if (how === 'swap') return before + after.slice(0, 1) + sign + after.slice(1);
      return how === 'change' ? before + letter + after : before + letter + sign + after;
    });

test('a column that is mistyped by one letter is always told, with the right column', () => {
  const columns = fc.uniqueArray(
    fc.oneof(fc.constantFrom(...KNOWN_FIELDS), fc.stringMatching(/^[a-z][a-z0-9]{1,8}(_[a-z0-9]{1,8}){0,2}$/)),
    { minLength: 1, maxLength: 8 },
  );
  const typed = columns.chain((names) => fc.constantFrom(...names).chain((name) => slips(name).map((slip) => ({ names, name, slip }))));
  fc.assert(
    fc.property(
      typed,
      fc.constantFrom(
        '{{ X | default: "you" }}',
        '{% if Y %}{{ X | upcase | default: "a" }}{% endif %}',
        '{% for i in (1..2) %}{{X|default:"b"}}{% endfor %}',
      ),
      ({ names, name, slip }, form) => {
        fc.pre(
          /^[a-z]/.test(slip) &&
            !names.includes(slip) &&
            !['sender', 'true', 'false', 'nil', 'null', 'empty', 'blank', 'i', 'not', 'and', 'or', 'contains'].includes(slip),
        );
        const found = said(form.replace('X', slip).replace('Y', name), { names, titles: new Map() });
        const meant = names.filter((other) => oneSlip(slip, other));
        expect(meant).toContain(name);
        expect(found).toHaveLength(1);
        expect(
          meant.some((other) => found[0]?.endsWith(`{{ ${slip} }}, so every mail has its default; did you mean {{ ${other} }}?`)),
          found[0],
        ).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});

/** Whether one letter more, less, other or two in the wrong order make one of the other. */
function oneSlip(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  const swapped = short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
  return short.slice(at + 1) === long.slice(at + 1) || swapped;
}
