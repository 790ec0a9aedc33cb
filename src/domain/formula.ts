/**
 * Cells that a spreadsheet would take for a formula (OWASP, "CSV Injection"). A cell begins anew behind a semicolon, a tab and a
 * line end, where another locale's spreadsheet splits it. Signs count in full width too, and behind characters that nobody sees.
 */
const BEGINS = String.raw`(?:^|(?<=[;\t\r\n]))`;
const FORMULA = String.raw`(?=[\p{Default_Ignorable_Code_Point}']*[=+\-@\t\r\u2212\uff1d\uff0b\uff0d\uff20])`;
const GUARDS = new RegExp(`${BEGINS}${FORMULA}`, 'gu');
const GUARDED = new RegExp(`${BEGINS}'${FORMULA}`, 'gu');

/** The cell with an apostrophe before all that a spreadsheet would take for a formula. `unguarded` gives it back as it was. */
export function guarded(cell: string): string {
  return cell.replace(GUARDS, "'");
}

export function unguarded(cell: string): string {
  return cell.replace(GUARDED, '');
}
