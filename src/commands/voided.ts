import { moment, plural } from '../terminal/output.ts';

/** Drafts of a job that waited in review and no longer hold, since a person last decided there. */
interface Voided {
  readonly job: number;
  readonly count: number;
  /** Epoch ms. */
  readonly at: number;
  readonly reason: string;
}

export function voidedWords({ job, count, at, reason }: Voided): string {
  const [were, they] = count === 1 ? ['was', 'It is'] : ['were', 'They are'];
  return `Job ${job}: ${plural(count, 'draft')} in review ${were} voided at ${moment(at)}: ${reason}. ${they} written anew.`;
}

/** The same for `--json`, over all jobs that a command spoke of. */
export function voidedAsJson(voided: readonly Voided[]): { voided: number; voided_reason: string | null } {
  const reasons = [...new Set(voided.map(({ reason }) => reason))];
  return { voided: voided.reduce((sum, { count }) => sum + count, 0), voided_reason: reasons.length === 0 ? null : reasons.join('; ') };
}
