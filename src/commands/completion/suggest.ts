import { TOPICS } from '../topics/topics.ts';
import type { Branch, Flag, Kind, Place } from './tree.ts';

export interface Candidate {
  readonly value: string;
  readonly meaning: string;
}

/** The names that a workspace has just now; `workspace` is what follows `--workspace`. */
export type Names = (kind: 'campaign' | 'job' | 'sender' | 'login', workspace: string | undefined) => Promise<Candidate[]>;

/** What may stand where the last of `words` is being typed. */
export async function suggest(root: Branch, words: readonly string[], shell: string, names: Names): Promise<Candidate[]> {
  const typed = joined(shell === 'bash' ? words.map(unquoted) : words);
  const current = typed.at(-1) ?? '';
  const { branch, flags, place, onlyPlaces, pending, workspace } = walk(root, typed.slice(0, -1));
  const valuesOf = async (of: Place | undefined) => (of === undefined ? [] : values(of, names, workspace));
  if (pending !== undefined) return starting(await valuesOf(pending), current);
  const [, flag, value] = (!onlyPlaces && /^(--[^=]+)=(.*)$/s.exec(current)) || [];
  if (flag !== undefined) {
    const found = starting(await valuesOf(named(flags, flag)?.value ?? undefined), value ?? '');
    // bash takes what stands behind the = for a word of its own, and completes files itself.
    return shell === 'bash' ? found : found.map((one) => (one.value.startsWith(':') ? one : { ...one, value: `${flag}=${one.value}` }));
  }
  if (!onlyPlaces && current.startsWith('-'))
    return starting(
      flags.map(({ names: [long = ''], purpose }) => ({ value: long, meaning: purpose })),
      current,
    );
  const children = place === 0 && !onlyPlaces ? branch.commands : [];
  const next = branch.places[Math.min(place, branch.places.length - 1)];
  const open = next !== undefined && (place < branch.places.length || next.variadic) ? next : undefined;
  const found = [...children.map(({ name, purpose }) => ({ value: name, meaning: purpose })), ...(await valuesOf(open))];
  if (open?.kind !== 'topic' || place > 0) return starting(found, current);
  return starting([...found, ...root.commands.map(({ name, purpose }) => ({ value: name, meaning: purpose }))], current);
}

/** bash hands words over as they are typed, quotes and backslashes and all; a quote that is still open too. */
function unquoted(word: string): string {
  return word.replace(
    /'([^']*)'?|"((?:\\.|[^"\\])*)"?|\\(.)/gs,
    (_, single?: string, double?: string, escaped?: string) => single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? escaped ?? '',
  );
}

/** bash cuts `--job=3` into three words. */
function joined(words: readonly string[]): string[] {
  const whole: string[] = [];
  for (const [index, word] of words.entries()) {
    const last = whole.at(-1) ?? '';
    const value = words[index - 1] === '=' && /^--[^=]+=$/.test(last);
    if (value || (word === '=' && /^--[^=]+$/.test(last))) whole[whole.length - 1] = last + word;
    else whole.push(word);
  }
  return whole;
}

interface Walked {
  readonly branch: Branch;
  /** Those of the command and of everything above it. */
  readonly flags: readonly Flag[];
  /** How many arguments stand there already. */
  readonly place: number;
  /** A `--` has ended the flags. */
  readonly onlyPlaces: boolean;
  /** The flag before the cursor waits for its value. */
  readonly pending: Place | undefined;
  readonly workspace: string | undefined;
}

function walk(root: Branch, words: readonly string[]): Walked {
  let branch = root;
  let flags = [...root.flags];
  let place = 0;
  let onlyPlaces = false;
  let waiting: Flag | undefined;
  let workspace: string | undefined;
  for (const word of words) {
    const child = place === 0 ? branch.commands.find(({ name }) => name === word) : undefined;
    if (waiting !== undefined) {
      if (waiting.names.includes('--workspace')) workspace = word;
      waiting = undefined;
    } else if (onlyPlaces) place++;
    else if (word === '--') onlyPlaces = true;
    else if (word.startsWith('-') && word !== '-') {
      const [name = '', value] = word.split(/=(.*)/s);
      const flag = named(flags, name);
      if (flag?.value != null && value === undefined) waiting = flag;
      if (name === '--workspace' && value !== undefined) workspace = value;
    } else if (child !== undefined) {
      branch = child;
      flags = [...child.flags, ...flags];
    } else place++;
  }
  return { branch, flags, place, onlyPlaces, pending: waiting?.value ?? undefined, workspace };
}

function named(flags: readonly Flag[], name: string): Flag | undefined {
  return flags.find(({ names }) => names.includes(name));
}

async function values({ kind, choices }: Place, names: Names, workspace: string | undefined): Promise<Candidate[]> {
  if (choices.length > 0) return choices.map((value) => ({ value, meaning: '' }));
  return ASKED[kind](names, workspace);
}

const ASKED: Readonly<Record<Kind, (names: Names, workspace: string | undefined) => Promise<Candidate[]>>> = {
  campaign: (names, workspace) => names('campaign', workspace),
  job: (names, workspace) => names('job', workspace),
  sender: (names, workspace) => names('sender', workspace),
  login: (names, workspace) => names('login', workspace),
  topic: async () => [
    { value: 'topics', meaning: 'list the topics' },
    ...Object.entries(TOPICS).map(([value, { purpose }]) => ({ value, meaning: purpose })),
  ],
  file: async () => [{ value: ':file', meaning: '' }],
  dir: async () => [{ value: ':dir', meaning: '' }],
  other: async () => [],
};

/** Each name once: a flag may be the command's and the program's. */
function starting(found: readonly Candidate[], prefix: string): Candidate[] {
  const seen = new Set<string>();
  return found.filter(({ value }) => {
    if (!(value.startsWith(':') || value.startsWith(prefix)) || seen.has(value)) return false;
    seen.add(value);
    return true;
  });
}
