import { type AttachedFile, fileSize } from '../domain/attachment.ts';
import { forTerminal } from '../domain/text.ts';

/** The files of a mail for a terminal, one a line. */
export function fileLines(files: readonly AttachedFile[]): string[] {
  return files.map(
    ({ name, size, cid }) => `  ${cid === undefined ? 'Attached' : 'Image in the text'}: ${forTerminal(name)}, ${fileSize(size)}`,
  );
}

/** The same for `--json`; `size` in bytes. */
export function filesAsJson(files: readonly AttachedFile[]): object[] {
  return files.map(({ name, size, type, sha256, cid }) => ({ name, size, type, sha256, inline: cid !== undefined }));
}
