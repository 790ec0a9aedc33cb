import type { App } from '../app/app.ts';
import type { SendRule } from '../config/campaign.ts';
import type { Campaign } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import type { SendMode } from '../domain/job.ts';
import type { LegalBasis } from '../domain/lead.ts';
import { moment } from '../terminal/output.ts';

/** The flags of `outreach import`. */
export interface ImportFlags {
  readonly campaign?: string;
  readonly mode?: SendMode;
  readonly rate?: number;
  readonly at?: string;
  readonly map: ReadonlyMap<string, string>;
  readonly update?: boolean;
  readonly replace?: boolean;
  readonly ignoreStatus: readonly string[];
  readonly dryRun?: boolean;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly source?: string;
  readonly basis?: LegalBasis;
}

/** When to send: what the flags say, and the campaign where they say nothing. */
export async function sendRule(app: App, campaign: Campaign, flags: ImportFlags): Promise<SendRule> {
  const { checkSendRule } = await import('../config/campaign.ts');
  const { parseMoment } = await import('../domain/moment.ts');
  const at = flags.at === undefined ? campaign.send.at : parseMoment(flags.at, app.config.identity.timezone);
  if (at === undefined) throw new OutreachError('usage', `--at ${flags.at} is not a time; write 2026-12-01T09:00`);
  const mode =
    flags.mode ??
    (flags.at !== undefined && flags.rate === undefined ? 'scheduled' : flags.rate !== undefined ? 'drip' : campaign.send.mode);
  if (flags.rate !== undefined && mode !== 'drip') throw new OutreachError('usage', '--rate goes with --mode drip');
  const rule = checkSendRule(
    { mode, rate: flags.rate ?? campaign.send.rate, at },
    flags.mode === undefined ? campaign.path : `--mode ${mode}`,
  );
  if (rule.mode === 'scheduled' && rule.at !== null && rule.at < Date.now()) {
    throw new OutreachError('input', `${moment(rule.at)} is over: a scheduled send needs a time to come`, {
      hint: 'Use --at 2026-12-01T09:00, or --mode immediate.',
    });
  }
  return rule;
}

/** One character; `tab` and `\\t` are the same. */
export function delimiterOf(asked: string | undefined): string | undefined {
  const delimiter = asked === '\\t' || asked === 'tab' ? '\t' : asked;
  if (delimiter === undefined || (delimiter.length === 1 && !/["\r\n]/.test(delimiter))) return delimiter;
  throw new OutreachError('usage', `--delimiter ${asked}: one character, such as ; or tab`);
}

/** Mails an hour. */
export function rate(value: string): number {
  const parsed = Number(value);
  if (Number.isFinite(parsed) && parsed > 0) return parsed;
  throw new OutreachError('usage', `--rate ${value}: a number of mails an hour, such as 20`);
}

/** One more column. */
export function collectNames(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** One more `field=Column`. */
export function collectMap(value: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const at = value.indexOf('=');
  const field = value.slice(0, at).trim();
  if (at < 1 || !/^[a-z][a-z0-9_]*$/.test(field))
    throw new OutreachError('usage', `--map ${value}: write --map field="Column", such as --map email="Work e-mail"`);
  return new Map([...before, [field, value.slice(at + 1)]]);
}
