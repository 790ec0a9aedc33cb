import { isIPv4 } from 'node:net';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { isLoopback } from '../domain/host.ts';
import { aligned, organisationalDomain, readDkim, recordToPublish } from '../mail/dnsRecords.ts';
import { isIncluded, type MailService, USUAL_SELECTORS } from '../mail/mailServices.ts';
import { MOST_SPF_LOOKUPS, readSpf, type SpfReport, spfRecord } from '../mail/spf.ts';
import type { DnsSender } from './doctorDns.ts';
import type { Dns } from './resolver.ts';

export interface SenderFacts {
  readonly sender: DnsSender;
  /** Of its From. */
  readonly domain: string;
  /** Undefined for a server that is nobody's we know. */
  readonly service: MailService | undefined;
  /** How closely its DMARC record compares. */
  readonly modes: { readonly dkimMode: 'r' | 's'; readonly spfMode: 'r' | 's' };
}

/** A record's check, and the domain that it vouches for; undefined when for none. */
interface Proof {
  readonly check: Check;
  readonly vouchesFor: string | undefined;
}

/** SPF, DKIM and alignment of one sender, and the PTR of a server of one's own. */
export async function senderRecords(facts: SenderFacts, dns: Dns): Promise<Check[]> {
  const [spf, dkim, ptr] = await Promise.all([spfProof(facts, dns), dkimProof(facts, dns), ptrCheck(facts, dns)]);
  return [spf.check, dkim.check, alignment(facts, spf, dkim), ...(ptr === undefined ? [] : [ptr])];
}

async function spfProof(facts: SenderFacts, dns: Dns): Promise<Proof> {
  const { domain, service, sender } = facts;
  const bounces = service?.bounces ?? 'from';
  const at = typeof bounces === 'object' ? `${bounces.subdomain}.${domain}` : domain;
  const report = await readSpf(at, dns.texts);
  const check = spfCheck(facts, at, report);
  const own = service !== undefined && bounces === 'own';
  if (own && check.status === 'ok') {
    const named = isIncluded(service, report.names)
      ? ''
      : `; ${service.name} bounces to a domain of its own, so DKIM has to vouch for this one`;
    return { check: ok('spf', sender.name, `${check.detail}${named}`), vouchesFor: undefined };
  }
  return { check, vouchesFor: check.status === 'ok' || (check.status === 'warn' && report.records.length > 0) ? at : undefined };
}

function spfCheck({ sender, service }: SenderFacts, at: string, report: SpfReport): Check {
  const { records, lookups, errors, end } = report;
  const include = service === undefined ? `a:${sender.host}` : `include:${service.include}`;
  const publish = recordToPublish(at, 'TXT', spfRecord(records, [include]));
  const bad = (detail: string, fix = publish) => fail('spf', sender.name, detail, fix);
  const mustName = service !== undefined && service.bounces !== 'own';
  if (records.length === 0) {
    const detail = `${at} has no SPF record`;
    return service !== undefined && service.bounces !== 'from' ? warn('spf', sender.name, detail, publish) : bad(detail);
  }
  if (records.length > 1)
    return bad(
      `${at} has ${records.length} SPF records, so none of them counts (RFC 7208 §4.5)`,
      recordToPublish(at, 'TXT', `${spfRecord(records, mustName ? [include] : [])}   (instead of all ${records.length})`),
    );
  if (errors.length > 0) return bad(`receivers cannot use it: ${errors.join('; ')}`, `Mend the SPF record of ${at}: ${records[0]}`);
  if (lookups > MOST_SPF_LOOKUPS)
    return bad(
      `${at} needs ${lookups} DNS lookups, and receivers stop at ${MOST_SPF_LOOKUPS} (RFC 7208 §4.6.4)`,
      `Take out what no longer sends for you: ${records[0]}`,
    );
  if (end === '+all') return bad(`${at} ends in +all: anybody may send as you`);
  if (mustName && !isIncluded(service, report.names)) {
    const detail = `${at} does not name ${service.name} (${include})`;
    return report.listsAddresses ? warn('spf', sender.name, `${detail}, unless by its addresses`, publish) : bad(detail);
  }
  if (end !== '-all' && end !== '~all')
    return warn(
      'spf',
      sender.name,
      `${at} ends in ${end ?? 'nothing'}, so it refuses nobody`,
      recordToPublish(at, 'TXT', spfRecord(records, [])),
    );
  const unseen =
    service === undefined && !isLoopback(sender.host ?? '') ? `; whether it covers what ${sender.host} sends from, its provider knows` : '';
  return ok('spf', sender.name, `${at}: ${records[0]} (${lookups} of ${MOST_SPF_LOOKUPS} lookups)${unseen}`);
}

function dkimProof(facts: SenderFacts, dns: Dns): Promise<Proof> {
  const { dkim } = facts.sender;
  return dkim === undefined ? guessedKey(facts, dns) : ownKey(facts, dkim, dns);
}

/** The selector is known: we sign ourselves. */
async function ownKey({ sender }: SenderFacts, { domain, selector, publicKey }: NonNullable<DnsSender['dkim']>, dns: Dns): Promise<Proof> {
  const at = `${selector}._domainkey.${domain}`;
  const key = readDkim(await dns.texts(at));
  const kind = key.kind === 'found' && key.type === 'ed25519' ? 'ed25519' : 'rsa';
  const value = `v=DKIM1; k=${kind}; p=${publicKey ?? 'and the public half of your key, base64 on one line'}`;
  const refused = (detail: string): Proof => ({
    check: fail('dkim', sender.name, detail, recordToPublish(at, 'TXT', value)),
    vouchesFor: undefined,
  });
  if (key.kind === 'none') return refused(`no key at ${at}, so every signature fails`);
  if (key.kind === 'broken') return refused(`the key at ${at} does not count: ${key.reason}`);
  if (publicKey !== undefined && key.publicKey !== publicKey) return refused(`the key at ${at} is not the one that signs`);
  return { check: strength(sender.name, at, key), vouchesFor: domain };
}

