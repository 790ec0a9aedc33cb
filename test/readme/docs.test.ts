import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Liquid } from 'liquidjs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { campaignFiles } from '../../src/config/campaign.ts';
import { loadConfig } from '../../src/config/config.ts';
import { PRESETS } from '../../src/config/presets.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { type Campaign, usualReview } from '../../src/domain/campaign.ts';
import { parseTemplate } from '../../src/domain/template.ts';
import { capabilitiesOf } from '../../src/llm/capabilities.ts';
import { BUGS } from '../crash/bugs.ts';
import { Folder } from '../support/program.ts';
import { type Block, blocksOf, PAGES, proseOf, textOf } from './pages.ts';

/** What pages show is read by the program's own readers, and what they list is what the sources hold. */
const ROOT = join(import.meta.dirname, '..', '..');

const BLOCKS = PAGES.flatMap(blocksOf);
const place = ({ page, line }: Block) => `${page}:${line}`;
const YAML = BLOCKS.filter(({ language }) => language === 'yaml');
const CAMPAIGNS = BLOCKS.filter(({ language, text }) => /^(liquid|markdown|md)$/.test(language) && text.startsWith('---\n'));

test.each(YAML.map((block) => [place(block), block] as const))('the settings at %s are read as they stand', (_, block) => {
  inWorkspace((folder) => {
    if (block.mark === 'campaign') expect(campaignWith(folder, parse(block.text), 'Hi.').name).toBe('shown');
    else if (block.mark === 'sender')
      expect(configWith(folder, { senders: [{ ...SENDER, ...parse(block.text) }] }).senders).toHaveLength(1);
    else if (block.mark === '') expect(configWith(folder, parse(block.text)).senders.length).toBeGreaterThan(0);
    else throw new Error(`yaml ${block.mark}: write yaml, yaml campaign or yaml sender`);
  });
});

test.each(CAMPAIGNS.map((block) => [place(block), block] as const))('the campaign at %s is read as it stands', (_, block) => {
  inWorkspace((folder) => {
    configWith(folder, {});
    folder.write('campaigns/shown.md', block.text);
    expect(loaded(folder).name).toBe('shown');
  });
});

test('a setting that the program does not know would be noticed', () => {
  inWorkspace((folder) => {
    expect(() => configWith(folder, { warmup: 3 })).toThrow(/warmup/);
    expect(() => configWith(folder, { senders: [{ ...SENDER, dikm: {} }] })).toThrow(/dikm/);
    configWith(folder, {});
    expect(() => campaignWith(folder, { follow_up: 2 }, 'Hi.')).toThrow(/follow_up/);
  });
  expect(YAML.length).toBeGreaterThan(12);
  expect(CAMPAIGNS.length).toBeGreaterThan(4);
});

test.each([...PAGES, 'src/README.md'])('every link of %s leads somewhere', (page) => {
  const dead: string[] = [];
  for (const [, target = ''] of proseOf(page)
    .replace(/`[^`\n]*`(?!\])/g, '')
    .matchAll(/\]\(([^()\s]+)\)/g)) {
    if (/^(?:https?|mailto):/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(ROOT, file))) {
      dead.push(target);
    } else if (anchor !== undefined && !anchorsOf(file).has(anchor)) dead.push(target);
  }
  expect(dead).toEqual([]);
});

test.each([...PAGES, 'src/README.md'])('every source file that %s names is there', (page) => {
  const named = [...proseOf(page).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|cjs))`/g)].map(([, path]) => path ?? '');
  expect(named.filter((path) => ![path, join('src', path)].some((at) => existsSync(join(ROOT, at))))).toEqual([]);
});

test('each way of adding something that src/README tells of names the files it needs', () => {
  const adding = section('src/README.md', 'Adding to it');
  for (const path of [
    'cli/program.ts',
    'mail/resend.ts',
    'mail/httpReplies.ts',
    'config/config.ts',
    'app/parts.ts',
    'test/mail/http.test.ts',
  ])
    expect(adding).toContain(path);
});

