import { Box, Text } from 'ink';
import { usagePeriod } from '../domain/usage.ts';
import type { MessageStory } from '../store/progress.ts';
import { columnsOf, fill, visibleColumns, wrap } from '../terminal/columns.ts';
import { cell, number, plural } from '../terminal/output.ts';
import type { Board } from './board.ts';
import { Help } from './help.tsx';
import { Job } from './job.tsx';
import { isOpenToVerdict } from './judging.ts';
import { Lines } from './lines.tsx';
import { Message } from './message.tsx';
import { Overview } from './overview.tsx';
import { type Paint, sparkline } from './paint.ts';
import { FILLER } from './paintedRows.ts';
import { Review } from './review.tsx';
import { Uncertain } from './uncertain.tsx';
import type { Picture } from './views.ts';

/** One picture of the dashboard, as high and as wide as its terminal. */
export function Face({ paint, picture }: { paint: Paint; picture: Picture }) {
  const { layout } = picture;
  if (layout.tooSmall)
    return <Lines paint={paint} lines={['outreach dash needs', '50 columns, 14 rows.', 'q leaves.']} rows={3} columns={layout.columns} />;
  return (
    <Box flexDirection="column" width={layout.columns}>
      <Lines paint={paint} lines={[...header(paint, picture), ' ']} rows={3} columns={layout.columns} />
      <Body paint={paint} picture={picture} />
      <Text>{FILLER}</Text>
      <Lines paint={paint} lines={[' ', footer(paint, picture)]} rows={2} columns={layout.columns} />
    </Box>
  );
}

function Body({ paint, picture }: { paint: Paint; picture: Picture }) {
  const { board, job, page, story, layout } = picture;
  if (picture.help) return <Help paint={paint} rows={layout.body} columns={layout.columns} />;
  switch (picture.place.view) {
    case 'jobs':
      return board === undefined ? <Without paint={paint} picture={picture} /> : <Overview paint={paint} picture={picture} board={board} />;
    case 'job':
      return job === undefined || page === undefined ? null : <Job paint={paint} picture={picture} job={job} page={page} />;
    case 'review':
      return page === undefined ? null : <Review paint={paint} picture={picture} page={page} story={story} />;
    case 'uncertain':
      return page === undefined ? null : <Uncertain paint={paint} picture={picture} page={page} />;
    case 'message':
      return story === undefined ? null : <Message paint={paint} picture={picture} story={story} />;
  }
}

/** What keeps everything from being shown, whole: there is room for it. */
function Without({ paint, picture: { layout, trouble } }: { paint: Paint; picture: Picture }) {
  if (trouble === undefined) return null;
  const lines = wrap(`Trying again: ${cell(trouble, 1_000)}`, layout.columns).map((line) => paint.colour.red(line));
  return <Lines paint={paint} lines={lines} rows={layout.body} columns={layout.columns} />;
}

/** Who and when; then the day's mails, or why nothing of this is of now. */
function header(paint: Paint, { name, board, now, layout, mailsAMonth, trouble }: Picture): string[] {
  const { colour } = paint;
  const workers = board === undefined ? '' : board.workers === 0 ? colour.red('no worker') : plural(board.workers, 'worker');
  const month = board === undefined ? '' : `${usagePeriod(now)}: ${usageOf(board, mailsAMonth)}`;
  const time = new Date(now).toTimeString().slice(0, 5);
  // Where there is no room for all of it, what matters most stays.
  const ends = [[workers, month, time], [workers, time], [workers]].map((parts) => parts.filter(Boolean).join(colour.dim('  ·  ')));
  const first = spread(`${colour.bold('outreach')}  ${cell(name, 30)}`, ends, layout.columns);
  if (board === undefined) return [first, ''];
  if (trouble !== undefined) return [first, colour.red(fill(`Trying again: ${cell(trouble, 300)}`, layout.columns))];
  const day = `${plural(board.mailsInDay, 'try', 'tries')} in 24 h  ·  ${number(Math.round(board.rate))} an hour now`;
  return [first, `${sparkline(paint, board.hours)}  ${fill(day, layout.columns - board.hours.length - 2).trimEnd()}`];
}

