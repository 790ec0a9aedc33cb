import { type Config, logsInByGrant, type MailboxSenderConfig, type SenderConfig, type SmtpSenderConfig } from '../config/config.ts';
import { isLive, lacksOf } from '../config/lawful.ts';
import { mailboxOf } from '../config/oauth.ts';
import { workspaceKey } from '../config/workspaceKey.ts';
import type { AccessTokens } from '../domain/accessToken.ts';
import { alignment } from '../domain/alignment.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { OutreachError } from '../domain/errors.ts';
import { mayReplay } from '../domain/replay.ts';
import { capabilitiesOf } from '../llm/capabilities.ts';
import type { TextProvider } from '../llm/provider.ts';
import { templateWriter } from '../llm/templateWriter.ts';
import type { DkimSigner } from '../mail/dkim.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { SmtpAuth } from '../mail/smtpHandshake.ts';
import type { Model } from '../pipeline/estimateCost.ts';
import { modelWriter } from '../pipeline/writeWithModel.ts';
import { sqliteQueue } from '../queue/sqlite.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Store } from '../store/database.ts';
import type { Log } from '../worker/stage.ts';
import type { WorkerParts } from '../worker/worker.ts';
import { type App, aiLimits, sleep } from './app.ts';
import { openComposing } from './composing.ts';
import { resolveKey } from './dkimKey.ts';
import { openGuard } from './guard.ts';
import { mailboxApiOf, passwordLogin, smtpServerOf } from './logins.ts';
import { headerSafe, openSecrets } from './secrets.ts';

/** What a worker is started for: `concurrency` is the number of mails on the wire. */
export interface WorkerNeeds {
  readonly only?: 'generate' | 'send';
  readonly concurrency: number;
}

/** Everything a worker works with. Secrets are resolved here, before anything is claimed. */
export async function workerParts(app: App, store: Store, log: Log, env: NodeJS.ProcessEnv, needs: WorkerNeeds): Promise<WorkerParts> {
  if (needs.only !== 'generate') {
    refuseUnlawful(app.config);
    await refuseUnsourced(app, store);
  }
  const secrets = openSecrets(app.workspace, env);
  const mailers = needs.only === 'generate' ? new Map<string, Mailer>() : await openMailers(app, { secrets, env, log });
  const providers = needs.only === 'send' ? [] : await openProviders(app.config, secrets);
  const now = () => Date.now();
  const mailerFor = (sender: string): Mailer => {
    const mailer = mailers.get(sender);
    if (mailer === undefined) throw new Error(`no mailer for sender ${sender}`);
    return mailer;
  };
  const composing = await openComposing(app);
  return {
    store,
    queue: sqliteQueue(store, now),
    campaigns: app.campaigns,
    guard: openGuard(store, env, { warn: (what) => log.warn({}, what) }),
    now,
    sleep,
    log,
    drafting(worker, { stopping, cut }) {
      const template = templateWriter(needs.concurrency);
      const ai = modelWriter({ store, worker, now, sleep, stopping, cut, providers, limits: aiLimits(app.config), purpose: 'draft' });
      return { store, worker, now, ...composing, writerFor: (generator) => (generator === 'ai' ? ai : template) };
    },
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
    replayAccounts: new Map(
      [...mailers].flatMap(([name, { provider, account }]) =>
        mayReplay(provider) && account !== undefined ? [[name, account(workspaceKey(app.workspace))] as const] : [],
      ),
    ),
    async closeMailers() {
      for (const mailer of mailers.values()) await mailer.close();
    },
  };
}

/** The models of the configuration, in its order, with their keys. */
export async function openProviders({ ai, path }: Config, secrets: Secrets): Promise<TextProvider[]> {
  if (ai === undefined) return [];
  const { openAiProvider } = await import('../llm/openaiProvider.ts');
  const providers: TextProvider[] = [];
  for (const { name, base_url, insecure, model, api_key, price, output } of ai.providers) {
    providers.push(
      openAiProvider({
        name,
        baseUrl: base_url,
        insecure,
        model,
        apiKey: api_key === undefined ? undefined : headerSafe(await secrets.resolve(api_key, `${path}: ai provider ${name}`), api_key),
        keyName: api_key,
        price,
        output,
        maxOutputTokens: ai.max_output_tokens,
        limitMs: DEADLINES.aiCall,
      }),
    );
  }
  return providers;
}

/** The model that is asked first, with what is known of its price. */
export function firstModel({ ai }: Config): Model | undefined {
  const [first] = ai?.providers ?? [];
  if (ai === undefined || first === undefined) return undefined;
  return { model: first.model, price: first.price ?? capabilitiesOf(first.base_url).price, maxOutputTokens: ai.max_output_tokens };
}

