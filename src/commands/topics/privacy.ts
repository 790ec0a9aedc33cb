import { LEGAL_BASES } from '../../domain/lead.ts';
import { entries } from './entries.ts';

export function privacyTopic(): string {
  return `${entries('What is kept, and where', [
    ['outreach.db', "leads with all columns of their CSV that were mapped, mails, tries, servers' answers"],
    ['rejects/', 'rows that an import refused, with the reason'],
    ['outbox/', 'mails of the outbox sender, as files'],
    ['key', 'behind links to unsubscribe, and the hashes of people who were forgotten'],
    ['secrets.json', 'only after outreach login --file; else the keychain keeps passwords'],
  ])}
All of it is in .outreach/ of the workspace, readable by your user alone, and
ignored by git. Passwords and keys stand in no file of yours, no log, no error.

What leaves this machine: a mail, to your provider; with generator: ai a lead's
fields and your brief, to the provider of the model; outreach doctor asks DNS
and your servers. Nothing else: no telemetry, no look for updates.

${entries('When somebody asks', [
  ['outreach export person EMAIL', 'gives them all that is held'],
  ['outreach suppress add EMAIL', 'no mail any more, of any campaign'],
  ['outreach forget EMAIL', "erases every copy, and keeps a keyed hash so that next year's CSV does not bring them back"],
])}

Whoever is written to may ask where their address is from: import --source TEXT
and --basis ${LEGAL_BASES.join('|')} are kept with every lead. With
require_source: true a live campaign is refused without them.

This is no legal advice; the law of the recipient's country counts.`;
}