/** The keys of this place; while something is asked, typed or told, that instead. */
function footer(paint: Paint, picture: Picture): string {
  const { colour, signs } = paint;
  const { columns } = picture.layout;
  if (picture.question !== undefined) return `${colour.yellow(fill(`${picture.question.text}  y / n`, columns))}`;
  if (picture.typing !== undefined) return `/${cell(picture.typing, columns - 4)}${colour.dim(signs.cursor)}`;
  if (picture.notice !== undefined) return fill(cell(picture.notice, 300), columns);
  const move = `${signs.up}${signs.down === 'down' ? '/' : ''}${signs.down}`;
  const review = picture.board?.review ?? 0;
  const uncertain = picture.board?.uncertain ?? 0;
  const keys: Record<Picture['place']['view'], readonly KeyWord[]> = {
    jobs: [
      [move, 'move'],
      ['enter', 'open'],
      ['p', 'pause'],
      ['r', 'retry'],
      ['v', review === 0 ? 'review' : `review ${number(review)}`],
      ['/', 'filter'],
      ...doubts(uncertain),
    ],
    job: [
      [move, 'move'],
      ['enter', 'open'],
      ['esc', 'back'],
      ['p', 'pause'],
      ['r', 'retry'],
      ['v', 'review'],
      ['/', 'filter'],
      ...doubts(picture.job?.counts.uncertain ?? 0),
    ],
    review: [
      [move, 'move'],
      ['enter', 'read all'],
      ['a', 'approve'],
      ['x', 'reject'],
      ['esc', 'back'],
    ],
    uncertain: [['space', 'mark'], ['a', 'all'], ...VERDICTS, ['enter', 'read'], ['esc', 'back'], [move, 'move']],
    message: [[move, 'scroll'], ['esc', 'back'], ...decisions(picture.story)],
  };
  const widthOf = ([key, does]: KeyWord) => columnsOf(key) + 1 + does.length + 2;
  let room = columns + 2 - EVERYWHERE.reduce((sum, key) => sum + widthOf(key), 0);
  const shown = keys[picture.place.view].filter((key) => {
    room -= widthOf(key);
    return room >= 0;
  });
  return [...shown, ...EVERYWHERE].map(([key, does]) => `${colour.bold(key)} ${colour.dim(does)}`).join('  ');
}

type KeyWord = readonly [key: string, does: string];

/** However narrow the terminal is. */
const EVERYWHERE: readonly KeyWord[] = [
  ['?', 'help'],
  ['q', 'leave'],
];

const VERDICTS: readonly KeyWord[] = [
  ['s', 'sent'],
  ['n', 'not sent'],
  ['r', 'again'],
];

function doubts(uncertain: number): readonly KeyWord[] {
  return uncertain === 0 ? [] : [['u', `uncertain ${number(uncertain)}`]];
}

function decisions(story: MessageStory | undefined): readonly KeyWord[] {
  const state = story?.summary.state;
  if (state === 'uncertain') return VERDICTS;
  if (story !== undefined && isOpenToVerdict(story))
    return state === 'failed'
      ? [
          ['s', 'it was sent'],
          ['r', 'retry'],
        ]
      : [['n', 'it was not sent']];
  if (state === 'review')
    return [
      ['a', 'approve'],
      ['x', 'reject'],
    ];
  return state === 'failed' ? [['r', 'retry']] : [];
}

/** What the month's limit counts: a mail that may have been accepted takes its place, too. */
function usageOf({ mailsThisMonth, uncertain }: Board, mailsAMonth: number | null): string {
  if (mailsAMonth !== null) return `${number(mailsThisMonth)} of ${number(mailsAMonth)} used`;
  return `${number(mailsThisMonth)} ${uncertain === 0 ? 'sent' : 'sent or uncertain'}`;
}

/** One text at each end of a line; at the right the first one that there is room for. */
function spread(left: string, rights: readonly string[], columns: number): string {
  for (const right of rights) {
    const room = columns - visibleColumns(left) - visibleColumns(right);
    if (room >= 1) return `${left}${' '.repeat(room)}${right}`;
  }
  return left;
}