/** The service signs, under a selector that nobody has told us: the usual ones are tried. */
async function guessedKey({ sender, domain, service }: SenderFacts, dns: Dns): Promise<Proof> {
  const selectors = service?.selectors ?? USUAL_SELECTORS;
  const tried = await Promise.all(
    selectors.map(async (selector) => {
      const at = `${selector}._domainkey.${domain}`;
      return { at, selector, key: readDkim(await dns.texts(at)) };
    }),
  );
  for (const { at, key } of tried) if (key.kind === 'found') return { check: strength(sender.name, at, key), vouchesFor: domain };
  const broken = tried.find(({ key }) => key.kind === 'broken');
  const detail =
    broken?.key.kind === 'broken'
      ? `the key at ${broken.at} does not count: ${broken.key.reason}`
      : selectors.length === 0
        ? `${service?.name} signs under names that cannot be guessed`
        : `no key for ${domain} under the selectors that ${service?.name ?? 'services'} usually take${service === undefined ? '' : ` (${selectors.slice(0, 3).join(', ')})`}`;
  return { check: warn('dkim', sender.name, detail, keyAdvice(domain, service)), vouchesFor: undefined };
}

function keyAdvice(domain: string, service: MailService | undefined): string {
  if (service === undefined)
    return `Have your provider sign for ${domain}, or sign yourself with a key of your own: dkim in outreach.yaml.`;
  const { keyAt, name, selectors } = service;
  const [selector] = selectors;
  if (selector === undefined) return `Look at ${name} whether ${domain} is verified there.`;
  const host = `${selector}._domainkey.${domain}`;
  if (keyAt !== undefined) return recordToPublish(host, 'CNAME', keyAt(selector, domain));
  return `Turn on signing for ${domain} at ${name}: it shows the records to publish, such as ${host}.`;
}

function strength(sender: string, at: string, key: Extract<ReturnType<typeof readDkim>, { kind: 'found' }>): Check {
  const what = `${at} (${key.type === 'rsa' ? `RSA ${key.bits}` : 'Ed25519'})`;
  if (key.testing) return warn('dkim', sender, `${what} says t=y: receivers treat the mail as unsigned`, `Publish it again without t=y.`);
  if (key.bits !== undefined && key.bits < 2048)
    return warn('dkim', sender, `${what}: short; 2048 bits are usual (RFC 8301 §3.2)`, 'Have a longer key made when you next can.');
  return ok('dkim', sender, what);
}

/** DMARC passes when SPF or DKIM vouches for the domain that readers see in From (RFC 7489 §3.1). */
function alignment({ sender, domain, service, modes }: SenderFacts, spf: Proof, dkim: Proof): Check {
  const bySpf = spf.vouchesFor !== undefined && aligned(domain, spf.vouchesFor, modes.spfMode);
  const byDkim = dkim.vouchesFor !== undefined && aligned(domain, dkim.vouchesFor, modes.dkimMode);
  if (bySpf || byDkim)
    return ok(
      'alignment',
      sender.name,
      `${[bySpf ? 'SPF' : '', byDkim ? 'DKIM' : ''].filter(Boolean).join(' and ')} vouch for ${domain}`.replace(
        /^(\w+) vouch /,
        '$1 vouches ',
      ),
    );
  if (dkim.vouchesFor !== undefined)
    return fail(
      'alignment',
      sender.name,
      `DKIM signs as ${dkim.vouchesFor}, which is not ${domain}`,
      `Sign as ${domain}: dkim.domain in outreach.yaml.`,
    );
  const detail = `neither SPF nor DKIM is seen to vouch for ${domain}, so DMARC fails`;
  const fix = 'Mend the spf and dkim lines of this sender; one of them is enough, both are better.';
  return service === undefined || service.bounces === 'from'
    ? fail('alignment', sender.name, detail, fix)
    : warn('alignment', sender.name, detail, fix);
}

/**
 * Only for a server of one's own: the From domain's organisation runs it, and it is likely to be what
 * receivers see. A service's servers are the service's business, and of another relay only the way in is known.
 */
async function ptrCheck({ sender, domain, service }: SenderFacts, dns: Dns): Promise<Check | undefined> {
  const { host, type } = sender;
  if (type !== 'smtp' || host === undefined || service !== undefined || isLoopback(host)) return undefined;
  if (organisationalDomain(host) !== organisationalDomain(domain)) return undefined;
  const address = (await dns.addresses(host)).find(isIPv4);
  if (address === undefined) return undefined;
  const names = await dns.names(address);
  const forward = await Promise.all(names.map((name) => dns.addresses(name)));
  if (forward.some((addresses) => addresses.includes(address))) return ok('ptr', host, `${address} is ${names[0]}, and back`);
  const at = `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  const detail = names.length === 0 ? `${address} has no name` : `${address} is called ${names[0]}, which is not that address`;
  return warn(
    'ptr',
    host,
    `${detail}; Gmail refuses such servers`,
    `${recordToPublish(at, 'PTR', host)}   (whoever rents you the address sets it)`,
  );
}
