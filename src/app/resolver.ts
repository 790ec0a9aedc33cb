import { Resolver } from 'node:dns/promises';
import { messageOf } from '../domain/errors.ts';

/** What is asked of DNS; the answers are those of `node:dns/promises`. */
export interface DnsResolver {
  resolveTxt(name: string): Promise<string[][]>;
  resolveMx(name: string): Promise<{ exchange: string; priority: number }[]>;
  /** Names of an address. */
  reverse(address: string): Promise<string[]>;
  /** Addresses of a name. */
  lookup(name: string): Promise<string[]>;
}

/** Asks the machine's name servers, one try of `limitMs` each. Never the hosts file: it is what others see that counts. */
export function systemDns(limitMs: number): DnsResolver {
  const resolver = new Resolver({ timeout: limitMs, tries: 1 });
  return {
    resolveTxt: (name) => resolver.resolveTxt(name),
    resolveMx: (name) => resolver.resolveMx(name),
    reverse: (address) => resolver.reverse(address),
    async lookup(name) {
      const [four, six] = await Promise.all([some(resolver.resolve4(name)), some(resolver.resolve6(name))]);
      return [...four, ...six];
    },
  };
}

/** DNS gave no answer: that says nothing of the record. */
export class DnsSilence extends Error {}

/** DNS with every question asked once, and "there is none" as an empty answer. Rejects with DnsSilence. */
export interface Dns {
  texts(name: string): Promise<readonly string[]>;
  mx(name: string): Promise<readonly { exchange: string; priority: number }[]>;
  names(address: string): Promise<readonly string[]>;
  addresses(name: string): Promise<readonly string[]>;
}

export function askingOnce(resolver: DnsResolver): Dns {
  const answers = new Map<string, Promise<unknown[]>>();
  const once = <T>(question: string, ask: () => Promise<T[]>): Promise<T[]> => {
    const known = answers.get(question) as Promise<T[]> | undefined;
    if (known !== undefined) return known;
    const asked = some(ask());
    answers.set(question, asked);
    return asked;
  };
  return {
    texts: (name) => once(`TXT ${name}`, async () => (await resolver.resolveTxt(name)).map((parts) => parts.join(''))),
    mx: (name) => once(`MX ${name}`, () => resolver.resolveMx(name)),
    names: (address) => once(`PTR ${address}`, () => resolver.reverse(address)),
    addresses: (name) => once(`A ${name}`, () => resolver.lookup(name)),
  };
}

/** A name that everybody's DNS knows. */
const KNOWN_TO_ALL = 'a.root-servers.net';

/** Some name servers deny every name while they are cut off from the world. Rejects with DnsSilence then, so that no denial is believed. */
export async function believeDenial(dns: Dns): Promise<void> {
  if ((await dns.addresses(KNOWN_TO_ALL)).length === 0) throw new DnsSilence(`this machine's DNS knows no name, not even ${KNOWN_TO_ALL}`);
}

/** No such name, or no such record of it: an answer. Anything else is none. */
async function some<T>(asked: Promise<T[]>): Promise<T[]> {
  try {
    return await asked;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error instanceof DnsSilence ? error : new DnsSilence(messageOf(error), { cause: error });
  }
}
