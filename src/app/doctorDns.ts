import { domainOf } from '../domain/address.ts';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { isLoopback } from '../domain/host.ts';
import { organisationalDomain, readDmarc, recordToPublish } from '../mail/dnsRecords.ts';
import { type MailService, ownerOf, serviceOf } from '../mail/mailServices.ts';
import { type SenderFacts, senderRecords } from './doctorSender.ts';
import { believeDenial, type Dns, DnsSilence } from './resolver.ts';

/** A sender as DNS concerns it. */
export interface DnsSender {
  readonly name: string;
  readonly type: string;
  /** Of its SMTP server or API; undefined for the provider's own. */
  readonly host: string | undefined;
  /** The bare address. */
  readonly address: string;
  /** What it signs with itself; `publicKey` as it is to be published (base64). */
  readonly dkim: DkimSetting | undefined;
}

interface DkimSetting {
  readonly domain: string;
  readonly selector: string;
  readonly publicKey: string | undefined;
}

/** Everything that receivers look up about these senders; each domain once, all side by side. */
export async function dnsChecks(senders: readonly DnsSender[], dns: Dns, limitMs: number): Promise<Check[]> {
  const domains = new Map<string, DnsSender[]>();
  for (const sender of senders) {
    const domain = domainOf(sender.address);
    domains.set(domain, [...(domains.get(domain) ?? []), sender]);
  }
  const asked = [...domains].map(([domain, users]) =>
    inTime(domain, limitMs, async () => {
      const owner = ownerOf(domain);
      if (owner !== undefined) return users.map((sender) => mailboxOfOthers(sender, domain, owner));
      if (!(await exists(domain, dns))) return [await unknownDomain(domain, users, dns)];
      return checksOf(domain, users, dns, limitMs);
    }),
  );
  return (await Promise.all(asked)).flat();
}

async function checksOf(domain: string, users: readonly DnsSender[], dns: Dns, limitMs: number): Promise<Check[]> {
  const service = users.map(serviceOfSender).find((known) => known !== undefined);
  const each = users.map((sender) => inTime(sender.name, limitMs, async () => senderRecords(await factsOf(sender, domain, dns), dns)));
  const own = [
    inTime(domain, limitMs, async () => [await mxCheck(domain, service, dns)], 'mx'),
    inTime(domain, limitMs, async () => [await dmarcCheck(domain, users, dns)], 'dmarc'),
  ];
  return (await Promise.all([...each, ...own])).flat();
}

async function factsOf(sender: DnsSender, domain: string, dns: Dns): Promise<SenderFacts> {
  const dmarc = await findDmarc(domain, dns);
  return {
    sender,
    domain,
    service: serviceOfSender(sender),
    modes: dmarc.reading.kind === 'found' ? dmarc.reading.dmarc : { dkimMode: 'r', spfMode: 'r' },
  };
}

function serviceOfSender({ type, host }: DnsSender): MailService | undefined {
  return serviceOf({ type, ...(host === undefined ? {} : { host }) });
}

/** gmail.com and the like: nobody but their owner can publish anything there. */
function mailboxOfOthers(sender: DnsSender, domain: string, owner: MailService): Check {
  if (serviceOfSender(sender) === owner) return ok('alignment', sender.name, `${domain} is ${owner.name}'s: it signs and publishes itself`);
  return fail(
    'alignment',
    sender.name,
    `mail from ${domain} that ${owner.name} does not send itself fails DMARC`,
    `Send it through ${owner.name}, or from an address of a domain of your own.`,
  );
}

async function exists(domain: string, dns: Dns): Promise<boolean> {
  const answers = await Promise.all([dns.mx(domain), dns.texts(domain), dns.addresses(domain)]);
  return answers.some((records) => records.length > 0);
}

/** One line instead of six. Mail that stays on this machine is a rehearsal, and may come from anywhere. */
async function unknownDomain(domain: string, users: readonly DnsSender[], dns: Dns): Promise<Check> {
  const fix = `Register ${domain}, or write an address of a domain of yours into from.`;
  if (users.every(({ host }) => host !== undefined && isLoopback(host)))
    return warn('domain', domain, 'DNS does not know it; enough for a rehearsal on this machine', fix);
  await believeDenial(dns);
  return fail('domain', domain, 'DNS does not know it, and receivers refuse mail from such a domain', fix);
}

/** Without one, replies and bounces have nowhere to go (RFC 5321 §5.1; null MX: RFC 7505). */
async function mxCheck(domain: string, service: MailService | undefined, dns: Dns): Promise<Check> {
  const records = await dns.mx(domain);
  const publish = recordToPublish(domain, 'MX', service?.mx ?? '10 and the name of the server that takes your mail');
  if (records.length === 1 && (records[0]?.exchange ?? '') === '')
    return fail('mx', domain, 'its null MX says that it takes no mail, so replies and bounces are lost', publish);
  if (records.length > 0) {
    const [first] = records.toSorted((a, b) => a.priority - b.priority);
    return ok('mx', domain, `${first?.exchange}${records.length > 1 ? ` and ${records.length - 1} more` : ''}`);
  }
  if ((await dns.addresses(domain)).length > 0)
    return warn('mx', domain, 'no MX record: replies go to the web server’s address, which may take none', publish);
  return fail('mx', domain, 'no MX record, so replies and bounces are lost', publish);
}

async function findDmarc(domain: string, dns: Dns): Promise<{ at: string; reading: ReturnType<typeof readDmarc> }> {
  const own = readDmarc(await dns.texts(`_dmarc.${domain}`));
  const parent = organisationalDomain(domain);
  if (own.kind !== 'none' || parent === domain) return { at: `_dmarc.${domain}`, reading: own };
  return { at: `_dmarc.${parent}`, reading: readDmarc(await dns.texts(`_dmarc.${parent}`)) };
}

async function dmarcCheck(domain: string, users: readonly DnsSender[], dns: Dns): Promise<Check> {
  const { at, reading } = await findDmarc(domain, dns);
  const publish = recordToPublish(`_dmarc.${organisationalDomain(domain)}`, 'TXT', `v=DMARC1; p=none; rua=mailto:${users[0]?.address}`);
  if (reading.kind === 'none') return fail('dmarc', domain, `no record at ${at}; Gmail and Yahoo ask for one`, publish);
  if (reading.kind === 'broken') return fail('dmarc', domain, `the record at ${at} does not count: ${reading.reason}`, publish);
  const { policy, reports } = reading.dmarc;
  const notes = [
    policy === 'none' ? 'p=none: it only watches; p=quarantine once the reports are clean' : `p=${policy}`,
    ...(reports ? [] : ['no rua=, so nobody reads the reports']),
  ];
  return ok('dmarc', domain, notes.join('; '));
}

/** What takes longer than `limitMs`, or what DNS keeps silent about, is no verdict. */
async function inTime(subject: string, limitMs: number, ask: () => Promise<Check[]>, name = 'dns'): Promise<Check[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DnsSilence('no answer in time')), limitMs);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    if (!(error instanceof DnsSilence)) throw error;
    return [
      warn(name, subject, `could not be asked: ${error.message}`, 'Check this machine’s network and name servers, then: outreach doctor'),
    ];
  } finally {
    clearTimeout(timer);
  }
}
