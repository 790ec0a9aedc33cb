import { randomBytes } from 'node:crypto';
import type { Generator } from '../domain/campaign.ts';
import { templateWriter } from '../llm/templateWriter.ts';
import type { PreviewDependencies } from '../pipeline/previewMails.ts';
import { modelWriter } from '../pipeline/writeWithModel.ts';
import type { Store } from '../store/database.ts';
import { type App, aiLimits, sleep } from './app.ts';
import { openComposing } from './composing.ts';
import { openProviders } from './parts.ts';
import { openSecrets } from './secrets.ts';

export async function openPreview(
  app: App,
  store: Store,
  env: NodeJS.ProcessEnv,
  generator: Generator,
  cut: AbortSignal,
): Promise<PreviewDependencies> {
  const now = () => Date.now();
  const worker = `preview-${randomBytes(6).toString('hex')}`;
  const writer =
    generator === 'template'
      ? templateWriter(1)
      : modelWriter({
          store,
          worker,
          now,
          sleep,
          stopping: cut,
          cut,
          providers: await openProviders(app.config, openSecrets(app.workspace, env)),
          limits: aiLimits(app.config),
          purpose: 'preview',
        });
  return { store, now, writer, ...(await openComposing(app)) };
}
