import type { Config } from '../config/config.ts';
import { prepareDatabasePlace } from '../config/databasePlace.ts';
import { prepareData, type Workspace } from '../config/workspace.ts';
import { NANO_PER_USD } from '../domain/aiCost.ts';
import type { CampaignSource } from '../domain/campaign.ts';
import { writesNothing } from '../files/readOnly.ts';
import type { PaceSettings } from '../pipeline/gates.ts';
import type { AiLimits } from '../pipeline/modelDesk.ts';
import { openStore, type Store } from '../store/database.ts';
import { openPicture } from '../store/picture.ts';
import type { WaitListener } from '../store/sqlite/patience.ts';

/** One workspace, opened: everything a command needs, built from the configuration when it is asked for. */
export interface App {
  readonly workspace: Workspace;
  readonly config: Config;
  readonly campaigns: CampaignSource;
  readonly pace: PaceSettings;
  openStore(): Promise<Store>;
  close(): Promise<void>;
}

interface Opening {
  /** How long a statement waits for other programs that hold the database, in ms. */
  readonly patience?: number;
  /** Told when that takes long. */
  readonly listener?: WaitListener;
}

export async function openApp(workspace: Workspace, { patience, listener }: Opening = {}): Promise<App> {
  // Loaded here: what reads and checks settings is two thirds of a short command, and completing a word needs none of it.
  const { loadConfig } = await import('../config/config.ts');
  const { campaignFiles } = await import('../config/campaign.ts');
  const config = loadConfig(workspace);
  const campaigns = campaignFiles(workspace, config);
  let store: Promise<Store> | undefined;
  const openForWork = async () => {
    prepareData(workspace);
    await prepareDatabasePlace(workspace, config.database);
    return openStore(config.database, { patience, listener });
  };
  return {
    workspace,
    config,
    campaigns,
    pace: paceSettings(config),
    openStore() {
      store ??= writesNothing() ? openPicture(config.database) : openForWork();
      return store;
    },
    async close() {
      await (await store?.catch(() => undefined))?.close();
    },
  };
}

function paceSettings(config: Config): PaceSettings {
  const senders = config.senders.map(
    ({ name, gap, daily_cap, warmup }) => [name, { name, gap: gap ?? null, dailyCap: daily_cap ?? null, warmUp: warmup ?? null }] as const,
  );
  return {
    senders: new Map(senders),
    timezone: config.identity.timezone,
    limits: {
      emailsPerMonth: config.limits.emails_per_month ?? null,
      sendPerHour: config.limits.send_per_hour ?? null,
      perCompanyDay: config.limits.per_company_day ?? null,
      domainGap: config.limits.domain_gap ?? null,
    },
  };
}

export function aiLimits({ ai, limits }: Config): AiLimits {
  const shared = limits.ai_concurrency ?? null;
  return {
    concurrency: Math.min(ai?.concurrency ?? 1, shared ?? Infinity),
    shared,
    budgetNano: ai?.budget_usd === undefined ? null : Math.round(ai.budget_usd * NANO_PER_USD),
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
