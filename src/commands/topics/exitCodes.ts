import { EXIT_MEANINGS } from '../../domain/exitCodes.ts';
import { entries } from './entries.ts';

export function exitCodesTopic(): string {
  return `${entries('A command ends with', Object.entries(EXIT_MEANINGS))}

An error is one sentence on standard error, with what to do about it below;
--verbose adds what caused it. Results are on standard output, and with --json
they are JSON and nothing else: one object, or one a line where it is a list.

From cron:
  */10 9-17 * * 1-5  outreach worker --drain --workspace ~/acme`;
}
