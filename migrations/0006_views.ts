import { type Kysely, sql } from 'kysely';

// For people with `sqlite3` (docs/sql-views.md); the program itself reads none of them. No text of a mail, no key, no hash of a person.
// A later migration that rebuilds a table drops these views first and makes them again: SQLite renames no table while a view names it.

/** ISO 8601 UTC with milliseconds, as everywhere else that the program shows times to other programs. */
const iso = (column: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`;

/** The sender's own calendar; attempts from before 0004 have no day of it. */
const DAY = `coalesce(nullif(a.day, ''), strftime('%Y-%m-%d', a.started_at / 1000, 'unixepoch'))`;

const VIEWS = [
  `create view outreach_leads as select
    p.id as lead_id,
    c.name as campaign,
    p.job_id as job_id,
    p.email as email,
    p.domain as domain,
    p.fields as fields,
    p.source as source,
    p.basis as basis,
    ${iso('p.created_at')} as imported_at,
    ${iso('p.updated_at')} as updated_at
  from prospects p
  join campaigns c on c.id = p.campaign_id`,
  `create view outreach_messages as select
    m.id as message_id,
    c.name as campaign,
    m.job_id as job_id,
    m.prospect_id as lead_id,
    p.email as email,
    p.domain as domain,
    m.step as step,
    m.state as state,
    ${iso('m.state_at')} as state_since,
    m.reason as reason,
    d.subject as subject,
    a.sender as sender,
    ${iso('a.started_at')} as tried_at,
    (select count(*) from attempts t where t.message_id = m.id) as attempts,
    exists (select 1 from events e where e.message_id = m.id and e.kind = 'bounced')
      or (m.state = 'failed' and coalesce(a.outcome, '') = 'recipient_refused') as bounced,
    exists (select 1 from events e where e.message_id = m.id and e.kind = 'complained') as complained,
    case when m.state in ('pending', 'ready') then ${iso('m.due_at')} end as due_at,
    ${iso('m.created_at')} as created_at,
    d.header_message_id as header_message_id
  from messages m
  join campaigns c on c.id = m.campaign_id
  join prospects p on p.id = m.prospect_id
  left join drafts d on d.message_id = m.id
  left join attempts a on a.id = (select max(t.id) from attempts t where t.message_id = m.id)`,
  `create view outreach_attempts as select
    a.id as attempt_id,
    a.message_id as message_id,
    c.name as campaign,
    p.email as email,
    a.domain as domain,
    a.sender as sender,
    a.provider as provider,
    ${DAY} as day,
    ${iso('a.started_at')} as started_at,
    ${iso('a.armed_at')} as armed_at,
    ${iso('a.finished_at')} as finished_at,
    a.outcome as outcome,
    a.code as code,
    a.reply as reply,
    a.counted as counted
  from attempts a
  join messages m on m.id = a.message_id
  join campaigns c on c.id = m.campaign_id
  join prospects p on p.id = m.prospect_id`,
  `create view outreach_events as select
    e.id as event_id,
    e.message_id as message_id,
    c.name as campaign,
    p.email as email,
    ${iso('e.at')} as at,
    e.kind as kind,
    e.detail as detail
  from events e
  join messages m on m.id = e.message_id
  join campaigns c on c.id = m.campaign_id
  join prospects p on p.id = m.prospect_id`,
  // By the day on which a mail was last tried: what came back later stands beside what was sent then.
  `create view outreach_daily as select
    ${DAY} as day,
    c.name as campaign,
    a.sender as sender,
    sum(case when m.state = 'accepted' then 1 else 0 end) as sent,
    sum(case when coalesce(e.bounced, 0) = 1 or (m.state = 'failed' and coalesce(a.outcome, '') = 'recipient_refused') then 1 else 0 end)
      as bounced,
    sum(coalesce(e.complained, 0)) as complained,
    sum(case when m.state = 'uncertain' then 1 else 0 end) as uncertain,
    sum(case when m.state = 'failed' then 1 else 0 end) as failed
  from messages m
  join attempts a on a.id = m.attempt_id
  join campaigns c on c.id = m.campaign_id
  left join (
    select message_id,
      max(case when kind = 'bounced' then 1 else 0 end) as bounced,
      max(case when kind = 'complained' then 1 else 0 end) as complained
    from events where kind in ('bounced', 'complained') group by message_id
  ) e on e.message_id = m.id
  where m.state in ('accepted', 'failed', 'uncertain')
  group by 1, 2, 3`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const view of VIEWS) await sql.raw(view).execute(db);
}
