import { writeFileSync } from 'node:fs';
import { messageOf, OutreachError } from '../domain/errors.ts';

/** What a person asked to have in a file of its own; it holds people's data, so it is made for this user alone. */
export function writeOutFile(path: string, text: string, { force = false }: { force?: boolean | undefined } = {}): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: force ? 'w' : 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw new OutreachError('refused', `${path} exists already`, { hint: 'Name another file, or write over it with --force.', cause });
    throw new OutreachError('environment', `${path} cannot be written: ${messageOf(cause)}`, {
      hint: 'Choose another place with --out.',
      cause,
    });
  }
}
