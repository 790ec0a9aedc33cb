import { resolve } from 'node:path';
import { parse } from 'yaml';
import { readTextFile } from '../files/readFile.ts';
import type { Workspace } from './workspace.ts';

/** What outreach.yaml calls its parts. */
export interface SettingNames {
  /** Absolute. */
  readonly database: string;
  readonly senders: readonly { readonly name: string; readonly type: string }[];
  readonly providers: readonly string[];
}

/** The names alone, for whoever completes a word: reading and checking all settings takes 100 ms more. Nothing is done by them. */
export function settingNames(workspace: Workspace): SettingNames {
  const settings: unknown = parse(readTextFile(workspace.configFile), { maxAliasCount: 0 });
  const database = textOf(partOf(settings, 'database')) ?? '.outreach/outreach.db';
  const senders = listOf(partOf(settings, 'senders')).flatMap((sender) => {
    const [name, type] = [textOf(partOf(sender, 'name')), textOf(partOf(sender, 'type'))];
    return name === undefined || type === undefined ? [] : [{ name, type }];
  });
  return {
    database: resolve(workspace.root, database),
    senders: senders.length === 0 ? [{ name: 'outbox', type: 'outbox' }] : senders,
    providers: listOf(partOf(partOf(settings, 'ai'), 'providers')).flatMap((provider) => textOf(partOf(provider, 'name')) ?? []),
  };
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
