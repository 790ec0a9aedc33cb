#!/usr/bin/env -S node --
// What scripts and shells ask most often loads nothing.
const asked = process.argv.slice(2).join(' ');
if (asked === '--version' || asked === '-V') process.stdout.write(`${JSON.parse(await textOf('../package.json')).version}\n`);
else if (asked === '--help' || asked === '-h' || asked === 'help') process.stdout.write(await textOf('../dist/help.txt'));
else await (await import('../dist/main.js')).main(process.argv);

async function textOf(path) {
  const { readFileSync } = await import('node:fs');
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
