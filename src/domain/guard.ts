import { OutreachError } from './errors.ts';

/**
 * Whether a database may send. A copy of it that was put back, or that lives on another machine, does
 * not know of the mails sent since it was made, and would send them again.
 */

/** What a database says of itself. */
export interface Identity {
  /** Random, and the same in every copy. */
  readonly database: string;
  /** Raised whenever a person takes over a copy. */
  readonly epoch: number;
  /** How many mails were armed, in this copy's own past. */
  readonly sequence: number;
  /** Of the machine that last sent with it; null before its first mail, and where machines have no id. */
  readonly machine: string | null;
  /** When it was marked as a backup, epoch ms. */
  readonly markedAt: number | null;
}

/** The place of one arm among all arms of a database, and which one it was. */
export interface Arm {
  readonly epoch: number;
  readonly sequence: number;
  /** Id of its attempt. */
  readonly attempt: number;
  /** Id of its worker, which is random: the same attempt in another view of the database has another one. */
  readonly worker: string;
}

/** What was written outside of the database after its last commit. */
export interface Seal {
  readonly database: string;
  readonly epoch: number;
  readonly sequence: number;
  /** Path of the database that it was written for. */
  readonly place: string;
  /** The last arm of each writer that noted one. */
  readonly arms: readonly Arm[];
}

export interface Surroundings {
  /** Undefined where the machine has no id: no reason to refuse. */
  readonly machine: string | undefined;
  /** Whatever seals could be read, beside the database and in the user's own state folder. */
  readonly seals: readonly Seal[];
  /** Another file that is this database too, at the place where it last sent from. */
  readonly twin: string | undefined;
  /** A seal tells of an arm that this database has no record of. */
  readonly stranger: boolean;
}

export type Finding =
  /** `sends`: what this machine has sent since, as far as its seals tell. */
  | { readonly kind: 'backup'; readonly markedAt: number; readonly sends: number }
  | { readonly kind: 'other_machine' }
  | { readonly kind: 'copy'; readonly of: string }
  /** `sends` is null when a person has taken over another copy since. */
  | { readonly kind: 'behind'; readonly sends: number | null }
  /** Mails left from another view of this database, which shares its file and not what was committed beside it. */
  | { readonly kind: 'split' }
  | { readonly kind: 'replaced' }
  /** `file` is no longer the one that this process opened: `gone`, or another one stands there. */
  | { readonly kind: 'files'; readonly file: string; readonly how: 'gone' | 'other' };

/** Why this database must not send; undefined when it may. A seal that lags behind says nothing. */
export function judge(identity: Identity, { machine, seals, twin, stranger }: Surroundings): Finding | undefined {
  const own = seals.filter(({ database }) => database === identity.database);
  const sealed = own.filter(({ epoch }) => epoch === identity.epoch).map(({ sequence }) => sequence);
  const sends = Math.max(0, ...sealed.map((sequence) => sequence - identity.sequence));
  if (identity.markedAt !== null) return { kind: 'backup', markedAt: identity.markedAt, sends };
  if (own.some(({ epoch }) => epoch > identity.epoch)) return { kind: 'behind', sends: null };
  if (sends > 0) return { kind: 'behind', sends };
  if (stranger) return { kind: 'split' };
  if (identity.machine !== null && machine !== undefined && identity.machine !== machine) return { kind: 'other_machine' };
  if (twin !== undefined) return { kind: 'copy', of: twin };
  // One that never sent is a fresh start; any other was put in the place of the one that sent from here.
  if (seals.length > 0 && own.length === 0 && identity.sequence > 0) return { kind: 'replaced' };
  return undefined;
}

/** What was found, as the end of a sentence that begins with the database's path. */
export function describeFinding(finding: Finding): string {
  switch (finding.kind) {
    case 'backup':
      return `is a backup made ${new Date(finding.markedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC, ${finding.sends === 0 ? 'and does not know of mails sent since' : `${counted(finding.sends)} behind what this machine has sent`}`;
    case 'other_machine':
      return 'comes from another machine, which may have sent mails since, or still be sending';
    case 'copy':
      return `is a copy of ${finding.of}, which this machine sends from`;
    case 'behind':
      return finding.sends === null
        ? 'is an older copy: this machine has sent from another one since'
        : `is an older copy, ${counted(finding.sends)} behind what this machine has sent`;
    case 'split':
      return 'does not know of a mail that was sent from it: it was used by two paths with separate files beside it, such as a mount of the file alone';
    case 'replaced':
      return 'was put in the place of another one, and may be older than what was sent from here';
    case 'files':
      return finding.how === 'gone'
        ? `lost its file ${finding.file} while it was in use`
        : `has another file ${finding.file} now than the one that is in use`;
  }
}

export function refusal(path: string, finding: Finding): OutreachError {
  return new OutreachError('config', `nothing is sent: ${path} ${describeFinding(finding)}`, {
    hint:
      finding.kind === 'files'
        ? 'End every program that has this database open, and start the worker again; remove or replace nothing beside it while one runs.'
        : 'See what may have been sent already, and how to go on: outreach reconcile',
  });
}

function counted(sends: number): string {
  return sends === 1 ? '1 send' : `${sends} sends`;
}
