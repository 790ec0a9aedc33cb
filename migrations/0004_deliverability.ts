import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // What pace a campaign had when its waiting mails were last put in line.
  `alter table campaigns add column pace_hash text not null default ''`,
  `alter table jobs add column pause_reason text`,
  // When its first mail was claimed or a person released it: from then on a scheduled start is no longer awaited.
  `alter table jobs add column started_at integer`,
  // When the last mail of its canary was claimed, and when the rest was let go.
  `alter table jobs add column canary_at integer`,
  `alter table jobs add column canary_passed_at integer`,
  `alter table prospects add column domain text not null default ''`,
  `update prospects set domain = lower(substr(email, instr(email, '@') + 1))`,
  // Where the lead is from, and what allows to write to it (GDPR art. 6 and 14).
  `alter table prospects add column source text`,
  `alter table prospects add column basis text check (basis in ('consent','legitimate-interest','contract'))`,
  // When it would be due, had no gate of its recipient moved it; null while none has.
  `alter table messages add column deferred_from integer`,
  // The sender's local date at T1, and the recipient's domain: what warm-up and the caps of domains count.
  `alter table attempts add column day text not null default ''`,
  `alter table attempts add column domain text not null default ''`,
  `create index attempts_by_domain on attempts (domain, started_at) where counted = 1`,
  // Uncertain ends in a row of living conversations.
  `alter table senders add column uncertain_in_row integer not null default 0`,
  // \`sent\` counts for warm-up; the others for bounce and complaint rates, and begin anew when a person resumes the sender.
  `create table sender_days (
    sender text not null,
    day text not null,
    sent integer not null default 0,
    watched integer not null default 0,
    bounced integer not null default 0,
    complained integer not null default 0,
    primary key (sender, day)
  )`,
  `insert into sender_days (sender, day, sent, watched)
    select sender, strftime('%Y-%m-%d', started_at / 1000, 'unixepoch'), count(*), count(*)
    from attempts where counted = 1 group by 1, 2`,
  `create trigger attempts_counted_in after insert on attempts when new.counted = 1 begin
    insert into sender_days (sender, day, sent, watched) values (new.sender, new.day, 1, 1)
      on conflict (sender, day) do update set sent = sent + 1, watched = watched + 1;
  end`,
  `create trigger attempts_counted_out after update of counted on attempts when old.counted = 1 and new.counted = 0 begin
    update sender_days set sent = sent - 1, watched = max(watched - 1, 0) where sender = old.sender and day = old.day;
  end`,
  `create trigger attempts_counted_again after update of counted on attempts when old.counted = 0 and new.counted = 1 begin
    update sender_days set sent = sent + 1, watched = watched + 1 where sender = old.sender and day = old.day;
  end`,
  // What a campaign attaches, once each; drafts name them by their SHA-256.
  `create table attached_files (
    sha256 text primary key,
    content blob not null,
    created_at integer not null
  )`,
  `alter table drafts add column attachments text not null default '[]'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
