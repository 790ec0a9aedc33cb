import { existsSync } from 'node:fs';
import { attachedFiles } from '../config/attachedFiles.ts';
import { keyFile, workspaceKey } from '../config/workspaceKey.ts';
import { campaignMark, unsubscribeToken } from '../domain/personKey.ts';
import type { ComposeDependencies } from '../pipeline/draftMessage.ts';
import { anyForgotten } from '../store/suppressions.ts';
import type { App } from './app.ts';
import { missingKey } from './people.ts';

/** What mails are composed with, in a worker as in a preview. */
export async function openComposing(app: App): Promise<Omit<ComposeDependencies, 'now'>> {
  const { workspace, config } = app;
  const { composeMime } = await import('../mail/mime.ts');
  if (!existsSync(keyFile(workspace)) && existsSync(config.database) && (await anyForgotten((await app.openStore()).db)))
    throw missingKey(workspace);
  const key = workspaceKey(workspace);
  return {
    compose: composeMime,
    tokenFor: (reference) => unsubscribeToken(key, reference),
    markOf: (campaign) => campaignMark(key, campaign),
    files: attachedFiles(workspace),
  };
}
