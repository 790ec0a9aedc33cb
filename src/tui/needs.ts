import type { PauseReason } from '../domain/job.ts';
import type { HeldJob, Standing } from '../store/dashboard.ts';
import type { VoidedDrafts } from '../store/review.ts';
import { number, plural } from '../terminal/output.ts';
import type { SenderLine } from './desk.ts';

/** Something that only a person can do, with how. */
export interface Need {
  readonly tone: 'bad' | 'warn';
  readonly what: string;
  readonly how: string;
}

interface Facts {
  readonly workers: number;
  readonly abandoned: number;
  readonly refusal: string | null;
  readonly workerRefusal: string | null;
  readonly stands: { readonly uncertain: Standing; readonly review: Standing; readonly open: number };
  readonly held: readonly HeldJob[];
  readonly voided: readonly VoidedDrafts[];
  readonly senders: readonly SenderLine[];
  readonly resting: readonly { readonly name: string; readonly reason: string | null }[];
  readonly refusing: readonly { readonly name: string; readonly reason: string | null }[];
  readonly problems: readonly { readonly job: number; readonly problem: string }[];
  readonly jobs: number;
  readonly filtered: boolean;
}

/** The worst first: the corner may be too small for all of them. */
export function needsOf(facts: Facts): Need[] {
  const { uncertain, review, open } = facts.stands;
  const needs: Need[] = [];
  if (facts.refusal !== null) needs.push({ tone: 'bad', what: 'nothing is sent: a copy', how: 'outreach reconcile' });
  for (const { name, health, says } of facts.senders)
    if (health === 'stopped') needs.push({ tone: 'bad', what: `${name} ${says}`, how: `outreach senders resume ${name}` });
  if (uncertain.n > 0) {
    const where = uncertain.job === null ? '' : `, job ${uncertain.job}`;
    needs.push({ tone: 'bad', what: `${number(uncertain.n)} uncertain${where}`, how: 'u' });
  }
  if (facts.workerRefusal !== null) needs.push({ tone: 'bad', what: 'no worker starts: settings', how: 'outreach config check' });
  else if (facts.workers === 0 && open > 0) needs.push({ tone: 'bad', what: 'no worker is running', how: 'outreach worker' });
  if (facts.abandoned > 0)
    needs.push({ tone: 'warn', what: `${plural(facts.abandoned, 'mail')} held by a worker that is gone`, how: 'outreach worker' });
  if (review.n > 0) needs.push({ tone: 'warn', what: `${plural(review.n, 'mail')} to review`, how: 'v' });
  for (const { job, count, reason } of facts.voided)
    needs.push({ tone: 'warn', what: `job ${job}: ${plural(count, 'draft')} to review voided, ${reason}`, how: '' });
  for (const { id, why } of facts.held) needs.push({ tone: 'warn', what: `job ${id}: ${HELD[why]}`, how: HELD_HOW[why](id) });
  for (const { job, problem } of facts.problems) needs.push({ tone: 'bad', what: `job ${job}: ${problem}`, how: '' });
  for (const { name, reason } of facts.refusing)
    needs.push({ tone: 'bad', what: `AI provider ${name}: ${reason ?? 'refuses'}`, how: 'outreach status' });
  for (const { name } of facts.resting) needs.push({ tone: 'warn', what: `AI provider ${name} rests`, how: '' });
  for (const { name, health, says } of facts.senders)
    if (health === 'warned' || health === 'resting') needs.push({ tone: 'warn', what: `${name} ${says}`, how: '' });
  if (facts.jobs === 0 && !facts.filtered) needs.push({ tone: 'warn', what: 'no jobs yet', how: 'outreach import leads.csv' });
  return needs;
}

const HELD: Record<HeldJob['why'], string> = {
  importing: 'import not complete',
  budget: 'ai.budget_usd is reached',
  overdue: 'paused, its start is long over',
  canary: 'paused, its canary bounced',
  restored: 'paused, from a restored copy',
};

const resume = () => 'p';
const HELD_HOW: Record<'importing' | 'budget' | PauseReason, (job: number) => string> = {
  importing: (job) => `import again, or cancel ${job}`,
  budget: () => 'raise it, restart the worker',
  overdue: resume,
  canary: resume,
  restored: resume,
};
