import type { Store } from '../store/database.ts';
import type { JobProgress, MessageStory } from '../store/progress.ts';

/** What the dashboard works with; the command puts it together. It is opened anew when it no longer stands. */
export interface Desk {
  readonly store: Store;
  /** Of the workspace. */
  readonly name: string;
  readonly mailsAMonth: number | null;
  readonly senderNames: readonly string[];
  /** False when another database, or other settings, lie where this one was opened. */
  stands(): boolean;
  job(progress: JobProgress, now: number): Promise<JobOutlook>;
  /** `sent`: mails of a sender in the last 24 hours. */
  senders(now: number, sent: (name: string) => number): Promise<readonly SenderLine[]>;
  /** Why nothing at all is sent; null when all is well. */
  refusal(): Promise<string | null>;
  /** What the settings lack, so that no worker starts; null when one does. */
  readonly workerRefusal: string | null;
  /** Whoever sits before the screen: approvals and rejections are theirs. */
  readonly actor: string;
  /** Voids what was drafted from campaigns that have changed since. */
  refreshCampaigns(): Promise<unknown>;
  /** What helps to say what became of an uncertain mail. */
  hints(story: MessageStory): Hints;
  close(): Promise<void>;
}

export interface Hints {
  /** How far it got, and what that usually means. */
  readonly progress: string;
  /** Where to look, the best place first. */
  readonly places: readonly string[];
}

export interface JobOutlook {
  /** When the last mail will have left; null when nobody knows. Epoch ms. */
  readonly endsAt: number | null;
  /** Mails an hour that its pace lets out; null when nothing limits it. */
  readonly plannedRate: number | null;
  /** What keeps it, in sentences. */
  readonly says: readonly string[];
  /** Its campaign cannot be read. */
  readonly problem: string | null;
}

export interface SenderLine {
  readonly name: string;
  /** In the last 24 hours, and how many that may be today. */
  readonly sent: number;
  readonly cap: number | null;
  readonly warmUpDay: number | null;
  readonly health: 'ok' | 'warned' | 'resting' | 'stopped';
  /** What is wrong with it; empty when nothing is. */
  readonly says: string;
}
