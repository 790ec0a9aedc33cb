import type { MessageStory, MessageSummary } from '../store/progress.ts';
import type { Board, JobLine } from './board.ts';
import type { Desk, Hints } from './desk.ts';
import type { Layout } from './layout.ts';

/** Where a person is. A list is moved through by position, and stays with what was chosen when others come before it. */
export interface Place {
  readonly view: 'jobs' | 'job' | 'review' | 'uncertain' | 'message';
  /** Of the job or message, or of the job whose uncertain mails are listed; 0 elsewhere. */
  readonly id: number;
  filter: string;
  /** The first row shown, and the chosen one. */
  top: number;
  at: number;
  /** Id of the chosen one, as last shown. */
  chosen: number | undefined;
  /** Ids of what a person has marked, and how long the list was when it was last seen that they are still in it. */
  marked: ReadonlySet<number>;
  markedOf: number;
}

export function placeAt(view: Place['view'], id = 0): Place {
  return { view, id, filter: '', top: 0, at: 0, chosen: undefined, marked: new Set(), markedOf: 0 };
}

/** Keeps the chosen row inside a list of `length`, and inside the `rows` that are shown of it. */
export function hold(place: Place, length: number, rows: number): void {
  place.at = Math.max(0, Math.min(place.at, length - 1));
  const lowest = Math.max(0, length - rows);
  place.top = Math.max(0, Math.min(place.top, place.at, lowest));
  if (place.at >= place.top + rows) place.top = place.at - rows + 1;
}

/** Some rows of a list of any length. */
export interface Page {
  readonly length: number;
  /** There are others beyond `length`, which cannot be gone to. */
  readonly more?: boolean;
  readonly rows: readonly MessageSummary[];
}

export interface Question {
  readonly text: string;
  readonly yes: (desk: Desk) => Promise<string>;
}

/** All that one picture is painted from. */
export interface Picture {
  readonly now: number;
  readonly layout: Layout;
  readonly place: Place;
  /** Of the workspace. */
  readonly name: string;
  readonly mailsAMonth: number | null;
  readonly board: Board | undefined;
  readonly job: JobLine | undefined;
  readonly page: Page | undefined;
  /** The opened message, or the chosen one of the review. */
  readonly story: MessageStory | undefined;
  /** How far the uncertain mail of this story got, and where to look; undefined for any other. */
  readonly hints: Hints | undefined;
  readonly help: boolean;
  /** What is typed after `/`; undefined when nobody types. */
  readonly typing: string | undefined;
  readonly question: Question | undefined;
  readonly notice: string | undefined;
  /** Why what is shown is not of now. */
  readonly trouble: string | undefined;
}
