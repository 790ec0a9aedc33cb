import { isIP } from 'node:net';

/** The texts under a name; none when there is no such record. Rejects when DNS cannot be asked. */
export type TextsOf = (name: string) => Promise<readonly string[]>;

/** The most terms of one evaluation that may ask DNS (RFC 7208 §4.6.4). */
export const MOST_SPF_LOOKUPS = 10;
/** Where following ends: a record that includes itself would never. */
const MOST_FOLLOWED = 30;

/** What a receiver finds when it asks who may send for a domain. */
export interface SpfReport {
  /** The domain's own records: exactly one is right. */
  readonly records: readonly string[];
  /** DNS lookups in the worst case, through include and redirect. */
  readonly lookups: number;
  /** Everything that is included or redirected to, at any depth, in lower case. */
  readonly names: ReadonlySet<string>;
  /** What makes a receiver give up (permerror). */
  readonly errors: readonly string[];
  /** Says servers by address or macro, so that a service may be meant without being named. */
  readonly listsAddresses: boolean;
  /** What becomes of all others; null when the record does not say. */
  readonly end: SpfEnd | null;
}

type SpfEnd = '-all' | '~all' | '?all' | '+all';

/** Reads and follows a domain's SPF record (RFC 7208). */
export async function readSpf(domain: string, textsOf: TextsOf): Promise<SpfReport> {
  const walk = new Walk(textsOf);
  const records = (await textsOf(domain)).filter(isSpf);
  const [only] = records;
  const end = only === undefined || records.length > 1 ? null : await walk.follow(only, domain);
  const { lookups, names, errors, listsAddresses } = walk;
  return { records, lookups, names, errors: [...errors], listsAddresses, end };
}

/**
 * The one record to publish instead of these: every mechanism once, the services in `includes` too,
 * and an end that says no to others. A redirect becomes an include, because nothing may stand beside it.
 */
export function spfRecord(records: readonly string[], includes: readonly string[]): string {
  const terms = records.flatMap(termsOf).map((term) => term.replace(/^redirect=/i, 'include:'));
  const ends = terms.map(endOf).filter((end) => end !== undefined);
  const wanted = [...terms.filter((term) => endOf(term) === undefined), ...includes];
  const kept = new Map<string, string>();
  for (const term of wanted) if (!kept.has(term.toLowerCase())) kept.set(term.toLowerCase(), term);
  const end = ends.length > 0 && ends.every((one) => one === '-all') ? '-all' : '~all';
  return ['v=spf1', ...kept.values(), end].join(' ');
}

class Walk {
  readonly #textsOf: TextsOf;
  lookups = 0;
  readonly names = new Set<string>();
  readonly errors = new Set<string>();
  listsAddresses = false;

  constructor(textsOf: TextsOf) {
    this.#textsOf = textsOf;
  }

  /** What stands after `all` is never looked at, nor is a redirect beside it (§5.1). */
  async follow(record: string, domain: string): Promise<SpfEnd | null> {
    const terms = termsOf(record);
    for (const term of terms) {
      const end = endOf(term);
      if (end !== undefined) return end;
      await this.#mechanism(term, domain);
    }
    const redirect = terms.find((term) => /^redirect=/i.test(term))?.slice('redirect='.length);
    if (redirect === undefined) return null;
    this.lookups++;
    return this.#descend(redirect);
  }

  async #mechanism(term: string, domain: string): Promise<void> {
    if (/^[a-z][\w.-]*=/i.test(term)) return;
    const { kind, value } = mechanismOf(term);
    switch (kind) {
      case 'include':
        this.lookups++;
        if (value === '') this.errors.add(`${domain}: include names no domain`);
        else await this.#descend(value);
        return;
      case 'exists':
        this.listsAddresses = true;
        this.lookups++;
        return;
      case 'a':
      case 'mx':
      case 'ptr':
        this.lookups++;
        return;
      case 'ip4':
      case 'ip6':
        this.listsAddresses = true;
        if (isIP(value.split('/')[0] ?? '') !== Number(kind.at(-1))) this.errors.add(`${domain}: ${term} holds no such address`);
        return;
      default:
        this.errors.add(`${domain}: ${term} means nothing`);
    }
  }

  async #descend(target: string): Promise<SpfEnd | null> {
    const name = target.toLowerCase().replace(/\.$/, '');
    if (name.includes('%')) {
      this.listsAddresses = true;
      return null;
    }
    this.names.add(name);
    if (this.lookups > MOST_FOLLOWED) return null;
    const records = (await this.#textsOf(name)).filter(isSpf);
    const [only] = records;
    if (only !== undefined && records.length === 1) return this.follow(only, name);
    this.errors.add(`${name} has ${records.length === 0 ? 'no' : 'more than one'} SPF record`);
    return null;
  }
}

function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

function termsOf(record: string): string[] {
  return record
    .split(/ +/)
    .slice(1)
    .filter((term) => term !== '');
}

function endOf(term: string): SpfEnd | undefined {
  const match = /^([-~?+]?)all$/i.exec(term);
  return match === null ? undefined : (`${match[1] || '+'}all` as SpfEnd);
}

function mechanismOf(term: string): { kind: string; value: string } {
  const [, kind = '', value = ''] = /^[-~?+]?([a-z0-9]+)(?::(\S+)|\/[\d/]+)?$/i.exec(term) ?? [];
  return { kind: kind.toLowerCase(), value };
}
