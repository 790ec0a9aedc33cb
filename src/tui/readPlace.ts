import { MESSAGE_STATES } from '../domain/message.ts';
import {
  listOfJob,
  listOfReview,
  listOfUncertain,
  type MessageList,
  messagesAt,
  messagesToPrefix,
  placeInList,
} from '../store/messageList.ts';
import { messageStory } from '../store/progress.ts';
import type { Db } from '../store/schema.ts';
import { stillUncertain } from '../store/uncertain.ts';
import type { Board, BoardReader, Surroundings } from './board.ts';
import type { Desk } from './desk.ts';
import { jobFacts } from './jobFacts.ts';
import { layoutOf, type Size } from './layout.ts';
import { hold, type Page, type Picture, type Place } from './views.ts';

type Read = Pick<Picture, 'board' | 'job' | 'page' | 'story' | 'hints'>;

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
      const page = await pageOf(db, await listOfReview(db), place, layoutOf(size, 0, 0).review);
      return { ...NOTHING, board, page, story: place.chosen === undefined ? undefined : await messageStory(db, place.chosen) };
    }
    case 'uncertain': {
      const board = await reader.look(around, '', () => NO_JOBS, now);
      const list = await listOfUncertain(db, place.id === 0 ? undefined : place.id);
      const page = await pageOf(db, list, place, layoutOf(size, 0, 0).review);
      await keepMarks(db, place, list.length);
      return { ...NOTHING, board, page, ...(await storyOf(desk, place.chosen)) };
    }
    case 'message': {
      const board = await reader.look(around, '', () => NO_JOBS, now);
      const { story, hints } = await storyOf(desk, place.id);
      return story === undefined ? undefined : { ...NOTHING, board, story, hints };
    }
  }
}

const NOTHING: Read = { board: undefined, job: undefined, page: undefined, story: undefined, hints: undefined };
const NO_JOBS = { ids: [], events: 0 };
/** The job's title; title and names of columns of its mails, with a row of air before them. */
const LIST_HEAD = 4;

async function storyOf(desk: Desk, id: number | undefined): Promise<Pick<Read, 'story' | 'hints'>> {
  const story = id === undefined ? undefined : await messageStory(desk.store.db, id);
  return { story, hints: story?.summary.state === 'uncertain' ? desk.hints(story) : undefined };
}

/** What was settled meanwhile is not marked any more. Asked when the list has become another one: thousands may be marked. */
async function keepMarks(db: Db, place: Place, length: number): Promise<void> {
  if (place.marked.size > 0 && place.markedOf !== length) place.marked = new Set(await stillUncertain(db, [...place.marked]));
  place.markedOf = length;
}

function readJobs(reader: BoardReader, around: Surroundings, place: Place, size: Size, senders: number, now: number): Promise<Board> {
  return reader.look(
    around,
    place.filter,
    (order) => {
      const layout = layoutOf(size, order.length, senders);
      stay(place, order, layout.jobs);
      return { ids: order.slice(place.top, place.top + layout.jobs), events: layout.feed };
    },
    now,
  );
}

/** A filter is the beginning of a state's name, or of an address. */
async function readMessages({ store: { db } }: Desk, place: Place, rows: number): Promise<Page> {
  const filter = place.filter.toLowerCase();
  const states = MESSAGE_STATES.filter((state) => state.startsWith(filter));
  if (states.length > 0) return pageOf(db, await listOfJob(db, place.id, states), place, rows);
  const found = await messagesToPrefix(db, place.id, filter, MOST_FOUND + 1);
  const listed = found.slice(0, MOST_FOUND);
  stay(
    place,
    listed.map(({ id }) => id),
    rows,
  );
  return { length: listed.length, more: found.length > MOST_FOUND, rows: listed.slice(place.top, place.top + rows) };
}

const MOST_FOUND = 100;

/** The rows in sight of a list that is not read as a whole. */
async function pageOf(db: Db, list: MessageList, place: Place, rows: number): Promise<Page> {
  const read = () => {
    hold(place, list.length, rows);
    return messagesAt(db, list, place.top, rows);
  };
  let shown = await read();
  const { chosen } = place;
  if (chosen !== undefined && !shown.some(({ id }) => id === chosen)) {
    place.at = (await placeInList(db, list, chosen)) ?? place.at;
    shown = await read();
  }
  const stays = shown.findIndex(({ id }) => id === chosen);
  if (stays >= 0) place.at = place.top + stays;
  place.chosen = shown[place.at - place.top]?.id;
  return { length: list.length, rows: shown };
}

/** Stays with what was chosen, wherever it is now: others may have come before it, or gone. */
function stay(place: Place, ids: readonly number[], rows: number): void {
  const stays = place.chosen === undefined ? -1 : ids.indexOf(place.chosen);
  if (stays >= 0) place.at = stays;
  hold(place, ids.length, rows);
  place.chosen = ids[place.at];
}
