import type { GateName } from '../../domain/pace.ts';
import { entries } from './entries.ts';

const GATES: Readonly<Record<GateName, string>> = {
  importing: 'its import is not complete',
  paused: 'its job is paused by you',
  overdue: 'its job was to start over a day ago; outreach resume lets it go on',
  restored: 'the database was restored or copied, and it may have been sent already',
  scheduled: 'its job starts later (--mode scheduled --at)',
  drip: 'mails an hour of its job (--mode drip --rate)',
  window: "its campaign's days and hours (window)",
  canary: 'the first mails of its job are waited for (canary)',
  'sender gap': 'time between two mails of one sender (gap), drawn at random',
  'sender cap': 'mails of one sender in any 24 hours (daily_cap, and warmup on the way to it)',
  'sender resting': 'its sender failed a moment ago, or its provider asked for patience',
  'sender stopped': 'its sender was stopped by bounces, complaints, a refusal or you; outreach senders resume',
  'hourly limit': 'limits.send_per_hour, over all senders',
  'monthly limit': 'limits.emails_per_month',
  'recipient window': "the same days and hours by the lead's own time zone (window.timezone: recipient)",
  'company cap': 'limits.per_company_day: mails to one company in a day',
  'domain gap': "limits.domain_gap: time between two mails to one recipient's domain",
};

export function paceTopic(): string {
  return `A mail leaves when every gate is open. The pace is kept in the database, so a
restart, a second worker or a laptop that slept cannot make a burst: what was
missed is not made up for.

${entries('The gates', Object.entries(GATES))}

Days and hours are those of identity.timezone unless a gate says otherwise.

See it:
  outreach plan --until friday   what leaves on each day
  outreach why EMAIL             what one mail waits for, and until when
  outreach status                what keeps each job and sender`;
}
