import PQueue from 'p-queue';
import type { Campaign } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { type LeadData, leadData } from '../domain/leadData.ts';
import type { Writer } from '../llm/writer.ts';
import { findCampaign } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { sampleLeads } from '../store/prospects.ts';
import { type ComposeDependencies, composeDraft, type Draft, fieldsOf } from './draftMessage.ts';
import { gatherFiles } from './gatherFiles.ts';

export interface PreviewDependencies extends ComposeDependencies {
  readonly store: Store;
  readonly now: () => number;
  readonly writer: Writer;
}

/** One lead's mail as it would be, or why there is none. */
export interface Preview {
  readonly messageId: number;
  readonly email: string;
  readonly draft: Draft | undefined;
  readonly reason: string | null;
  /** What a model is given of the lead; undefined without one. */
  readonly given: LeadData | undefined;
  /** Nobody can write just now: for the leads to come it would be the same. */
  readonly stopped: 'provider' | 'budget' | 'final' | 'leaving' | undefined;
}

/**
 * Writes a few of the campaign's mails and changes no message. What a model wrote is kept all the
 * same: it is paid for, and the worker will use it if neither brief nor lead change.
 */
export async function previewMails(deps: PreviewDependencies, campaign: Campaign, limit: number): Promise<Preview[]> {
  const known = await findCampaign(deps.store.db, campaign.name);
  const leads = known === undefined ? [] : await sampleLeads(deps.store.db, known.id, limit);
  const writing = new PQueue({ concurrency: deps.writer.width() });
  return writing.addAll(
    leads.map((prospect) => async (): Promise<Preview> => {
      const lead = fieldsOf(prospect);
      const { message_id: messageId, job_id: jobId, email } = prospect;
      const given = campaign.generator === 'ai' ? leadData(lead, campaign.body) : undefined;
      const of = { messageId, email, given };
      // As in drafting: no text is paid for a lead whose file is missing.
      const files = gatherFiles(deps, campaign, lead, []);
      if (files.kind === 'lead_failed') return { ...of, draft: undefined, reason: files.reason, stopped: undefined };
      const written = await deps.writer.write({ campaign, lead, jobId, messageId, deadlineAt: deps.now() + DEADLINES.drafting });
      const draft = written.kind === 'written' ? await composeDraft(deps, campaign, lead, written) : written;
      if (draft.kind !== 'composed') {
        const stopped = draft.kind === 'resting' ? draft.why : undefined;
        return { ...of, draft: undefined, reason: draft.reason, stopped };
      }
      return { ...of, draft, reason: null, stopped: undefined };
    }),
  );
}
