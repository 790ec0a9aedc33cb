import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CAMPAIGN, config, csv, Folder } from '../support/program.ts';
import { median, verdict } from './measure.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'outreach.js');
const ROWS = 100_000;

/** Import of 100 thousand rows beside `sqlite3 .import` into a bare table with a unique address: for the record. */
export function benchImport(full: boolean): boolean {
  if (spawnSync('sqlite3', ['--version']).status !== 0) {
    console.log('import beside `sqlite3 .import`\n  skip there is no sqlite3 here (apt-get install sqlite3)');
    return true;
  }
  const folder = new Folder();
  try {
    folder.write('outreach.yaml', config(1));
    folder.write('campaigns/hello.md', CAMPAIGN);
    folder.write('leads.csv', csv(ROWS));
    const ratios = Array.from({ length: full ? 5 : 1 }, () => {
      rmSync(folder.at('.outreach'), { recursive: true, force: true });
      const ours = timed(folder.path, process.execPath, [PROGRAM, 'import', 'leads.csv']);
      rmSync(folder.at('bare.db'), { force: true });
      const statements = [
        'create table leads (email text unique, first_name text, company text)',
        '.import --csv --skip 1 leads.csv leads',
      ];
      const theirs = timed(folder.path, 'sqlite3', ['bare.db', ...statements]);
      return ours / theirs;
    });
    console.log(`import of ${ROWS} rows: checked addresses, a lead and a message each, in batches that may be killed`);
    return verdict('outreach import / sqlite3 .import', median(ratios));
  } finally {
    folder.remove();
  }
}

function timed(cwd: string, program: string, parameters: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(program, parameters, { cwd, env: { PATH: process.env.PATH, HOME: cwd }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return performance.now() - began;
}
