import * as z from 'zod';
import { type Attachment, type CampaignFile, contentType, MOST_ATTACHED, tooMuch } from '../domain/attachment.ts';
import { type Campaign, type CampaignSource, contentHash, GENERATORS, ownFiles, REVIEW_RULES, usualReview } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { imagesIn } from '../domain/images.ts';
import { SEND_MODES } from '../domain/job.ts';
import { parseMoment } from '../domain/moment.ts';
import { parseTemplate } from '../domain/template.ts';
import { didYouMean } from '../domain/text.ts';
import { parseClock, parseDates, parseDays, type SendWindow } from '../domain/window.ts';
import { isZone } from '../domain/zone.ts';
import { readAttachment } from './attachedFiles.ts';
import { campaignNames, campaignPath, filesAsRead, missingCampaign, readCampaignFile, stampOf } from './campaignFolder.ts';
import { type Config, type SenderConfig, unsubscribeAddress } from './config.ts';
import { count, duration, flag, mailbox, notKnown, positive, strictObject, text } from './fields.ts';
import type { Workspace } from './workspace.ts';
import { readYaml } from './yaml.ts';

const clock = text('"09:00"')
  .meta({ pattern: String.raw`^\s*\d{1,2}:[0-5]\d\s*$` })
  .transform((value, context) => {
    const minutes = parseClock(value);
    if (minutes !== undefined) return minutes;
    context.addIssue({ code: 'custom', message: `${value} is not a time of day; write "09:00"` });
    return z.NEVER;
  });

const days = text('mon-fri')
  .meta({ pattern: '^ *[A-Za-z]+( *[-,] *[A-Za-z]+)* *$' })
  .transform((value, context) => {
    const parsed = parseDays(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `${value} names no weekdays; write mon-fri or mon,wed,fri` });
    return z.NEVER;
  });

const dates = text('2026-12-25')
  .meta({ pattern: String.raw`^\d{4}-\d{2}-\d{2}(\.\.\d{4}-\d{2}-\d{2})?$` })
  .transform((value, context) => {
    const parsed = parseDates(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `${value} is not a date; write 2026-12-25 or 2026-12-24..2027-01-06` });
    return z.NEVER;
  });

/** The recipient's own zone, by the lead's `timezone` column. */
const RECIPIENT = 'recipient';

const windowZone = text('Europe/Madrid').superRefine((value, context) => {
  if (value !== RECIPIENT && !isZone(value))
    context.addIssue({ code: 'custom', message: `${value} is not a time zone; write recipient, or an IANA name such as Europe/Madrid` });
});

const attached = z.union(
  [
    text('brochure.pdf'),
    z.strictObject({ column: z.string().regex(/^[a-z][a-z0-9_]*$/) }).transform(({ column }) => ({ column }) satisfies Attachment),
  ],
  { error: 'not a file; write its name in the campaigns folder, or { column: proposal } as the column is called in templates' },
);

/** What stands above a campaign's mail. */
export const campaignSchema = strictObject({
  subject: text('"Quick question about {{ company }}"').optional(),
  generator: z.enum(GENERATORS, notKnown('template or ai')).default('template'),
  senders: z.array(text('main'), { error: 'a list of sender names; write [main]' }).min(1, 'empty; write [main]').optional(),
  rotate: flag.default(false),
  send: strictObject({
    mode: z.enum(SEND_MODES, notKnown('immediate, scheduled or drip')).default('immediate'),
    rate: positive('mails an hour, such as 20').optional(),
    at: text('2026-12-01T09:00').optional(),
  })
    // A pace that is silently not kept sends the whole list at once.
    .refine(({ mode, rate }) => rate === undefined || mode === 'drip', 'only a drip has a rate; write { mode: drip, rate: 20 }')
    .refine(
      ({ mode, at }) => at === undefined || mode !== 'immediate',
      'an immediate send has no time; write { mode: scheduled, at: 2026-12-01T09:00 }',
    )
    .default({ mode: 'immediate' }),
  window: strictObject({
    days: days.default([1, 2, 3, 4, 5]),
    from: clock,
    to: clock,
    timezone: windowZone.optional(),
    except: z.array(dates, { error: 'a list of dates; write [2026-12-25, 2026-12-31..2027-01-06]' }).default([]),
  })
    .refine(({ from, to }) => from < to, 'from must be before to; write { from: "09:00", to: "17:00" }')
    .optional(),
  canary: strictObject({ first: count('10'), wait: duration, max_bounces: z.int().nonnegative().default(0) }).optional(),
  reply_to: mailbox.optional(),
  bcc_self: flag.default(false),
  attachments: z.array(attached, { error: 'a list; write [brochure.pdf]' }).default([]),
  // What holds without it hangs on the generator (`usualReview`).
  review: z.enum(REVIEW_RULES, notKnown('none, flagged or all')).optional(),
}).refine(({ subject, generator }) => generator === 'ai' || subject !== undefined, {
  path: ['subject'],
  error: 'missing; write subject: "Quick question about {{ company }}"',
});

