import { columnNamed } from '../csv/columns.ts';
import { type Consent, surveyConsent, type Unclear } from '../csv/consent.ts';
import type { CsvFile } from '../csv/readRows.ts';
import { OutreachError } from '../domain/errors.ts';
import type { ImportRequest } from '../pipeline/importLeads.ts';
import { canAsk } from '../terminal/abilities.ts';
import { cell } from '../terminal/output.ts';
import type { Context } from './context.ts';

/** Who may be mailed, as the file says it; `ignored` are the columns that a person has said to leave alone, here or on the command line. */
export async function consentIn(
  context: Context,
  file: CsvFile,
  columns: ImportRequest['columns'],
  asked: readonly string[],
): Promise<{ consent: Consent; ignored: readonly string[] }> {
  const alike = (index: number) => file.header.flatMap((name, at) => (name === file.header[index] ? [at] : []));
  const ignored = new Set(asked.flatMap((name) => alike(columnNamed(file.header, name, `--ignore-status ${cell(name)}`, file.name))));
  const survey = await surveyConsent(file, columns);
  for (let unclear = survey.unclear(ignored); unclear !== undefined; unclear = survey.unclear(ignored)) {
    if (!(await leavesAlone(context, file, unclear))) throw notUnderstood(file, unclear);
    for (const index of alike(unclear.index)) ignored.add(index);
  }
  return { consent: survey.consent(ignored), ignored: [...new Set([...ignored].map((index) => file.header[index] ?? ''))] };
}

/** Only a person may say that a column which names consent is about something else. */
async function leavesAlone({ output, env }: Context, file: CsvFile, unclear: Unclear): Promise<boolean> {
  if (!canAsk(env, process.stdin) || !output.stderrIsTerminal) return false;
  const { confirm } = await import('../terminal/confirm.ts');
  output.talk(said(file, unclear));
  return confirm('Mail these people whatever that column says?', process.stdin, process.stderr);
}

function notUnderstood(file: CsvFile, unclear: Unclear): OutreachError {
  return new OutreachError('input', said(file, unclear), {
    hint: `Nothing is stored. Write yes or no there, or, if these people may be mailed whatever it says: --ignore-status "${cell(unclear.column)}"`,
  });
}

function said({ name }: CsvFile, { column, value, line }: Unclear): string {
  return `${cell(name)}:${line}: column "${cell(column)}" says who may be mailed, and "${cell(value, 40)}" in it is neither a yes nor a no`;
}
