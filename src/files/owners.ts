import type { BigIntStats, Stats } from 'node:fs';

type Owned = Pick<Stats | BigIntStats, 'uid' | 'gid' | 'mode'>;

/** Who this process works as; undefined on Windows, where files have no such owner. */
export function ownUser(): number | undefined {
  return process.geteuid?.();
}

/** Who else than this user and root decides over a file or folder: completes "FILE …"; undefined when nobody does. */
export function strangersOf(stat: Owned): string | undefined {
  const user = ownUser();
  if (user === undefined) return undefined;
  const owner = Number(stat.uid);
  if (owner !== user && owner !== 0) return `belongs to another user (uid ${owner})`;
  return isWritableByOthers(stat) ? `can be written to by others (mode ${modeOf(stat)})` : undefined;
}

/** A group of the owner's own, which has their number by the custom of useradd, is nobody else. */
function isWritableByOthers({ uid, gid, mode }: Owned): boolean {
  const bits = Number(mode);
  return (bits & 0o002) !== 0 || ((bits & 0o020) !== 0 && Number(gid) !== Number(uid));
}

/** `0755` */
function modeOf({ mode }: Pick<Owned, 'mode'>): string {
  return `0${(Number(mode) & 0o7777).toString(8)}`;
}