/** What the front matter may hold; whoever explains it (outreach help campaign-files) names each of them. */
export type CampaignKey = keyof z.input<typeof campaignSchema>;

/** How a job is sent: the campaign's own rule, or what `import` was told. */
export type SendRule = Campaign['send'];

/** Campaign files of a workspace, each read again when it changes on disk. */
export function campaignFiles(workspace: Workspace, config: Config): CampaignSource {
  const loaded = new Map<string, { stamp: string; campaign: Campaign }>();
  return {
    load(name) {
      // Some file systems find `hello.md` under other spellings; a campaign has one name.
      if (!campaignNames(workspace).includes(name)) throw missingCampaign(workspace, name);
      const path = campaignPath(workspace, name);
      const stamp = stampOf(path);
      const known = loaded.get(name);
      if (known !== undefined && known.stamp === stamp && filesAsRead(workspace, known.campaign)) return known.campaign;
      if (stamp === undefined) throw missingCampaign(workspace, name);
      const campaign = readCampaign(workspace, name, path, config);
      loaded.set(name, { stamp, campaign });
      return campaign;
    },
  };
}

/** Checks that mode, rate and time fit together. `where` begins the message: a file and line, or a flag. */
export function checkSendRule(send: { mode: SendRule['mode']; rate: number | null; at: number | null }, where: string): SendRule {
  const complain = (what: string) => new OutreachError('config', `${where}: ${what}`);
  if (send.mode === 'drip' && send.rate === null) throw complain('a drip needs a rate; write rate: 20 (mails an hour)');
  if (send.mode === 'scheduled' && send.at === null) throw complain('a scheduled send needs a time; write at: 2026-12-01T09:00');
  return { mode: send.mode, rate: send.mode === 'drip' ? send.rate : null, at: send.mode === 'immediate' ? null : send.at };
}

function readCampaign(workspace: Workspace, name: string, path: string, config: Config): Campaign {
  const { frontMatter, body, bodyLine } = split(readCampaignFile(path), path);
  const { value, lineOf } = readYaml({ text: frontMatter, path, firstLine: 2 }, campaignSchema);
  const senders = resolveSenders(value.senders, config, `${path}:${lineOf(['senders'])}`);
  const from = senders[0]?.from ?? '';
  const lines = { subject: lineOf(['subject']), body: bodyLine };
  const content = {
    subject: value.subject ?? null,
    body,
    generator: value.generator,
    from,
    identity: identityOf(config),
    unsubscribe: { mailto: unsubscribeAddress(config, from), url: config.unsubscribe?.url ?? null },
    replyTo: value.reply_to ?? null,
    bccSelf: value.bcc_self,
    ...filesOf(workspace, value, { body, path, bodyLine, lineOf }),
  };
  if (content.subject !== null) parseTemplate(content.subject, { path, line: lines.subject });
  if (content.generator === 'template') parseTemplate(content.body, { path, line: lines.body });
  else if (config.ai === undefined) throw noProvider(`${path}:${lineOf(['generator'])}`);
  return {
    ...content,
    name,
    path,
    lines,
    senders: senders.map((sender) => sender.name),
    rotate: value.rotate,
    send: sendRule(value.send, config, `${path}:${lineOf(['send'])}: send`),
    window: windowOf(value.window, config.identity.timezone),
    canary: value.canary ?? null,
    review: value.review ?? usualReview(value.generator),
    sizes: { text: config.limits.text_bytes, subject: config.limits.subject_characters },
    contentHash: contentHash(content),
  };
}

