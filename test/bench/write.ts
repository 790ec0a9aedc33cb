import { openApp } from '../../src/app/app.ts';
import { workerParts } from '../../src/app/parts.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { Worker } from '../../src/worker/worker.ts';
import { config, csv, Folder, outreach } from '../support/program.ts';
import { startServer, verdict } from './measure.ts';

const CONCURRENCY = 50;
const ANSWER_AFTER = 500;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Drafts a second at 50 calls side by side to a model that takes 500 ms, against the most that is possible: 100 a second. */
export async function benchWrite(full: boolean): Promise<boolean> {
  const leads = full ? 5_000 : 2_000;
  const ai = await startServer('ai', ANSWER_AFTER);
  const folder = new Folder();
  try {
    const settings = `ai: { concurrency: ${CONCURRENCY}, providers: [{ name: local, base_url: "http://127.0.0.1:${ai.port}/v1", model: m, price: { input: 1, output: 2 } }] }\n`;
    folder.write('outreach.yaml', config(1, '', settings));
    folder.write('campaigns/hello.md', '---\ngenerator: ai\nreview: none\n---\nAsk one question about their work.\n');
    folder.write('leads.csv', csv(leads));
    await outreach(folder, ['import', 'leads.csv']);
    await warmUp(ai.port);
    const app = await openApp(workspaceAt(folder.path));
    const store = await app.openStore();
    const needs = { only: 'generate', concurrency: 4 } as const;
    const worker = new Worker(await workerParts(app, store, SILENT, { OUTREACH_STATE: folder.path }, needs), {
      mode: { kind: 'until_done' },
      ...needs,
    });
    const began = performance.now();
    const { tally } = await worker.run();
    const seconds = (performance.now() - began) / 1_000;
    await app.close();
    if (tally.generated !== leads) throw new Error(`${tally.generated} of ${leads} were written`);
    const ideal = (leads / CONCURRENCY) * (ANSWER_AFTER / 1_000);
    console.log(
      `drafts by a model that takes ${ANSWER_AFTER} ms, ${CONCURRENCY} at a time, ${leads} leads, from the worker's start to its end`,
    );
    return verdict('drafts a second / the most that is possible', ideal / seconds, { least: 0.95 });
  } finally {
    ai.stop();
    folder.remove();
  }
}

/** A server that has just started takes up to 200 ms longer: then it would not be the one that takes 500 ms. */
async function warmUp(port: number): Promise<void> {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(1_000) }] });
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST', body })).text();
  for (let wave = 0; wave < 3; wave++) await Promise.all(Array.from({ length: CONCURRENCY }, ask));
}
