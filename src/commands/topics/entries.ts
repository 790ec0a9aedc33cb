/** A heading and its entries: the name, and what it means, wrapped beside it. */
export function entries(heading: string, table: Iterable<readonly [string, string]>): string {
  const rows = [...table];
  const longest = Math.max(...rows.map(([name]) => name.length));
  return [heading, ...rows.map(([name, meaning]) => `  ${name.padEnd(longest)}  ${wrapped(meaning, longest + 4)}`)].join('\n');
}

const WIDTH = 80;

function wrapped(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > WIDTH - indent) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
