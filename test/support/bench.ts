import { attachedFiles } from '../../src/config/attachedFiles.ts';
import { campaignFiles } from '../../src/config/campaign.ts';
import { loadConfig } from '../../src/config/config.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { columnNamed, mapColumns } from '../../src/csv/columns.ts';
import { surveyConsent } from '../../src/csv/consent.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import type { Campaign } from '../../src/domain/campaign.ts';
import { contentHash } from '../../src/domain/campaign.ts';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { Origin } from '../../src/domain/lead.ts';
import { forgottenKey } from '../../src/domain/personKey.ts';
import { templateWriter } from '../../src/llm/templateWriter.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { composeMime, sha256, withDate } from '../../src/mail/mime.ts';
import { claimDrafts, draftMessage } from '../../src/pipeline/draftMessage.ts';
import type { PaceSettings } from '../../src/pipeline/gates.ts';
import { type Imported, type ImportRequest, importLeads } from '../../src/pipeline/importLeads.ts';
import type { SendDependencies } from '../../src/pipeline/sendMessage.ts';
import { openStore, type Store } from '../../src/store/database.ts';
import { registerWorker } from '../../src/store/workers.ts';
import { paceOf } from './pace.ts';
import { csv, Folder } from './program.ts';

interface ImportOptions {
  readonly update?: boolean;
  readonly replace?: boolean;
  /** Columns that are not read for consent. */
  readonly ignored?: readonly string[];
  readonly send?: Campaign['send'];
  readonly origin?: Origin;
  /** Variables whose empty cells are counted. */
  readonly counted?: readonly string[];
}

/** A real database file, the real verbs, a clock that stands still until told, and a mailer that answers as told. */
export class Bench {
  readonly folder: Folder;
  now = Date.parse('2026-11-23T10:00:00Z');
  campaign: Campaign;
  answers: Delivery[] = [];
  readonly delivered: string[] = [];
  pace: PaceSettings = paceOf({ main: {} });
  /** Called where a real mailer has read the server's 354. */
  beforeArm: () => Promise<void> = async () => {};
  /** Called while the server has the mail and has not answered. */
  beforeAnswer: () => Promise<unknown> = async () => {};
  /** Uniform in [0, 1). */
  random: () => number = () => 0.5;
  readonly forgottenKey = (emailKey: string) => forgottenKey(Buffer.alloc(32, 7), emailKey);
  #store: Store;

  private constructor(store: Store, folder: Folder, campaign: Partial<Campaign>) {
    this.#store = store;
    this.folder = folder;
    this.campaign = campaignWith(campaign);
  }

  static async open(campaign: Partial<Campaign> = {}): Promise<Bench> {
    const folder = new Folder();
    return new Bench(await openStore(folder.at('outreach.db')), folder, campaign);
  }

  /** What mails are composed with; files come from `campaigns` in the bench's folder. */
  get composing() {
    const workspace = workspaceAt(this.folder.path);
    return {
      compose: composeMime,
      tokenFor: (reference: string) => `token-${reference}`,
      markOf: () => 'mark',
      files: attachedFiles(workspace),
    };
  }

  /** The campaign is what its file says; it and what it attaches lie in the bench's folder. */
  readCampaign(front: string, body = 'Hi {{ first_name }},\n\none question.\n'): Campaign {
    const sender = 'senders: [{ name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>" }]';
    this.folder.write('outreach.yaml', `version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n${sender}\n`);
    this.folder.write('campaigns/hello.md', `---\nsubject: "For {{ first_name }}"\n${front}\n---\n${body}`);
    const workspace = workspaceAt(this.folder.path);
    this.campaign = campaignFiles(workspace, loadConfig(workspace)).load('hello');
    return this.campaign;
  }

  get store(): Store {
    return this.#store;
  }

  /** As after a restart: everything that was only in memory is gone. */
  async reopen(): Promise<void> {
    await this.#store.close();
    this.#store = await openStore(this.folder.at('outreach.db'));
  }

  async close(): Promise<void> {
    await this.#store.close();
    this.folder.remove();
  }

  async import(text = csv(3), options: ImportOptions & { stopAfterOneBatch?: boolean } = {}): Promise<Imported> {
    const stop = new AbortController();
    return importLeads(
      {
        store: this.#store,
        now: () => this.now,
        stop: stop.signal,
        accepted() {},
        progress() {
          if (options.stopAfterOneBatch === true) stop.abort();
        },
        sleep: async () => {},
        besideWorker: async () => true,
        forgottenKey: this.forgottenKey,
      },
      await this.importRequest(text, options),
    );
  }