test('campaign-files.md lists every setting of a campaign, with the default that holds', () => {
  inWorkspace((folder) => {
    configWith(folder, {});
    const rows = firstTable(section('docs/campaign-files.md', 'Settings'));
    const known = keysOf(() => campaignWith(folder, { zzzzzzzz: 1 }, 'Hi.'));
    expect(rows.map(([key]) => key)).toEqual(expect.arrayContaining(known.map((key) => `\`${key}\``)));
    expect(rows).toHaveLength(known.length);
    const { send, window, canary, replyTo, ...plain } = campaignWith(folder, {}, 'Hi.');
    expect({ send, window, canary, replyTo }).toEqual({
      send: { mode: 'immediate', rate: null, at: null },
      window: null,
      canary: null,
      replyTo: null,
    });
    const defaults: Partial<Record<string, unknown>> = {
      generator: plain.generator,
      rotate: plain.rotate,
      bcc_self: plain.bccSelf,
      send: '{ mode: immediate }',
      attachments: '[]',
    };
    for (const [key, value] of Object.entries(defaults))
      expect(rows.find(([name]) => name === `\`${key}\``)?.[1], key).toBe(`\`${String(value)}\``);
    // What holds without a line hangs on who writes.
    const review = `\`${usualReview('ai')}\` with \`generator: ai\`, else \`${plain.review}\``;
    expect(rows.find(([name]) => name === '`review`')?.[1]).toBe(review);
    expect(plain.attachments).toEqual([]);
  });
});

test('campaign-files.md names no filter that the engine lacks, and the tags that it refuses', () => {
  const [, sentence = ''] = /\*\*Filters\*\*([\s\S]*?)\*\*Tags\*\*/.exec(textOf('docs/campaign-files.md')) ?? [];
  const filters = [...sentence.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name ?? '');
  expect(filters.length).toBeGreaterThan(20);
  const engine = new Liquid();
  expect(filters.filter((name) => engine.filters[name] === undefined)).toEqual([]);
  for (const tag of ['include', 'render', 'layout', 'block'])
    expect(() => parseTemplate(`{% ${tag} "x" %}`, { path: 'x.md', line: 1 })).toThrow(/one file/);
  expect(() => parseTemplate('{{ "a" | shout }}', { path: 'x.md', line: 1 })).toThrow(/shout/);
});

test.each(['README.md', 'docs/reliability.md'])('%s says how many seeded mistakes the crash suite catches', (page) => {
  expect(/(\d+) mistakes put into the sources/.exec(textOf(page))?.[1]).toBe(String(Object.keys(BUGS).length));
});

test('providers.md lists every preset as it is', () => {
  const rows = firstTable(section('docs/providers.md', 'SMTP presets'));
  const shown = rows.map(([name, host, port, daily]) => [name, host, Number(port), daily === '–' ? null : Number(daily)]);
  expect(shown).toEqual(Object.entries(PRESETS).map(([name, { host, port, daily }]) => [`\`${name}\``, `\`${host}\``, port, daily]));
});

test('providers.md lists every way a delivery can end', () => {
  const rows = firstTable(section('docs/providers.md', 'What a reply means')).map(([kind]) => kind?.replaceAll('`', ''));
  expect(rows.toSorted()).toEqual(literalsOf('src/domain/delivery.ts', 'DeliveryKind').toSorted());
});

test('pace-and-warmup.md lists every gate, those of each kind in the order in which they are asked', () => {
  const rows = firstTable(section('docs/pace-and-warmup.md', 'The gates, in the order in which they are asked')).map(([gate]) =>
    (gate ?? '').replaceAll('`', ''),
  );
  expect(rows.toSorted()).toEqual(literalsOf('src/domain/pace.ts', 'GateName').toSorted());
  const source = readFileSync(join(ROOT, 'src/domain/pace.ts'), 'utf8');
  for (const kind of ['jobGates', 'limitGates', 'senderGates', 'recipientGates']) {
    const body = new RegExp(`function ${kind}[\\s\\S]*?\\n}`).exec(source)?.[0] ?? '';
    const asked = [...body.matchAll(/gate: (?:job.paused === 'by hand' \? )?'([a-z ]+)'/g)].map(([, gate]) => gate);
    expect(asked.length).toBeGreaterThan(1);
    expect(
      rows.filter((gate) => asked.includes(gate)),
      kind,
    ).toEqual(asked);
  }
});

