import type { LogRow } from '../csv/deliveryLog.ts';
import { type Said, saidBy, verdictOf } from '../domain/deliveryWords.ts';
import { HOUR, MINUTE } from '../domain/duration.ts';
import type { UncertainMail } from '../store/uncertain.ts';

/** How far a row's time may lie from the moment in which the mail was released: clocks differ, and an event may be logged late. */
const LOG_WINDOW = { before: 10 * MINUTE, after: HOUR } as const;

/** An uncertain mail that rows of a log are about, and what they say together. */
export interface LogMatch {
  readonly mail: UncertainMail;
  readonly by: 'message_id' | 'address';
  /** Of the first such row. */
  readonly line: number;
  /** The words of its rows, each once. */
  readonly says: string;
  /** The provider took it, and it came back. */
  readonly cameBack: boolean;
  readonly verdict: 'sent' | 'not_sent' | null;
  /** Why nothing is recorded; null when something is. */
  readonly left: string | null;
}

interface Found {
  readonly line: number;
  readonly words: Set<string>;
  readonly said: Set<Said>;
  /** A row of another Message-ID may be about another mail to the same person. */
  foreign: boolean;
  ambiguous: boolean;
}

/** Holds uncertain mails against the rows of a log, one row after the other. */
export class LogMatcher {
  readonly #byId: ReadonlyMap<string, UncertainMail>;
  readonly #departures = new Map<string, { readonly message: number; readonly at: number }[]>();
  readonly #mails: ReadonlyMap<number, UncertainMail>;
  readonly #found = { message_id: new Map<number, Found>(), address: new Map<number, Found>() };
  /** Rows that were read, and those that are about an uncertain mail. */
  rows = 0;
  matched = 0;

  /** `departures`: of all mails to the same people, whatever became of them. */
  constructor(mails: readonly UncertainMail[], departures: readonly { key: string; message: number; at: number }[]) {
    this.#mails = new Map(mails.map((mail) => [mail.id, mail]));
    this.#byId = new Map(
      mails.flatMap((mail) => (mail.header_message_id === null ? [] : [[mail.header_message_id.replace(/^<|>$/g, ''), mail]])),
    );
    const own = mails.map(({ email_key, id, left_at }) => ({ key: email_key, message: id, at: left_at }));
    for (const { key, message, at } of [...departures, ...own])
      this.#departures.set(key, [...(this.#departures.get(key) ?? []), { message, at }]);
  }

  knows(id: string): boolean {
    return this.#byId.has(id);
  }

  take(row: LogRow): void {
    this.rows++;
    const mail = row.ids.map((id) => this.#byId.get(id)).find((known) => known !== undefined);
    if (mail === undefined) this.#takeByAddress(row);
    // A copy to oneself has the same Message-ID, and a fate of its own.
    else if (row.recipients.length === 0 || row.recipients.includes(mail.email_key)) this.#note('message_id', mail.id, row, false);
  }

  #takeByAddress(row: LogRow): void {
    const fits = (at: number) => row.times.some((time) => time >= at - LOG_WINDOW.before && time <= at + LOG_WINDOW.after);
    const departed = row.recipients.flatMap((key) => this.#departures.get(key) ?? []).filter(({ at }) => fits(at));
    const messages = new Set(departed.map(({ message }) => message));
    for (const id of messages) if (this.#mails.has(id)) this.#note('address', id, row, messages.size > 1);
  }

  #note(by: 'message_id' | 'address', id: number, { line, status, ids }: LogRow, ambiguous: boolean): void {
    this.matched++;
    const known = this.#found[by].get(id) ?? { line, words: new Set(), said: new Set(), foreign: false, ambiguous: false };
    this.#found[by].set(id, known);
    if (status !== '' && known.words.size < MOST_WORDS) known.words.add(status);
    for (const said of saidBy(status)) known.said.add(said);
    known.ambiguous ||= ambiguous;
    known.foreign ||= by === 'address' && ids.some((other) => other.includes('@'));
  }

  /** In the order of messages. `asked`: what a person says every match means. */
  matches(asked?: 'sent' | 'not_sent'): LogMatch[] {
    return [...this.#mails.values()].flatMap((mail) => {
      const exact = this.#found.message_id.get(mail.id);
      const found = exact ?? this.#found.address.get(mail.id);
      if (found === undefined) return [];
      const { verdict, left } = decide(found, asked);
      const by = exact === undefined ? 'address' : 'message_id';
      return [
        { mail, by, line: found.line, says: [...found.words].join(', '), cameBack: found.said.has('came_back'), verdict, left } as const,
      ];
    });
  }
}

const MOST_WORDS = 6;

/** In doubt a mail stays uncertain: "not sent" opens the way to a retry, and must never be wrong. */
function decide(found: Found, asked: 'sent' | 'not_sent' | undefined): Pick<LogMatch, 'verdict' | 'left'> {
  const leave = (left: string) => ({ verdict: null, left });
  if (found.ambiguous) return leave('more than one mail to this address left about then');
  const arrived = found.said.has('arrived') || found.said.has('came_back');
  if (asked === 'not_sent' && arrived) return leave('its row says that it was sent');
  const verdict = asked ?? verdictOf(found.said);
  if (verdict === undefined) {
    if (found.said.size > 0) return leave('its rows contradict each other');
    return leave(found.words.size === 0 ? 'its row has no status' : 'nobody can tell from that word whether it was sent');
  }
  if (verdict === 'not_sent' && found.foreign) return leave('its row has another Message-ID, so it may be about another mail');
  return { verdict, left: null };
}
