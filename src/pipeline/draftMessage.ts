import { randomUUID } from 'node:crypto';
import type { AttachedFile } from '../domain/attachment.ts';
import { type Campaign, type Generator, needsApproval } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { feedbackId } from '../domain/feedbackId.ts';
import { placeImages } from '../domain/images.ts';
import { displayName, type LeadFields, withoutInvisibleText } from '../domain/lead.ts';
import { reached } from '../domain/milestone.ts';
import { withToken } from '../domain/personKey.ts';
import type { Resting, Writer } from '../llm/writer.ts';
import type { Composer, FrozenMail, MailAddressing } from '../mail/mailer.ts';
import { saveFiles } from '../store/attachedFiles.ts';
import { contentOf } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { saveDraft } from '../store/drafts.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { abandonDraft, claimForDrafting, finishDraft, type Hold, withdrawClaim } from '../store/messages.ts';
import { prospectById, type StoredProspect } from '../store/prospects.ts';
import type { Tx } from '../store/schema.ts';
import { suppressionOf } from '../store/suppressions.ts';
import { type Enclosing, type Failed, gatherFiles } from './gatherFiles.ts';

/** What turns a written text into a whole mail. */
export interface ComposeDependencies extends Enclosing {
  readonly compose: Composer;
  /** What a mail's opt-out is recognised by. */
  tokenFor(reference: string): string;
  /** What a campaign is counted by in headers that recipients see. */
  markOf(campaign: string): string;
}

export interface DraftDependencies extends ComposeDependencies {
  readonly store: Store;
  readonly worker: string;
  readonly now: () => number;
  writerFor(generator: Generator): Writer;
}

/** A lead whose mail this worker is to write. */
export interface ClaimedDraft {
  readonly hold: Hold;
  readonly jobId: number;
  readonly campaignId: number;
  readonly prospect: StoredProspect;
  /** When the message goes back to others (epoch ms). */
  readonly deadlineAt: number;
}

export type Drafted =
  | { readonly kind: 'ready' | 'review'; readonly reason: string | null }
  /** Nothing could be written for this lead: it waits in review without a draft. */
  | { readonly kind: 'held'; readonly reason: string }
  /** Taken away meanwhile, or the campaign changed under it: it is pending again. */
  | { readonly kind: 'superseded' }
  /** Nobody can write just now: it is pending again. */
  | Resting;

/** Why nobody writes just now, and when it is worth trying again. */
export type Rest = Extract<Drafted, { kind: 'resting' }>;

/** pending → drafting for up to `limit` messages of a job, among `ids` if they are given; suppressed leads are set aside on the way. */
export function claimDrafts(
  deps: Pick<DraftDependencies, 'store' | 'worker' | 'now'>,
  jobId: number,
  limit: number,
  ids?: readonly number[],
): Promise<ClaimedDraft[]> {
  return deps.store.write(async (tx) => {
    const now = deps.now();
    if ((await jobNow(tx, jobId)).cancelled_at !== null) return [];
    const deadlineAt = now + DEADLINES.drafting;
    const rows = await claimForDrafting(tx, { jobId, worker: deps.worker, deadlineAt, now, limit, ids });
    const drafts: ClaimedDraft[] = [];
    for (const row of rows) {
      const hold = { id: row.id, worker: deps.worker, token: row.token };
      const prospect = await prospectById(tx, row.prospect_id);
      const suppressed = await suppressionOf(tx, prospect.email_key);
      if (suppressed === undefined) drafts.push({ hold, jobId, campaignId: row.campaign_id, prospect, deadlineAt });
      else {
        await withdrawClaim(tx, hold, suppressed, now);
        await noteEvent(tx, row.id, 'suppressed', now, suppressed);
      }
    }
    reached('draft.claim_open');
    return drafts;
  });
}

/** Writes one mail, freezes its bytes, and puts it where the campaign's review rule says. May be repeated at will. */
export async function draftMessage(deps: DraftDependencies, claimed: ClaimedDraft, campaign: Campaign): Promise<Drafted> {
  reached('draft.claimed');
  const { hold, prospect, jobId, deadlineAt } = claimed;
  const lead = fieldsOf(prospect);
  // Before its text is paid for.
  const files = gatherFiles(deps, campaign, lead, []);
  if (files.kind === 'lead_failed') return holdForPerson(deps, claimed, campaign, files.reason);
  const written = await deps.writerFor(campaign.generator).write({ campaign, lead, jobId, messageId: hold.id, deadlineAt });
  if (written.kind === 'resting') return giveBack(deps, claimed, written);
  if (written.kind === 'lead_failed') return holdForPerson(deps, claimed, campaign, written.reason);
  const draft = await composeDraft(deps, campaign, lead, written);
  if (draft.kind === 'resting') return giveBack(deps, claimed, draft);
  if (draft.kind === 'lead_failed') return holdForPerson(deps, claimed, campaign, draft.reason);
  reached('draft.written');
  const drafted = await storeDraft(deps, claimed, campaign, draft);
  reached('draft.stored');
  return drafted;
}

/** A lead as everything that is written for it may know it: drafts, previews, tests, prompts and what they will cost. */
export function fieldsOf(prospect: Pick<StoredProspect, 'fields' | 'email'>): LeadFields {
  return { ...withoutInvisibleText(JSON.parse(prospect.fields) as LeadFields), email: prospect.email };
}

