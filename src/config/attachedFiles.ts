import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type CampaignFile, type FileSource, MOST_ATTACHED, type ReadFile, sha256Of, tooMuch } from '../domain/attachment.ts';
import { messageOf } from '../domain/errors.ts';
import { holdsInvisible, withoutInvisible } from '../domain/invisible.ts';
import { oneLine } from '../domain/text.ts';
import { readBounded, UnfitFile } from '../files/readFile.ts';
import { stampOf } from './campaignFolder.ts';
import type { Workspace } from './workspace.ts';

/** Files are kept in memory up to this many bytes in all: most mails of a campaign attach the same ones. */
const KEPT = 2 * MOST_ATTACHED;

/** Files of the campaigns folder, read again when they change on disk. */
export function attachedFiles(workspace: Workspace): FileSource {
  const kept = new Map<string, Extract<ReadFile, { ok: true }>>();
  let size = 0;
  return {
    read(name) {
      const known = kept.get(name);
      if (known !== undefined && isAsRead(join(workspace.campaigns, name), known.file.stamp)) return known;
      const read = readAttachment(workspace, name);
      if (!read.ok) return read;
      if (size + read.file.size > KEPT) {
        kept.clear();
        size = 0;
      }
      kept.set(name, read);
      size += read.file.size;
      return read;
    },
  };
}

/**
 * A regular file inside the campaigns folder. The name may come from a lead's column, so nothing it
 * says may lead out: not `..`, not a link, not a hidden file such as `.env`, not a campaign itself, which is nobody's to read.
 */
export function readAttachment(workspace: Workspace, name: string): ReadFile {
  const shown = oneLine(name).slice(0, 100);
  const refuse = (what: string): ReadFile => ({ ok: false, reason: `${shown} ${what}` });
  if (oneLine(name) !== name || name === '' || /\\|^\/|^[A-Za-z]:/.test(name) || name.split('/').some((part) => /^(?:\.|$)/.test(part)))
    return refuse(`is not the name of a file in ${workspace.campaigns}`);
  try {
    const path = placeOf(join(workspace.campaigns, name));
    const real = realpathSync(path);
    const inside = relative(realpathSync(workspace.campaigns), real);
    if (/^\.\.(?:[/\\]|$)/.test(inside) || inside.startsWith(sep) || /^[A-Za-z]:/.test(inside))
      return refuse('leads out of the campaigns folder');
    if (/^[^/\\]+\.md$/i.test(inside)) return refuse('is a campaign, not a file to attach');
    // Taken before it is read: what changes meanwhile is read again.
    return readWhole(real, { name, stamp: stampOf(path) ?? '' }, refuse);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (NOT_THERE.has(code ?? '')) return refuse(`is not there; put it into ${workspace.campaigns}`);
    return refuse(`cannot be read (${code ?? messageOf(error)})`);
  }
}

const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** A lead's column comes without characters that nobody sees. The file may have some in its name: then it is the only one that looks like it. */
function placeOf(path: string): string {
  if (existsSync(path)) return path;
  const folder = dirname(path);
  const alike = readdirSync(folder).filter((name) => holdsInvisible(name) && withoutInvisible(name).trim() === basename(path));
  return alike.length === 1 ? join(folder, alike[0] ?? '') : path;
}

function isAsRead(path: string, stamp: string): boolean {
  try {
    return stampOf(path) === stamp;
  } catch {
    return false;
  }
}

function readWhole(path: string, { name, stamp }: Pick<CampaignFile, 'name' | 'stamp'>, refuse: (what: string) => ReadFile): ReadFile {
  try {
    // Not through a link that was put there since.
    const { bytes, stat } = readBounded(path, { most: MOST_ATTACHED, links: false });
    if (stat.size === 0) return refuse('is empty');
    if (bytes.length !== stat.size) return refuse('changed while it was read');
    return { ok: true, file: { name, sha256: sha256Of(bytes), size: stat.size, stamp }, content: bytes };
  } catch (error) {
    if (error instanceof UnfitFile) return refuse(error.size === undefined ? error.what : `is too large: ${tooMuch(error.size)}`);
    throw error;
  }
}
