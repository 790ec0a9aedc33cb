import { blockForTerminal } from '../domain/text.ts';
import type { MessageStory } from '../store/progress.ts';
import { wrap } from '../terminal/columns.ts';
import { cell, moment } from '../terminal/output.ts';
import { type Paint, row, toneOf } from './paint.ts';

/** A mail's text as lines, to be read before it is approved. */
export function mailLines(paint: Paint, { draft, summary }: MessageStory, columns: number): string[] {
  if (draft === undefined)
    return [paint.colour.dim(summary.reason === null ? 'Not written yet.' : `No draft: ${cell(summary.reason, 300)}`)];
  const files = (JSON.parse(draft.attachments) as { name?: string }[]).map(({ name }) => cell(name, 40));
  return [
    ...wrap(cell(draft.subject, 300), columns).map((line) => paint.colour.bold(line)),
    '',
    ...wrap(blockForTerminal(draft.text).trimEnd(), columns),
    ...(files.length === 0 ? [] : ['', paint.colour.dim(`Attached: ${files.join(', ')}`)]),
  ];
}

/** Each try, and what else happened, in the order of time. */
export function storyLines(paint: Paint, { attempts, events, summary }: MessageStory, columns: number): string[] {
  const told = [
    ...events.map(({ at, kind, detail, actor }) => ({
      at,
      what: kind as string,
      says: cell(actor === null ? detail : `by ${actor}${detail === null ? '' : `: ${detail}`}`, 300),
    })),
    ...attempts.map((attempt, index) => {
      const outcome = attempt.outcome ?? (attempt.armed_at === null ? 'connecting' : 'on the wire');
      const took = attempt.finished_at === null ? '' : ` after ${((attempt.finished_at - attempt.started_at) / 1_000).toFixed(1)} s`;
      const says = `try ${index + 1} by ${attempt.sender}${took}${attempt.armed_at === null ? ', not armed' : ''}: ${cell(attempt.reply, 300)}`;
      return { at: attempt.started_at, what: outcome, says };
    }),
    ...(summary.state === 'ready' ? [{ at: summary.due_at, what: 'due', says: '' }] : []),
  ].sort((a, b) => a.at - b.at);
  if (told.length === 0) return [paint.colour.dim('Nothing yet: it waits to be written.')];
  const what = 17;
  const when = Math.max(...told.map(({ at }) => moment(at).length));
  return told.flatMap(({ at, what: kind, says }) =>
    wrap(says, Math.max(10, columns - when - what - 2)).map((line, index) =>
      row(
        [index === 0 ? moment(at) : '', when, paint.colour.dim],
        [index === 0 ? kind.replaceAll('_', ' ') : '', what, toneOf(paint, kind)],
        [line, columns - when - what - 2],
      ),
    ),
  );
}
