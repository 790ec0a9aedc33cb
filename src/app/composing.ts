import { attachedFiles } from '../config/attachedFiles.ts';
import { workspaceKey } from '../config/workspaceKey.ts';
import { unsubscribeToken } from '../domain/personKey.ts';
import type { ComposeDependencies } from '../pipeline/draftMessage.ts';
import type { App } from './app.ts';

/** What mails are composed with, in a worker as in a preview. */
export async function openComposing({ workspace }: App): Promise<Omit<ComposeDependencies, 'now'>> {
  const { composeMime } = await import('../mail/mime.ts');
  const key = workspaceKey(workspace);
  return { compose: composeMime, tokenFor: (messageId) => unsubscribeToken(key, messageId), files: attachedFiles(workspace) };
}
