import { isLive, type SenderConfig } from '../config/config.ts';
import { parseAddress } from '../domain/address.ts';
import type { Check } from '../domain/check.ts';
import { isLoopback } from '../domain/host.ts';
import { serviceOf } from '../mail/mailServices.ts';
import type { App } from './app.ts';
import { accessChecks } from './doctorAccess.ts';
import { type DkimSetting, type DnsSender, dnsChecks } from './doctorDns.ts';
import { machineChecks } from './doctorMachine.ts';
import { askingOnce, type DnsResolver, systemDns } from './resolver.ts';

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
  const machine = await machineChecks(app, now());
  const live = app.config.senders.filter(isLive);
  const [access, records] = await Promise.all([
    accessChecks(app, { env, dns, now, limitMs }),
    dnsChecks(live.map(dnsSender), dns, limitMs),
  ]);
  const checks = [...machine, ...access.checks, ...records];
  return { ok: checks.every(({ status }) => status !== 'fail'), checks, notes: notesOn(live, access.clockSeen) };
}

function dnsSender(sender: SenderConfig): DnsSender {
  const address = parseAddress(sender.from);
  const { dkim } = sender as { dkim?: DkimSetting };
  return {
    name: sender.name,
    type: sender.type,
    host: hostOf(sender),
    address: address.ok ? address.address.email : '',
    dkim,
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