test('writing-with-ai.md tells of each host what is known of it', () => {
  const [, rows = []] = tablesOf(section('docs/writing-with-ai.md', 'Settings'));
  const urls = ['https://api.openai.com/v1', 'https://openrouter.ai/api/v1', 'http://localhost:11434/v1', 'https://models.example/v1'];
  expect(rows).toHaveLength(urls.length);
  for (const [index, url] of urls.entries()) {
    const { output, cap, price } = capabilitiesOf(url);
    expect(rows[index]?.slice(1, 3), url).toEqual([`\`${output}\``, `\`${cap}\``]);
    expect(rows[index]?.[3]?.startsWith('0'), url).toBe(price !== undefined);
  }
  inWorkspace((folder) => {
    const { ai } = configWith(folder, { ai: { providers: [{ name: 'm', base_url: 'http://localhost:1/v1', model: 'm' }] } });
    expect([ai?.concurrency, ai?.max_output_tokens]).toEqual([2, 4000]);
  });
});

const SENDER = {
  name: 'main',
  type: 'smtp',
  from: 'Ana Ruiz <ana@ruiz.example>',
  host: 'smtp.ruiz.example',
};

const BASE = {
  version: 1,
  identity: { name: 'Ana Ruiz', timezone: 'Europe/Madrid' },
  senders: [SENDER, { ...SENDER, name: 'backup' }],
  ai: { providers: [{ name: 'local', base_url: 'http://localhost:11434/v1', model: 'm' }] },
};

function inWorkspace(look: (folder: Folder) => void): void {
  const folder = new Folder();
  try {
    for (const name of ['brochure.pdf', 'logo.png']) folder.write(`campaigns/${name}`, 'x');
    look(folder);
  } finally {
    folder.remove();
  }
}

/** The keys of a page, and under them what a whole file needs. */
function configWith(folder: Folder, shown: object) {
  folder.write('outreach.yaml', stringify({ ...BASE, ...shown }));
  return loadConfig(workspaceAt(folder.path));
}

function campaignWith(folder: Folder, shown: object, body: string): Campaign {
  if (!existsSync(folder.at('outreach.yaml'))) configWith(folder, {});
  folder.write('campaigns/shown.md', `---\n${stringify({ subject: 'A subject', ...shown })}---\n${body}\n`);
  return loaded(folder);
}

function loaded(folder: Folder): Campaign {
  const workspace = workspaceAt(folder.path);
  return campaignFiles(workspace, loadConfig(workspace)).load('shown');
}

/** The keys that an error about an unknown one lists. */
function keysOf(fail: () => unknown): string[] {
  try {
    fail();
  } catch (error) {
    return /known are ([a-z_, ]+)/.exec(String(error))?.[1]?.split(', ') ?? [];
  }
  throw new Error('an unknown key was taken');
}

/** What stands under a heading, up to the next one of its level. */
function section(page: string, heading: string): string {
  const text = textOf(page);
  const start = new RegExp(`^(#+) ${heading.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&')}$`, 'm').exec(text);
  if (start === null) throw new Error(`${page} has no heading "${heading}"`);
  const rest = text.slice(start.index + start[0].length);
  const end = new RegExp(`^#{1,${start[1]?.length ?? 1}} `, 'm').exec(rest);
  return rest.slice(0, end?.index);
}

/** Tables, each as the cells of its rows without the head. */
function tablesOf(text: string): string[][][] {
  return [...text.matchAll(/^(?:\|.*\n?)+/gm)].map(([table]) =>
    table
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .replace(/^\||\|$/g, '')
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim()),
      ),
  );
}

function firstTable(text: string): string[][] {
  const [table] = tablesOf(text);
  if (table === undefined) throw new Error('there is no table');
  return table;
}

/** The members of a union of texts. */
function literalsOf(file: string, type: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
  const union = new RegExp(`type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...union.matchAll(/'([^']+)'/g)].map(([, literal]) => literal ?? '');
}

/** As GitHub names the headings of a page. */
function anchorsOf(file: string): Set<string> {
  const headings = [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
