import { campaignFiles } from '../config/campaign.ts';
import { type Config, isLive, loadConfig, resolveSecret, type SenderConfig, securityOf } from '../config/config.ts';
import { prepareData, type Workspace } from '../config/workspace.ts';
import type { CampaignSource } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { templateWriter } from '../llm/templateWriter.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { PaceSettings } from '../pipeline/gates.ts';
import { sqliteQueue } from '../queue/sqlite.ts';
import { openStore, type Store } from '../store/database.ts';
import type { Log } from '../worker/stage.ts';
import type { WorkerParts } from '../worker/worker.ts';

/** One workspace, opened: everything a command needs, built from the configuration when it is asked for. */
export interface App {
  readonly workspace: Workspace;
  readonly config: Config;
  readonly campaigns: CampaignSource;
  readonly pace: PaceSettings;
  openStore(): Promise<Store>;
  close(): Promise<void>;
}

export function openApp(workspace: Workspace): App {
  const config = loadConfig(workspace);
  let store: Promise<Store> | undefined;
  return {
    workspace,
    config,
    campaigns: campaignFiles(workspace, config),
    pace: paceSettings(config),
    openStore() {
      prepareData(workspace);
      store ??= openStore(config.database);
      return store;
    },
    async close() {
      await (await store?.catch(() => undefined))?.close();
    },
  };
}

function paceSettings(config: Config): PaceSettings {
  const senders = config.senders.map(
    ({ name, gap, daily_cap }) => [name, { name, gap: gap ?? null, dailyCap: daily_cap ?? null }] as const,
  );
  return {
    senders: new Map(senders),
    limits: { emailsPerMonth: config.limits.emails_per_month ?? null, sendPerHour: config.limits.send_per_hour ?? null },
  };
}

/** Everything a worker works with. Secrets are resolved here, before anything is claimed. */
export async function workerParts(app: App, store: Store, log: Log, env: NodeJS.ProcessEnv): Promise<WorkerParts> {
  refuseMissingAddress(app.config);
  const mailers = await openMailers(app, env);
  const now = () => Date.now();
  const mailerFor = (sender: string): Mailer => {
    const mailer = mailers.get(sender);
    if (mailer === undefined) throw new Error(`no mailer for sender ${sender}`);
    return mailer;
  };
  const { composeMime } = await import('../mail/mime.ts');
  return {
    store,
    queue: sqliteQueue(store, now),
    campaigns: app.campaigns,
    now,
    sleep,
    log,
    drafting: { store, now, writer: templateWriter(), compose: composeMime },
    sending: {
      ...app.pace,
      store,
      now,
      random: Math.random,
      retry: app.config.retry,
      mailerFor,
      providerOf: (sender) => mailerFor(sender).provider,
      sleep,
    },
    async closeMailers() {
      for (const mailer of mailers.values()) await mailer.close();
    },
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function openMailers(app: App, env: NodeJS.ProcessEnv): Promise<Map<string, Mailer>> {
  const mailers = new Map<string, Mailer>();
  for (const sender of app.config.senders) mailers.set(sender.name, await openMailer(app, sender, env));
  return mailers;
}

async function openMailer(app: App, sender: SenderConfig, env: NodeJS.ProcessEnv): Promise<Mailer> {
  if (sender.type === 'outbox') return (await import('../mail/outbox.ts')).outboxMailer(app.workspace.outbox);
  const { smtpMailer } = await import('../mail/smtp.ts');
  const { host, port, user, password } = sender;
  const auth =
    user === undefined || password === undefined
      ? undefined
      : { user, password: resolveSecret(password, `${app.config.path}: sender ${sender.name}`, env) };
  return smtpMailer({ host: host.replace(/^\[|\]$/g, ''), port, security: securityOf(sender), auth });
}

/** CAN-SPAM (16 CFR 316) and its kin ask for a postal address in every commercial mail. */
function refuseMissingAddress(config: Config): void {
  const live = config.senders.find(isLive);
  if (live === undefined || config.identity.postal_address !== undefined) return;
  throw new OutreachError(
    'config',
    `${config.path}: identity.postal_address is missing, and sender ${live.name} reaches real mailboxes; write your postal address there`,
    {
      hint: 'It stands at the foot of every mail; the law of most countries asks for it.',
    },
  );
}
