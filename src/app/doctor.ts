import type { SenderConfig } from '../config/config.ts';
import { isLive } from '../config/lawful.ts';
import { parseAddress } from '../domain/address.ts';
import { type Check, fail, warn } from '../domain/check.ts';
import { OutreachError } from '../domain/errors.ts';
import { isLoopback } from '../domain/host.ts';
import { publicHalf } from '../mail/dkim.ts';
import { serviceOf } from '../mail/mailServices.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { App } from './app.ts';
import { resolveKey } from './dkimKey.ts';
import { accessChecks } from './doctorAccess.ts';
import { type DnsSender, dnsChecks } from './doctorDns.ts';
import { machineChecks } from './doctorMachine.ts';
import { askingOnce, type DnsResolver, systemDns } from './resolver.ts';
import { openSecrets } from './secrets.ts';

export interface Diagnosis {
  /** Nothing fails. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** What was not looked at, and why. */
  readonly notes: readonly string[];
}

/** Any one answer from the network is waited for this long. */
const NETWORK_LIMIT = 5_000;

export interface DoctorSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly resolver?: DnsResolver;
  readonly now?: () => number;
  readonly limitMs?: number;
}

/** Looks at everything that mail needs to leave this machine and to arrive. Sends nothing. */
export async function runDoctor(app: App, surroundings: DoctorSurroundings): Promise<Diagnosis> {
  const { env, now = Date.now, limitMs = NETWORK_LIMIT } = surroundings;
  const dns = askingOnce(surroundings.resolver ?? systemDns(limitMs));
  // First, and alone: checking a large database stops everything else, and deadlines would pass meanwhile.
  const machine = await machineChecks(app, env, now());
  const live = app.config.senders.filter(isLive);
  const secrets = openSecrets(app.workspace, env);
  const keys: Check[] = [];
  const senders = await Promise.all(live.map(async (sender) => dnsSender(sender, await publicKeyOf(app, sender, secrets, keys))));
  const [access, records] = await Promise.all([accessChecks(app, { env, secrets, dns, now, limitMs }), dnsChecks(senders, dns, limitMs)]);
  const checks = [...machine, ...access.checks, ...keys, ...records];
  return { ok: checks.every(({ status }) => status !== 'fail'), checks, notes: notesOn(live, access.clockSeen) };
}

/** The public half of the key that a sender signs with; what is wrong with the key goes to `checks`. */
async function publicKeyOf(app: App, sender: SenderConfig, secrets: Secrets, checks: Check[]): Promise<string | undefined> {
  if (sender.type !== 'smtp' || sender.dkim === undefined) return undefined;
  const { key } = sender.dkim;
  const place = `${app.config.path}: sender ${sender.name}: dkim.key`;
  const tell = (what: string) => checks.push(warn('dkim', sender.name, what));
  try {
    return publicHalf(await resolveKey(key, place, { workspace: app.workspace, secrets, warn: tell }), `${place} (${key})`);
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    checks.push(fail('dkim', sender.name, error.message, error.hint ?? `Set ${key}.`));
    return undefined;
  }
}

function dnsSender(sender: SenderConfig, publicKey: string | undefined): DnsSender {
  const address = parseAddress(sender.from);
  const dkim = sender.type === 'smtp' ? sender.dkim : undefined;
  return {
    name: sender.name,
    type: sender.type,
    host: hostOf(sender),
    address: address.ok ? address.address.email : '',
    dkim: dkim && { domain: dkim.domain, selector: dkim.selector, publicKey },
  };
}

function hostOf(sender: SenderConfig): string | undefined {
  if (sender.type === 'smtp') return sender.host.replace(/^\[|\]$/g, '');
  return sender.type === 'outbox' || sender.base_url === undefined ? undefined : new URL(sender.base_url).hostname;
}

function notesOn(live: readonly SenderConfig[], clockSeen: boolean): string[] {
  if (live.length === 0) return ['DNS and login: do not apply, every sender writes .eml files and reaches nobody.'];
  const relays = live.map((sender) => ({ type: sender.type, host: hostOf(sender) ?? '' }));
  const foreign = relays.find((relay) => relay.type === 'smtp' && !isLoopback(relay.host) && serviceOf(relay) !== undefined);
  return [
    ...(foreign === undefined ? [] : [`PTR of ${foreign.host}: its provider's business.`]),
    ...(clockSeen ? [] : ['Clock: not compared, only an AI provider or a mail API tells the time.']),
  ];
}
