import { existsSync } from 'node:fs';
import { type SenderConfig, unsubscribeAddress } from '../config/config.ts';
import type { Campaign } from '../domain/campaign.ts';
import type { Delivery } from '../domain/delivery.ts';
import { OutreachError } from '../domain/errors.ts';
import { didYouMean } from '../domain/text.ts';
import { templateWriter } from '../llm/templateWriter.ts';
import { composeTest, deliverTest, type TestMail } from '../pipeline/testMail.ts';
import type { App } from './app.ts';
import { openComposing } from './composing.ts';
import { openMailer } from './parts.ts';
import { openSecrets } from './secrets.ts';

export interface TestRequest {
  /** The address it goes to. */
  readonly to: string;
  /** Name of a sender; the campaign's first one when undefined. */
  readonly sender: string | undefined;
  /** A lead's address in lower case; the first one when undefined. */
  readonly leadKey: string | undefined;
  warn(what: string): void;
  /** Breaks it off. */
  readonly cut: AbortSignal;
}

export interface Tested {
  readonly sender: SenderConfig;
  readonly mail: TestMail;
  readonly delivery: Delivery;
}

/** Sends one mail of a campaign to oneself; leaves no trace in the database. */
export async function sendTest(app: App, campaign: Campaign, env: NodeJS.ProcessEnv, request: TestRequest): Promise<Tested> {
  const sender = senderOf(app, campaign, request.sender);
  const db = existsSync(app.config.database) ? (await app.openStore()).db : undefined;
  const from = sender.from;
  const signed =
    from === campaign.from
      ? campaign
      : { ...campaign, from, unsubscribe: { ...campaign.unsubscribe, mailto: unsubscribeAddress(app.config, from) } };
  const composing = { now: () => Date.now(), ...(await openComposing(app)) };
  const mail = await composeTest({ db, template: templateWriter(1), ...composing }, signed, request.to, request.leadKey);
  const mailer = await openMailer(app, sender, {
    secrets: openSecrets(app.workspace, env),
    env,
    log: { warn: (_, what) => request.warn(what) },
  });
  try {
    return { sender, mail, delivery: await deliverTest(mailer, mail, request.cut) };
  } finally {
    await mailer.close();
  }
}

function senderOf({ config }: App, campaign: Campaign, asked: string | undefined): SenderConfig {
  const name = asked ?? campaign.senders[0] ?? '';
  const sender = config.senders.find((candidate) => candidate.name === name);
  if (sender !== undefined) return sender;
  const names = config.senders.map((candidate) => candidate.name);
  const near = didYouMean(name, names);
  throw new OutreachError('usage', `there is no sender ${name}${near === undefined ? '' : `; did you mean ${near}?`}`, {
    hint: `Senders: ${names.join(', ')}`,
  });
}
