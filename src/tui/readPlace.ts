import { MESSAGE_STATES } from '../domain/message.ts';
import { listOfJob, listOfReview, messagesAt, messagesToPrefix } from '../store/messageList.ts';
import { messageStory } from '../store/progress.ts';
import type { Board, BoardReader, Surroundings } from './board.ts';
import type { Desk } from './desk.ts';
import { jobFacts } from './jobFacts.ts';
import { layoutOf, type Size } from './layout.ts';
import { hold, type Page, type Picture, type Place } from './views.ts';

type Read = Pick<Picture, 'board' | 'job' | 'page' | 'story'>;

/** What is shown at a place, read now; undefined when its job or message is gone. Moves the place to where its chosen row is now. */
export async function readPlace(
  desk: Desk,
  reader: BoardReader,
  around: Surroundings,
  place: Place,
  size: Size,
  now: number,
): Promise<Read | undefined> {
  const { db } = desk.store;
  switch (place.view) {
    case 'jobs':
      return { ...NOTHING, board: await readJobs(reader, around, place, size, desk.senderNames.length, now) };
    case 'job': {
      const board = await reader.look(around, '', () => ({ ids: [place.id], events: 0 }), now);
      const [job] = board.jobs;
      if (job === undefined) return undefined;
      const rows = Math.max(1, layoutOf(size, 0, 0).body - jobFacts(job, now).length - LIST_HEAD);
      return { ...NOTHING, board, job, page: await readMessages(desk, place, rows) };
    }
    case 'review': {
      const board = await reader.look(around, '', () => NO_JOBS, now);
      const list = await listOfReview(db);
      const rows = layoutOf(size, 0, 0).review;
      hold(place, list.length, rows);
      const page = { length: list.length, rows: await messagesAt(db, list, place.top, rows) };
      choose(place, page);
      return { ...NOTHING, board, page, story: place.chosen === undefined ? undefined : await messageStory(db, place.chosen) };
    }
    case 'message': {
      const board = await reader.look(around, '', () => NO_JOBS, now);
      const story = await messageStory(db, place.id);
      return story === undefined ? undefined : { ...NOTHING, board, story };
    }
  }
}

const NOTHING: Read = { board: undefined, job: undefined, page: undefined, story: undefined };
const NO_JOBS = { ids: [], events: 0 };
/** The job's title; title and names of columns of its mails, with a row of air before them. */
const LIST_HEAD = 4;

function readJobs(reader: BoardReader, around: Surroundings, place: Place, size: Size, senders: number, now: number): Promise<Board> {
  return reader.look(
    around,
    place.filter,
    (order) => {
      const layout = layoutOf(size, order.length, senders);
      const stays = place.chosen === undefined ? -1 : order.indexOf(place.chosen);
      if (stays >= 0) place.at = stays;
      hold(place, order.length, layout.jobs);
      place.chosen = order[place.at];
      return { ids: order.slice(place.top, place.top + layout.jobs), events: layout.feed };
    },
    now,
  );
}

/** A filter is the beginning of a state's name, or of an address. */
async function readMessages({ store: { db } }: Desk, place: Place, rows: number): Promise<Page> {
  const filter = place.filter.toLowerCase();
  const states = MESSAGE_STATES.filter((state) => state.startsWith(filter));
  if (states.length > 0) {
    const list = await listOfJob(db, place.id, states);
    hold(place, list.length, rows);
    const page = { length: list.length, rows: await messagesAt(db, list, place.top, rows) };
    choose(place, page);
    return page;
  }
  const found = await messagesToPrefix(db, place.id, filter, MOST_FOUND);
  hold(place, found.length, rows);
  const page = { length: found.length, rows: found.slice(place.top, place.top + rows) };
  choose(place, page);
  return page;
}

const MOST_FOUND = 100;

/** Stays with the chosen message while it is in sight: others may have moved to before it. */
function choose(place: Place, { rows }: Page): void {
  const stays = rows.findIndex(({ id }) => id === place.chosen);
  if (stays >= 0) place.at = place.top + stays;
  place.chosen = rows[place.at - place.top]?.id;
}
