import { OutreachError } from '../domain/errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Context } from './context.ts';

/** What both kinds of login take. */
export interface LoginOptions {
  readonly stdin?: boolean;
  readonly file?: boolean;
  readonly check: boolean;
  readonly browser: boolean;
}

/** `asked`: what `login` was called with, where the stored name is another one. */
export async function refuseWithoutKeychain(secrets: Secrets, name: string, asked = name): Promise<void> {
  const { withoutKeychain } = await import('../secrets/secrets.ts');
  try {
    await secrets.keychain.getPassword(name);
  } catch (cause) {
    if (!(cause instanceof OutreachError)) throw cause;
    const hint = cause.hint === undefined ? '' : `${cause.hint}\n`;
    throw new OutreachError('environment', cause.message, { hint: `${hint}${withoutKeychain(asked)}`, cause });
  }
}

/** One name, one place: the keychain would win over a newer file, and a file must not outlive its use. */
export async function forgetElsewhere(
  { output }: Context,
  { keychain, file }: Secrets,
  name: string,
  place: 'keychain' | 'file',
): Promise<void> {
  const other = place === 'file' ? keychain : file;
  try {
    if (await other.deletePassword(name)) output.talk(`Removed the older one from the ${other.place}.`);
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    // Without a keychain there is nothing in it either, unless it once was there.
    if (!(await other.names()).includes(name)) return;
    output.talk(`Warning: an older one may still be in the ${other.place}, and would be used first: ${error.message}`);
  }
}
