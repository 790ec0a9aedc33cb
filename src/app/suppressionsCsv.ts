import { csvLine } from '../csv/rejects.ts';
import { guarded } from '../domain/formula.ts';
import { FORGOTTEN } from '../domain/personKey.ts';
import type { Db } from '../store/schema.ts';
import { suppressionPage } from '../store/suppressions.ts';

const PAGE = 1_000;

/** The list for another program, safe to open as a spreadsheet; `suppress import` reads it back. Hashes of forgotten people mean nothing elsewhere and stay here. */
export async function suppressionsCsv(db: Db): Promise<{ text: string; rows: number; forgotten: number }> {
  const lines = [csvLine(['email', 'reason', 'source', 'created_at'], ',')];
  let forgotten = 0;
  for (let after = '', more = true; more; ) {
    const page = await suppressionPage(db, after, PAGE);
    for (const { email_key, reason, source, created_at } of page) {
      if (email_key.startsWith(FORGOTTEN)) forgotten++;
      else lines.push(csvLine([email_key, reason, source, new Date(created_at).toISOString()].map(guarded), ','));
    }
    after = page.at(-1)?.email_key ?? after;
    more = page.length === PAGE;
  }
  return { text: lines.join(''), rows: lines.length - 1, forgotten };
}
