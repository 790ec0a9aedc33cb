import { OutreachError } from '../domain/errors.ts';
import type { Log } from '../worker/stage.ts';
import type { WorkerParts } from '../worker/worker.ts';
import { type App, openApp } from './app.ts';
import { type WorkerNeeds, workerParts } from './parts.ts';

/**
 * Reads and checks outreach.yaml again, for a worker that goes on over the same database. Rejects with
 * what is wrong. The guard stays the one that saw the database being opened: a new one would take a file
 * that was put in its place meanwhile for the one that is open.
 */
export async function partsAgain(
  app: App,
  { store, guard }: WorkerParts,
  log: Log,
  env: NodeJS.ProcessEnv,
  needs: WorkerNeeds,
): Promise<WorkerParts> {
  const next = await openApp(app.workspace);
  if (next.config.database !== app.config.database) {
    throw new OutreachError('config', `${next.config.path}: database: a running worker keeps its own; stop it, and start it again`);
  }
  return { ...(await workerParts({ ...next, openStore: async () => store }, store, log, env, needs)), guard };
}