/** The files that every mail of the campaign carries, read and hashed: what is approved holds for these bytes. */
export function filesOf(
  workspace: Workspace,
  { attachments, generator }: Pick<z.output<typeof campaignSchema>, 'attachments' | 'generator'>,
  place: { readonly body: string; readonly path: string; readonly bodyLine: number; lineOf(path: readonly PropertyKey[]): number },
): Pick<Campaign, 'attachments' | 'images'> {
  const complain = (line: number, what: string) => new OutreachError('config', `${place.path}:${line}: ${what}`);
  const read = (name: string, line: number, key: string): CampaignFile => {
    const file = readAttachment(workspace, name);
    if (!file.ok) throw complain(line, `${key}: ${file.reason}`);
    return file.file;
  };
  const files = attachments.map((attachment, index) =>
    typeof attachment === 'string' ? { file: read(attachment, place.lineOf(['attachments', index]), 'attachments') } : attachment,
  );
  const images = new Map<string, CampaignFile>();
  // A model is given the text as its brief, and writes none of it.
  for (const { name, line } of generator === 'template' ? imagesIn(place.body) : []) {
    if (!contentType(name).startsWith('image/'))
      throw complain(place.bodyLine + line, `${name}: an image in the text is a .png, .jpg, .gif or .webp file in the campaigns folder`);
    images.set(name, images.get(name) ?? read(name, place.bodyLine + line, 'image'));
  }
  const all = { attachments: files, images: [...images.values()] };
  const total = ownFiles(all).reduce((sum, { size }) => sum + size, 0);
  if (total <= MOST_ATTACHED) return all;
  throw complain(place.lineOf(['attachments']), `attachments: ${tooMuch(total)}; link to the large ones instead`);
}

export function noProvider(where: string): OutreachError {
  return new OutreachError('config', `${where}: generator: ai needs a model; write ai.providers into outreach.yaml`, {
    hint: 'For example:\nai:\n  providers:\n    - { name: openai, base_url: "https://api.openai.com/v1", model: gpt-5-mini, api_key: "env:OPENAI_API_KEY" }',
  });
}

function identityOf({ identity }: Config): Campaign['identity'] {
  return { name: identity.name, company: identity.company, postal_address: identity.postal_address, timezone: identity.timezone };
}

export function sendRule(
  send: { mode: SendRule['mode']; rate?: number | undefined; at?: string | undefined },
  config: Config,
  where: string,
): SendRule {
  const at = send.at === undefined ? null : parseMoment(send.at, config.identity.timezone);
  if (at === undefined) throw new OutreachError('config', `${where}.at: ${send.at} is not a time; write 2026-12-01T09:00`);
  return checkSendRule({ mode: send.mode, rate: send.rate ?? null, at }, where);
}

function windowOf(window: z.output<typeof campaignSchema>['window'], timezone: string): SendWindow | null {
  if (window === undefined) return null;
  const ofRecipient = window.timezone === RECIPIENT;
  return { ...window, ofRecipient, timezone: ofRecipient ? timezone : (window.timezone ?? timezone) };
}

/** The campaign's senders. They share one From: it is part of what is approved, whoever carries the mail. */
export function resolveSenders(names: readonly string[] | undefined, config: Config, where: string): SenderConfig[] {
  const [first] = config.senders;
  const asked = names ?? (first === undefined ? [] : [first.name]);
  const senders = asked.map((name) => {
    const sender = config.senders.find((candidate) => candidate.name === name);
    if (sender !== undefined) return sender;
    const known = config.senders.map((candidate) => candidate.name);
    const near = didYouMean(name, known);
    throw new OutreachError(
      'config',
      `${where}: senders: there is no sender ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
      {
        hint: `Senders in outreach.yaml: ${known.join(', ')}`,
      },
    );
  });
  const other = senders.find(({ from }) => from !== senders[0]?.from);
  if (other !== undefined) {
    throw new OutreachError(
      'config',
      `${where}: senders: ${other.name} sends as ${other.from}, ${senders[0]?.name} as ${senders[0]?.from}; senders of one campaign need the same from`,
    );
  }
  return senders;
}

export function split(source: string, path: string): { frontMatter: string; body: string; bodyLine: number } {
  const textOf = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const match = /^---[ \t]*\n([\s\S]*?)\n---[ \t]*(?:\n|$)/.exec(textOf);
  if (!match) {
    throw new OutreachError('config', `${path}:1: a campaign begins with its settings between two lines of ---`, {
      hint: 'For example:\n---\nsubject: "Quick question about {{ company }}"\n---\nHi {{ first_name | default: "there" }}, …',
    });
  }
  const body = textOf.slice(match[0].length);
  const bodyLine = match[0].split('\n').length;
  if (body.trim() === '') throw new OutreachError('config', `${path}:${bodyLine}: the mail's text is empty; write it below the second ---`);
  return { frontMatter: match[1] ?? '', body, bodyLine };
}