/** What a mailer is opened with. `log`: where a setting that works, and should not stay, is told of. */
interface Opening {
  readonly secrets: Secrets;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Pick<Log, 'warn'>;
}

async function openMailers(app: App, opening: Opening): Promise<Map<string, Mailer>> {
  const mailers = new Map<string, Mailer>();
  for (const sender of app.config.senders) mailers.set(sender.name, await openMailer(app, sender, opening));
  return mailers;
}

export async function openMailer(app: App, sender: SenderConfig, opening: Opening): Promise<Mailer> {
  const { secrets } = opening;
  if (sender.type === 'outbox') return (await import('../mail/outbox.ts')).outboxMailer(app.workspace.outbox);
  const askedBy = `${app.config.path}: sender ${sender.name}`;
  if (sender.type !== 'smtp') {
    const { httpMailer } = await import('../mail/http.ts');
    const { HTTP_PROVIDER_KINDS } = await import('../mail/httpProviders.ts');
    if (!('api_key' in sender)) {
      const { mendOf } = await import('./grants.ts');
      const mailbox = { ...mailboxApiOf(sender), mend: mendOf(sender) };
      return httpMailer(HTTP_PROVIDER_KINDS[sender.type].open(await tokensOf(app, sender, opening), mailbox));
    }
    const key = headerSafe(await secrets.resolve(sender.api_key, askedBy), sender.api_key);
    return httpMailer(HTTP_PROVIDER_KINDS[sender.type].open(key, sender.base_url, sender.insecure));
  }
  const { smtpMailer } = await import('../mail/smtp.ts');
  const dkim = await openSigner(app, sender, opening);
  return smtpMailer(smtpServerOf(sender, await smtpAuth(app, sender, opening)), dkim);
}

async function smtpAuth(app: App, sender: SmtpSenderConfig, opening: Opening): Promise<SmtpAuth | undefined> {
  const { password } = sender;
  if (logsInByGrant(sender))
    return {
      user: mailboxOf(sender),
      tokens: await tokensOf(app, sender, opening),
      mend: (await import('./grants.ts')).mendOf(sender),
    };
  if (password === undefined) return undefined;
  return passwordLogin(sender, await opening.secrets.resolve(password, `${app.config.path}: sender ${sender.name}`));
}

async function tokensOf({ config, workspace }: App, sender: MailboxSenderConfig, { secrets, env, log }: Opening): Promise<AccessTokens> {
  const { openTokens } = await import('./grants.ts');
  const warn = (what: string) => log.warn({ sender: sender.name }, what);
  return openTokens({ config, workspace, env, secrets, warn }, sender);
}

async function openSigner(app: App, { name, from, dkim }: SmtpSenderConfig, { secrets, log }: Opening): Promise<DkimSigner | undefined> {
  if (dkim === undefined) return undefined;
  const { dkimSigner } = await import('../mail/dkim.ts');
  const place = `${app.config.path}: sender ${name}: dkim.key`;
  const warn = (what: string) => log.warn({ sender: name }, what);
  if (alignment(dkim.domain, from) === 'siblings')
    warn(`signatures of ${dkim.domain} count for ${from} only if both domains are one organisation's`);
  return dkimSigner({
    ...dkim,
    pem: await resolveKey(dkim.key, place, { workspace: app.workspace, secrets, warn }),
    place: `${place} (${dkim.key})`,
  });
}

function refuseUnlawful(config: Config): void {
  const [lack] = lacksOf(config);
  if (lack !== undefined) throw new OutreachError('config', `${config.path}: ${lack.text}`, { hint: lack.hint });
}

/** `require_source` also holds for leads that were imported before it was set. */
async function refuseUnsourced({ config }: App, { db }: Store): Promise<void> {
  if (!config.require_source || !config.senders.some(isLive)) return;
  const { unsourcedLeads } = await import('../store/prospects.ts');
  const unsourced = await unsourcedLeads(db);
  if (unsourced === undefined) return;
  const { campaign, leads } = unsourced;
  throw new OutreachError(
    'config',
    `${config.path}: require_source is set, and of ${leads} ${leads === 1 ? 'lead' : 'leads'} of campaign ${campaign} nothing says where they are from; import their file again with --update --source "…" --basis legitimate-interest`,
    {
      hint: `outreach messages --json    tells who they are; outreach import FILE --campaign ${campaign} --update --source TEXT --basis BASIS`,
    },
  );
}
