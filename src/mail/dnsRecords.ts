import { createPublicKey } from 'node:crypto';

/** One DNS record, as a person has to enter it. */
export function recordToPublish(host: string, type: 'TXT' | 'MX' | 'CNAME' | 'PTR', value: string): string {
  return `host ${host}   type ${type}   value ${value}`;
}

/** A domain's wish for mail that fails its checks (RFC 7489 §6.3). */
interface Dmarc {
  readonly policy: 'none' | 'quarantine' | 'reject';
  /** Somebody reads the reports. */
  readonly reports: boolean;
  /** `s`: the DKIM domain must be the very domain of From; `r`: one of the same organisation will do. */
  readonly dkimMode: 'r' | 's';
  readonly spfMode: 'r' | 's';
}

export type DmarcReading =
  | { readonly kind: 'none' }
  /** Receivers take no account of a record that is broken or not alone (§6.6.3). */
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'found'; readonly dmarc: Dmarc; readonly record: string };

/** Reads the texts at `_dmarc.DOMAIN`. */
export function readDmarc(texts: readonly string[]): DmarcReading {
  const records = texts.filter((text) => /^v\s*=\s*DMARC1\s*(;|$)/.test(text));
  const [record] = records;
  if (record === undefined) {
    const meant = texts.find((text) => /dmarc1/i.test(text));
    return meant === undefined ? { kind: 'none' } : { kind: 'broken', reason: 'it does not begin with v=DMARC1;' };
  }
  if (records.length > 1) return { kind: 'broken', reason: `there are ${records.length} records, so none of them counts` };
  const tags = tagsOf(record);
  const policy = tags.get('p')?.toLowerCase();
  if (policy !== 'none' && policy !== 'quarantine' && policy !== 'reject')
    return { kind: 'broken', reason: policy === undefined ? 'it has no p=' : `p=${policy} is none of none, quarantine and reject` };
  const mode = (tag: string) => (tags.get(tag)?.toLowerCase() === 's' ? 's' : 'r');
  const reports = /^mailto:/i.test(tags.get('rua') ?? '');
  return { kind: 'found', record, dmarc: { policy, reports, dkimMode: mode('adkim'), spfMode: mode('aspf') } };
}

export type DkimReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly reason: string }
  | {
      readonly kind: 'found';
      readonly type: 'rsa' | 'ed25519';
      /** Of an RSA key. */
      readonly bits: number | undefined;
      /** `t=y`: receivers treat the mail as if it were not signed. */
      readonly testing: boolean;
      /** Base64, as published. */
      readonly publicKey: string;
    };

/** Reads the texts at `SELECTOR._domainkey.DOMAIN` (RFC 6376 §3.6.1, Ed25519: RFC 8463). Texts without a key are no such record. */
export function readDkim(texts: readonly string[]): DkimReading {
  const records = texts.map(tagsOf).filter((tags) => tags.has('p') && (tags.get('v') ?? 'DKIM1') === 'DKIM1');
  const [tags] = records;
  if (tags === undefined) return { kind: 'none' };
  if (records.length > 1) return { kind: 'broken', reason: `there are ${records.length} records under one name` };
  const publicKey = (tags.get('p') ?? '').replace(/\s/g, '');
  if (publicKey === '') return { kind: 'broken', reason: 'its key is withdrawn (p= is empty)' };
  const type = (tags.get('k') ?? 'rsa').toLowerCase();
  const testing = (tags.get('t') ?? '').split(':').some((flag) => flag.trim().toLowerCase() === 'y');
  if (type === 'ed25519') {
    if (Buffer.from(publicKey, 'base64').length !== 32) return { kind: 'broken', reason: 'its p= is no Ed25519 key' };
    return { kind: 'found', type, bits: undefined, testing, publicKey };
  }
  const bits = type === 'rsa' ? rsaBits(publicKey) : undefined;
  if (type !== 'rsa' || bits === undefined) return { kind: 'broken', reason: `its p= is no ${type} key that receivers know` };
  if (bits < 1024) return { kind: 'broken', reason: `its RSA key has ${bits} bits, and receivers want 1024 or more (RFC 8301 §3.2)` };
  return { kind: 'found', type, bits, testing, publicKey };
}

/**
 * The domain that was registered, under which DMARC looks for a policy and compares (RFC 7489 §3.2).
 * Without the public suffix list: two labels, or three under a country's usual second level, such as co.uk.
 */
export function organisationalDomain(domain: string): string {
  const labels = domain.toLowerCase().split('.');
  const [second = '', top = ''] = labels.slice(-2);
  return labels.slice(top.length === 2 && SECOND_LEVELS.has(second) ? -3 : -2).join('.');
}

/** Whether DMARC takes `other` for the domain of From. */
export function aligned(from: string, other: string, mode: 'r' | 's'): boolean {
  return mode === 's' ? from.toLowerCase() === other.toLowerCase() : organisationalDomain(from) === organisationalDomain(other);
}

const SECOND_LEVELS = new Set('ac co com edu gob gouv gov gv ltd me mil ne net nom or org plc sch'.split(' '));

function tagsOf(record: string): Map<string, string> {
  const tags = new Map<string, string>();
  for (const part of record.split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(0, at)).trim();
    if (/^[a-z]\w*$/i.test(name)) tags.set(name.toLowerCase(), part.slice(at + 1).trim());
  }
  return tags;
}

/** Published as SubjectPublicKeyInfo, and by some as the bare RSAPublicKey (RFC 6376, erratum 3017). */
function rsaBits(base64: string): number | undefined {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type });
      if (key.asymmetricKeyType === 'rsa') return key.asymmetricKeyDetails?.modulusLength;
    } catch {
      // Not in this form.
    }
  }
  return undefined;
}
