import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { withoutInvisible } from '../domain/invisible.ts';
import { openCsv } from './readRows.ts';

/** What exports of providers call the recipient's column; compared letters only. */
const RECIPIENT = ['to', 'email', 'recipient', 'toemail', 'recipientemail', 'emailaddress', 'toaddress', 'recipients'];

/**
 * The people of a list, in lower case and once each: one address a line, or the recipients of a CSV, one or several a row.
 * Without a column that is known every address of a line counts. Throws OutreachError when there is none.
 */
export async function readAddresses(path: string, name: string): Promise<string[]> {
  const file = await openCsv(path, name);
  const column = file.header.findIndex((title) => RECIPIENT.includes(title.toLowerCase().replace(/[^a-z]/g, '')));
  const people = new Set<string>();
  const take = (cells: readonly string[]) => {
    for (const each of column < 0 ? cells : cells.slice(column, column + 1)) {
      const cell = withoutInvisible(each);
      const whole = parseAddress(cell);
      // Logs have several in one cell too, or a JSON list: whoever was left out would be mailed again.
      for (const check of whole.ok ? [whole] : cell.split(/[\s,;"'<>()[\]]+/).map(parseAddress))
        if (check.ok) people.add(check.address.key);
    }
  };
  // A plain list has no header.
  take(file.header);
  for await (const { cells } of file.rows()) take(cells);
  if (people.size > 0) return [...people];
  throw new OutreachError('input', `${name} holds no address`, { hint: 'Write one address a line, or name a CSV with a column "email".' });
}
