#!/usr/bin/env -S node --
// The version is asked for by scripts and prompts: it loads nothing.
if (['--version', '-V'].includes(process.argv[2] ?? '')) {
  const { readFileSync } = await import('node:fs');
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
} else {
  const { main } = await import('../dist/main.js');
  await main(process.argv);
}
