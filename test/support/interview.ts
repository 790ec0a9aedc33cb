import { readFileSync } from 'node:fs';
import type { Folder } from './program.ts';
import { type Dialogue, ENTER } from './terminal.ts';

/** No keychain is there, no browser, and nothing is asked of Ollama on this machine. */
export const ALONE = {
  DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus',
  SSH_CONNECTION: '192.0.2.1 40000 192.0.2.2 22',
  OLLAMA_HOST: '127.0.0.1:1',
};

export type Answer = readonly [question: string, keys: string];

/** What `init` asks first. */
export const IDENTITY: readonly Answer[] = [
  ['Your name', `Ana Ruiz${ENTER}`],
  ['Your company', `Ruiz: Consulting${ENTER}`],
  ['Postal address', `Calle Mayor 1, Madrid${ENTER}`],
  ['Time zone', ENTER],
];

/** What it asks last. */
export const NO_MODEL: Answer = ['Shall a model write mails?', ENTER];

export async function give(dialogue: Dialogue, answers: readonly Answer[]): Promise<void> {
  for (const [question, keys] of answers) await dialogue.answer(question, keys);
}

/** The settings of the workspace acme. */
export function settingsOf(folder: Folder): string {
  return readFileSync(folder.at('acme', 'outreach.yaml'), 'utf8');
}

/** The last line of a screen: what to do next. */
export function lastLine(screen: string): string | undefined {
  return screen.trimEnd().split('\r\n').at(-1);
}