  async importRequest(text: string, options: ImportOptions = {}): Promise<ImportRequest> {
    const path = this.folder.write('leads.csv', text);
    const file = await openCsv(path, 'leads.csv');
    const columns = mapColumns(file.header, new Map(), file.name);
    const ignored = (options.ignored ?? []).map((name) => columnNamed(file.header, name, '--ignore-status', file.name));
    return {
      file,
      columns,
      consent: (await surveyConsent(file, columns)).consent(new Set(ignored)),
      ignored: options.ignored ?? [],
      campaign: this.campaign,
      send: options.send ?? this.campaign.send,
      update: options.update === true || options.replace === true,
      replace: options.replace === true,
      origin: options.origin ?? { source: null, basis: null },
      counted: options.counted ?? [],
      rejectsPath: (job) => this.folder.at('rejects', `${job}.csv`),
    };
  }

  async draft(jobId = 1, limit = 100): Promise<string[]> {
    const deps = { store: this.#store, worker: 'w1', now: () => this.now, writerFor: () => templateWriter(4), ...this.composing };
    const kinds: string[] = [];
    for (const claimed of await claimDrafts(deps, jobId, limit)) kinds.push((await draftMessage(deps, claimed, this.campaign)).kind);
    return kinds;
  }

  sending(worker = 'w1'): SendDependencies {
    const never = new AbortController().signal;
    const mailer: Mailer = {
      provider: 'test',
      deliver: async (mail, attempt) => {
        await this.beforeArm();
        const bytes = withDate(mail.bytes, attempt.date);
        const answer = this.answers.shift() ?? { kind: 'accepted', code: 250, reply: '250 Ok' };
        if (!['accepted', 'ambiguous', 'content_refused'].includes(answer.kind)) {
          await this.beforeAnswer();
          return answer;
        }
        if (!(await attempt.arm(sha256(bytes)))) return { kind: 'not_armed', code: null, reply: 'not released' };
        this.delivered.push(mail.envelope.to);
        await this.beforeAnswer();
        return answer;
      },
      close: async () => {},
    };
    return {
      ...this.pace,
      store: this.#store,
      worker,
      now: () => this.now,
      random: this.random,
      // biome-ignore lint/suspicious/noThenProperty: data, never awaited
      retry: { delays: [60_000, 300_000], then: 3_600_000, give_up: 86_400_000 },
      mailerFor: () => mailer,
      providerOf: () => 'test',
      guard: { seal: async () => {}, mend: () => {} },
      cut: never,
      giveUp: never,
      sleep: async () => {},
      unrecorded() {},
      trouble: (error) => {
        throw error;
      },
      fail: (error) => {
        throw error;
      },
    };
  }

  /** The worker that sends here, and whom it asks. */
  async register(accounts: ReadonlyMap<string, string>): Promise<void> {
    const self = { id: 'w1', host: 'here', pid: process.pid, mode: 'forever', started_at: this.now };
    await this.#store.write((tx) => registerWorker(tx, self, accounts));
  }

  async states(): Promise<string[]> {
    return (await this.#store.db.selectFrom('messages').select('state').orderBy('id').execute()).map(({ state }) => state);
  }

  async reasons(): Promise<(string | null)[]> {
    return (await this.#store.db.selectFrom('messages').select('reason').orderBy('id').execute()).map(({ reason }) => reason);
  }

  filesKept() {
    return this.#store.db.selectFrom('attached_files').select(['sha256', 'content']).execute();
  }

  async ledger(): Promise<{ rows: number; counter: number }> {
    const rows = await this.#store.db.selectFrom('usage_ledger').select('id').where('released_at', 'is', null).execute();
    const counters = await this.#store.db.selectFrom('usage_counters').select('sent').execute();
    return { rows: rows.length, counter: counters.reduce((sum, { sent }) => sum + sent, 0) };
  }
}

/** A CSV with one lead whose column `proposal` says this. */
export function proposalOf(value: string): string {
  return `email,first_name,proposal\ngrace@harbour.example,Grace,"${value.replaceAll('"', '""')}"\n`;
}

export function campaignWith(change: Partial<Campaign>): Campaign {
  const campaign = {
    name: 'hello',
    path: 'campaigns/hello.md',
    subject: 'For {{ company }}',
    body: 'Hi {{ first_name | default: "there" }},\n\none question.\n',
    lines: { subject: 2, body: 4 },
    generator: 'template' as const,
    senders: ['main'],
    rotate: false,
    send: { mode: 'immediate' as const, rate: null, at: null },
    window: null,
    canary: null,
    review: 'none' as const,
    from: 'Ana Ruiz <ana@ruiz.example>',
    identity: { name: 'Ana Ruiz', company: undefined, postal_address: 'Calle Mayor 1', timezone: 'Europe/Madrid' },
    unsubscribe: { mailto: 'ana@ruiz.example', url: null },
    replyTo: null,
    bccSelf: false,
    attachments: [],
    images: [],
    sizes: { text: 100_000, subject: 250 },
    ...change,
  };
  return { ...campaign, contentHash: contentHash(campaign) };
}
