#!/usr/bin/env -S node --
// What scripts and shells ask most often loads nothing.
const asked = process.argv.slice(2).join(' ');
if (asked === '--version' || asked === '-V') print(`${JSON.parse(await textOf('../package.json')).version}\n`);
else if (asked === '--help' || asked === '-h' || asked === 'help') print(await textOf('../dist/help.txt'));
else await (await import('../dist/main.js')).main(process.argv);

/** A reader that has seen enough is no error. */
function print(text) {
  process.stdout.on('error', ({ code, message }) => {
    if (code !== 'EPIPE') process.stderr.write(`outreach: ${message}\n`);
    process.exit(code === 'EPIPE' ? 0 : 1);
  });
  process.stdout.write(text);
}

async function textOf(path) {
  const { readFileSync } = await import('node:fs');
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
