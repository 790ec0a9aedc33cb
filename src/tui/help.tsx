import { emptyCounts } from '../domain/message.ts';
import { Lines } from './lines.tsx';
import { bar, type Paint, row, title } from './paint.ts';

/** Every key, and what the signs mean. */
export function Help({ paint, rows, columns }: { paint: Paint; rows: number; columns: number }) {
  const { colour } = paint;
  const keys = KEYS(paint).map(([key, does]) => `${row([key, 18, colour.bold])} ${does}`);
  const sample = (state: 'accepted' | 'ready' | 'review' | 'failed' | 'pending') => bar(paint, { ...emptyCounts(), [state]: 1 }, 2);
  const legend = `${sample('accepted')} sent  ${sample('ready')} drafted  ${sample('review')} you  ${sample('failed')} failed  ${sample('pending')} to write`;
  const words = [
    `${row(['progress', 18, colour.bold])} ${legend}`,
    `${row(['MAIL/H', 18, colour.bold])} tries an hour lately / as planned by drip, gaps and limits`,
    `${row(['YOU', 18, colour.bold])} mails that wait for you: in review, or uncertain`,
    `${row(['LEFT', 18, colour.bold])} until the last mail has left, if all goes on at this pace`,
  ];
  return (
    <Lines
      paint={paint}
      lines={[title(paint, 'Keys', columns, 'esc closes'), ...keys, ' ', title(paint, 'Signs', columns), ...words]}
      rows={rows}
      columns={columns}
    />
  );
}

const KEYS = ({ signs }: Paint): readonly (readonly [string, string])[] => [
  [`${signs.up} ${signs.down}  j k  g G`, 'move; page up, page down and space by pages'],
  ['enter l', 'open a job, then a message with its tries'],
  ['esc h', 'back; ends a filter'],
  ['p', 'pause the job, or resume it'],
  ['r', 'retry the failed mail, or all failed ones of the job'],
  ['v', 'what waits in review: read, a approves, x rejects'],
  ['u', 'uncertain: space, a mark; s sent, n not sent, r send again'],
  ['/', 'filter: jobs by campaign, file, id; mails by state, address'],
  ['q', 'leave'],
];