/** The whole mail: what was written, the footer under it, the files, and the bytes that will be sent. */
export async function composeDraft(
  deps: ComposeDependencies,
  campaign: Campaign,
  lead: LeadFields,
  written: { readonly subject: string; readonly text: string },
): Promise<Draft | Failed> {
  // Random, so that it names this mail in every copy of the database, and tells its recipient nothing.
  const reference = randomUUID();
  const token = deps.tokenFor(reference);
  const { mailto, url } = campaign.unsubscribe;
  const unsubscribeUrl = url === null ? undefined : withToken(url, token);
  const { text, html, images } = placeImages(`${written.text}\n\n${footer(campaign, unsubscribeUrl)}\n`, campaign);
  const tooLong = whyTooLong(written.subject, text, campaign);
  if (tooLong !== undefined) return { kind: 'lead_failed', reason: tooLong };
  const gathered = gatherFiles(deps, campaign, lead, images);
  if (gathered.kind !== 'gathered') return gathered;
  const mail = await deps.compose({
    from: campaign.from,
    to: { email: lead.email ?? '', name: displayName(lead) },
    subject: written.subject,
    text,
    html,
    unsubscribeMailto: mailto,
    unsubscribeUrl,
    unsubscribeToken: token,
    replyTo: campaign.replyTo ?? undefined,
    bccSelf: campaign.bccSelf,
    feedbackId: feedbackId(deps.markOf(campaign.name), campaign.from),
    attachments: gathered.files,
    reference,
  });
  return { kind: 'composed', subject: mail.parts().subject, text, html, mail };
}

/** A mail that nobody means to write: one cell of a lead may be as long as a book. */
function whyTooLong(subject: string, text: string, { sizes }: Campaign): string | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > sizes.text) return `the text has ${bytes} bytes for this lead, and limits.text_bytes is ${sizes.text}`;
  const characters = [...subject].length;
  return characters > sizes.subject
    ? `the subject has ${characters} characters for this lead, and limits.subject_characters is ${sizes.subject}`
    : undefined;
}

/** drafting → pending: the writer rests, and the lead is not to blame. */
async function giveBack(deps: DraftDependencies, { hold }: ClaimedDraft, resting: Resting): Promise<Drafted> {
  const given = await deps.store.write((tx) => abandonDraft(tx, hold, deps.now()));
  return given ? resting : SUPERSEDED;
}

/** The lead's own failure: it waits for a person and has no draft that could be approved. */
function holdForPerson(deps: DraftDependencies, claimed: ClaimedDraft, campaign: Campaign, reason: string): Promise<Drafted> {
  const { id } = claimed.hold;
  return endDraft(deps, claimed, campaign, async (tx, now) => {
    if (!(await finishDraft(tx, claimed.hold, { state: 'review', contentHash: campaign.contentHash, frozen: null, reason, now })))
      return SUPERSEDED;
    await noteEvent(tx, id, 'held', now, reason);
    return { kind: 'held', reason };
  });
}

export interface Draft {
  readonly kind: 'composed';
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly mail: FrozenMail;
}

function storeDraft(
  deps: DraftDependencies,
  claimed: ClaimedDraft,
  campaign: Campaign,
  { subject, text, html, mail }: Draft,
): Promise<Drafted> {
  const { hold, prospect } = claimed;
  const state = needsApproval(campaign) ? 'review' : 'ready';
  const reason = state === 'review' ? 'waits for approval' : null;
  return endDraft(deps, claimed, campaign, async (tx, now) => {
    if (!(await finishDraft(tx, hold, { state, contentHash: campaign.contentHash, frozen: mail.sha256, reason, now }))) return SUPERSEDED;
    const { attachments } = mail.parts();
    if (attachments.length > 0) await saveFiles(tx, attachments, now);
    await saveDraft(tx, {
      message_id: hold.id,
      subject,
      text,
      html,
      header_message_id: mail.messageId,
      envelope_from: mail.envelope.from,
      envelope_to: mail.envelope.to,
      bytes: mail.skeleton,
      addressing: JSON.stringify(addressingOf(mail)),
      attachments: attachments.length === 0 ? '[]' : JSON.stringify(attachments.map(withoutContent)),
      lead_version: prospect.version,
      created_at: now,
    });
    await noteEvent(tx, hold.id, 'drafted', now);
    reached('draft.store_open');
    return { kind: state, reason };
  });
}

const SUPERSEDED: Drafted = { kind: 'superseded' };

/** What was written from a campaign or lead that has changed since is dropped, and the message is pending again. */
function endDraft(
  deps: DraftDependencies,
  { hold, campaignId, prospect }: ClaimedDraft,
  campaign: Campaign,
  end: (tx: Tx, now: number) => Promise<Drafted>,
): Promise<Drafted> {
  return deps.store.write(async (tx) => {
    const now = deps.now();
    const stands =
      (await contentOf(tx, campaignId)) === campaign.contentHash && (await prospectById(tx, prospect.id)).version === prospect.version;
    if (stands) return end(tx, now);
    await abandonDraft(tx, hold, now);
    return SUPERSEDED;
  });
}

/** Who writes, from where, and how to hear no more: what CAN-SPAM §316.5 and its kin ask of every mail. */
function footer({ identity, unsubscribe }: Campaign, url: string | undefined): string {
  const who = [identity.name, identity.company, identity.postal_address].filter((part) => part !== undefined).join(', ');
  const ways = url === undefined ? `Reply "unsubscribe" or write` : `Open ${url}\nor reply "unsubscribe" or write`;
  return `-- \n${who}\nNot interested? ${ways} to ${unsubscribe.mailto}, and you will not hear from me again.`;
}

/** What the draft's own columns do not hold already. */
function addressingOf(mail: FrozenMail): MailAddressing {
  const { from, to, replyTo, bcc, headers, reference } = mail.parts();
  return { from, to, ...(replyTo === undefined ? {} : { replyTo }), ...(bcc === undefined ? {} : { bcc }), headers, reference };
}

function withoutContent({ sha256, name, type, size, cid }: AttachedFile): AttachedFile {
  return { sha256, name, type, size, ...(cid === undefined ? {} : { cid }) };
}
