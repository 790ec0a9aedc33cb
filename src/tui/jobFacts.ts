import { formatDuration } from '../domain/duration.ts';
import { MESSAGE_STATES } from '../domain/message.ts';
import { cell, moment, number } from '../terminal/output.ts';
import { type JobLine, timeLeft } from './board.ts';

/** What is said of one job above its mails, a line each. */
export function jobFacts(line: JobLine, now: number): readonly (readonly [what: string, says: string])[] {
  const { job, counts, outlook } = line;
  const states = MESSAGE_STATES.filter((state) => counts[state] > 0).map((state) => `${number(counts[state])} ${state}`);
  const left = timeLeft(line, now);
  const facts: (readonly [string, string])[] = [
    ['from', `${cell(job.source, 60)}, ${moment(job.created_at)}`],
    ['mails', states.join(' · ') || 'none'],
    ['pace', paceOf(line)],
  ];
  if (left !== null && outlook?.endsAt != null) facts.push(['done by', `${moment(outlook.endsAt)}, in ${formatDuration(left)}`]);
  for (const says of outlook?.says ?? []) facts.push(['', cell(says, 200)]);
  return facts;
}

function paceOf({ job, rate, outlook }: JobLine): string {
  const mode = job.send_mode === 'drip' ? `drip of ${job.send_rate} an hour` : job.send_mode;
  const at = job.send_mode === 'scheduled' && job.scheduled_for !== null ? ` at ${moment(job.scheduled_for)}` : '';
  const planned = outlook?.plannedRate == null ? '' : `, ${number(Math.round(outlook.plannedRate))} planned`;
  return `${mode}${at}; ${number(Math.round(rate))} an hour now${planned}`;
}
