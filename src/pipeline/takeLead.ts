import type { LeadRow } from '../csv/leads.ts';
import { domainOf } from '../domain/address.ts';
import { type LeadFields, mergedFields, sameFields } from '../domain/lead.ts';
import { noteEvents } from '../store/events.ts';
import { addProspect, findProspect, noteUpdatedBy, recordOrigin, TOMBSTONE, updateProspect } from '../store/prospects.ts';
import { reimportLead } from '../store/reimport.ts';
import type { ImportRow, Tx } from '../store/schema.ts';
import { isWaitedFor, suppress, suppressionOf } from '../store/suppressions.ts';
import type { ImportDependencies, ImportRequest } from './importLeads.ts';
import { voidMessages } from './refreshCampaign.ts';
import { withdraw } from './suppressPeople.ts';

/** What became of one row. */
export interface LeadEnd {
  readonly end: 'imported' | 'reimported' | 'updated' | 'duplicates' | 'suppressed';
  /** Of the suppressed: why. */
  readonly by?: string;
  /** Of the suppressed: the campaign had them already. */
  readonly withdrawn?: boolean;
  /** Why the person is suppressed whom an earlier row of the file had brought. */
  readonly undone?: string;
  /** An earlier row of the file had the address. */
  readonly repeated?: boolean;
}

/** Why somebody gets no mail of whom the file itself says nothing: an address or domain that is suppressed already. */
export const LISTED = 'listed';

/** Whether the row itself does not speak against mail. */
export function isForMail({ by, undone }: LeadEnd): boolean {
  return undone === undefined && (by === undefined || by === LISTED);
}

export type Lead = LeadRow & { kind: 'lead' };

/** The forgotten are known by a hash; it is asked only when somebody was forgotten. */
export type KeyOf = ImportDependencies['forgottenKey'] | undefined;

/** Stores one lead. Of several rows with one address the first counts, but a word against mail counts in any. */
export async function takeLead(
  tx: Tx,
  request: ImportRequest,
  started: ImportRow,
  lead: Lead,
  keyOf: KeyOf,
  now: number,
): Promise<LeadEnd> {
  const forgotten = await forgottenLead(tx, lead, keyOf);
  const stored = forgotten ?? knownLead(lead, request);
  const mark = forgotten === undefined ? request.consent.markOf(lead.row) : undefined;
  const listed = await suppressionOf(tx, stored.key);
  const row = { ...stored, campaignId: started.campaign_id, jobId: started.job_id, dueAt: request.send.at ?? now, now };
  if (mark !== undefined) {
    const reason = `${mark.refusal.replaceAll('_', ' ')} (column "${mark.column}" of ${request.file.name}, line ${lead.row.line})`;
    return takeMarked(tx, { ...row, suppressed: listed ?? reason }, mark.refusal, listed !== undefined, request.file.name);
  }
  if (await addProspect(tx, { ...row, suppressed: listed ?? null }))
    return listed === undefined ? { end: 'imported' } : { end: 'suppressed', by: LISTED };
  return takeKnown(tx, request, row, lead, listed !== undefined);
}

type Row = Parameters<typeof addProspect>[1];

/** Somebody whose row speaks against mail. They are suppressed for every campaign, whatever a later file says. */
async function takeMarked(tx: Tx, row: Row & { suppressed: string }, by: string, listed: boolean, file: string): Promise<LeadEnd> {
  if (!listed) await suppress(tx, row.key, row.suppressed, file, row.now);
  const added = await addProspect(tx, row);
  if (!listed && (await isWaitedFor(tx, row.key))) await withdraw(tx, new Map([[row.key, row.suppressed]]), row.now);
  if (added) return { end: 'suppressed', by };
  const known = await findProspect(tx, row.campaignId, row.key);
  const repeated = known?.job_id === row.jobId || known?.update_job_id === row.jobId;
  if (repeated && listed) return { end: 'duplicates', repeated };
  if (known?.job_id === row.jobId) return { end: 'duplicates', undone: by, repeated };
  if (known !== undefined) await noteUpdatedBy(tx, known.id, row.jobId);
  return { end: 'suppressed', by, withdrawn: true, repeated };
}

/** A lead that the campaign has already, from an earlier row or an earlier file. */
async function takeKnown(tx: Tx, request: ImportRequest, row: Omit<Row, 'suppressed'>, lead: Lead, listed: boolean): Promise<LeadEnd> {
  const known = await findProspect(tx, row.campaignId, row.key);
  if (known === undefined) throw new Error(`${row.key} was not stored`);
  if (known.job_id === row.jobId || known.update_job_id === row.jobId) return { end: 'duplicates', repeated: true };
  const before = JSON.parse(known.fields) as LeadFields;
  const after = row.key === lead.address.key ? fieldsAfter(request, before, lead) : before;
  if (!listed && (await reimportLead(tx, { ...row, fields: JSON.stringify(after) }))) return { end: 'reimported' };
  if (!request.update) return { end: 'duplicates' };
  await recordOrigin(tx, row);
  await noteUpdatedBy(tx, known.id, row.jobId);
  if (sameFields(before, after)) return { end: 'duplicates' };
  const messages = await updateProspect(tx, known.id, JSON.stringify(after), row.now);
  await noteEvents(tx, messages, 'updated', row.now);
  await voidMessages(tx, messages, row.now, "the lead's fields changed");
  return { end: 'updated' };
}

/** What a lead's fields are after this row: what it does not say stays with --update, and goes with --replace. */
export function fieldsAfter({ update, replace }: ImportRequest, before: LeadFields, { fields, namedByAddress }: Lead): LeadFields {
  if (!update || replace === true) return fields;
  const { name: _, ...others } = fields;
  return mergedFields(before, namedByAddress && before.name !== undefined ? others : fields);
}

function knownLead({ address: { key, email }, fields }: Lead, { origin }: ImportRequest) {
  return { key, email, domain: domainOf(key), fields: JSON.stringify(fields), ...origin };
}

/** The row of a person who was forgotten counts, and says nothing of them. */
async function forgottenLead(tx: Tx, lead: Lead, keyOf: KeyOf) {
  if (keyOf === undefined) return undefined;
  const key = keyOf(lead.address.key);
  return (await suppressionOf(tx, key)) === undefined ? undefined : { key, ...TOMBSTONE };
}
