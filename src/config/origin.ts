import { writeDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { type Config, inspectConfig, type SenderConfig, securityOf } from './config.ts';
import { PRESETS } from './presets.ts';
import type { Workspace } from './workspace.ts';

/** One setting as it holds, and who says so. Secrets are the references that the file holds, never looked up. */
export interface Setting {
  /** `senders.main.port`: an entry of a list goes by its name. */
  readonly key: string;
  /** As the file would write it. */
  readonly value: unknown;
  readonly origin: 'file' | 'preset' | 'default';
  /** Of the file; null when it is not the file that says it. */
  readonly line: number | null;
  readonly preset: string | null;
}

type Path = readonly PropertyKey[];

/** What the program keeps in milliseconds and the file writes as 90s. */
const DURATIONS = /(^|\.)(gap\.(min|max)|retry\.(delays|then|give_up)|domain_gap)$/;

/** Every setting of outreach.yaml that holds, in its order. Throws when the file does not hold. */
export function settingsOf(workspace: Workspace): Setting[] {
  const inspected = inspectConfig(workspace);
  if (!inspected.ok) {
    const [first] = inspected.problems;
    throw new OutreachError('config', `${first?.path}:${first?.line}:${first?.column}: ${first?.text}`, {
      hint: 'All that is wrong: outreach config check',
    });
  }
  const { path: _, ...config } = inspected.value;
  const settings: Setting[] = [];
  const add = (key: string, path: Path, value: unknown) => {
    const line = inspected.says(path) ? inspected.lineOf(path) : null;
    const preset = line === null ? presetFor(config, path) : null;
    settings.push({
      key,
      value: written(key, value),
      origin: line !== null ? 'file' : preset !== null ? 'preset' : 'default',
      line,
      preset,
    });
  };
  walk({ ...config, senders: config.senders.map(withSecurity) }, [], '', add);
  return settings;
}

function walk(value: unknown, path: Path, key: string, add: (key: string, path: Path, value: unknown) => void): void {
  if (value === undefined) return;
  const below = (part: PropertyKey) => (key === '' ? String(part) : `${key}.${String(part)}`);
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'object')) {
    for (const [index, entry] of value.entries()) walk(entry, [...path, index], below((entry as { name: string }).name), add);
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [part, inner] of Object.entries(value)) walk(inner, [...path, part], below(part), add);
  } else add(key, path, value);
}

/** What a server speaks when nothing is said is a setting too. */
function withSecurity(sender: SenderConfig): SenderConfig {
  return sender.type === 'smtp' ? { ...sender, security: securityOf(sender) } : sender;
}

function presetFor({ senders }: Pick<Config, 'senders'>, [list, index, key]: Path): string | null {
  const sender = list === 'senders' && typeof index === 'number' ? senders[index] : undefined;
  if (sender?.type !== 'smtp' || sender.preset === undefined) return null;
  const { host, daily } = PRESETS[sender.preset];
  const given = { host, port: true, security: true, daily_cap: daily };
  return typeof key === 'string' && key in given && given[key as keyof typeof given] !== null ? sender.preset : null;
}

function written(key: string, value: unknown): unknown {
  if (!DURATIONS.test(key)) return value;
  return Array.isArray(value) ? value.map((ms: number) => writeDuration(ms)) : writeDuration(Number(value));
}
