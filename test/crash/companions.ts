import type { Milestone } from '../../src/domain/milestone.ts';
import { HELD_POINTS } from './person.ts';
import type { Random } from './random.ts';

/** While the first worker is frozen somebody removes files beside the database, and another worker begins. */
export interface Removal {
  readonly kind: 'companions';
  readonly at: Milestone;
  readonly pass: number;
  /** What follows the database's name. */
  readonly files: readonly ('-wal' | '-shm')[];
  /** What becomes of the frozen one. */
  readonly first: 'wakes' | 'is killed';
}

/** The log without its index is the one that hides: both workers then append to it. */
const REMOVED: readonly Removal['files'][] = [['-shm'], ['-shm'], ['-wal', '-shm'], ['-wal']];

/** What a worker may say beside one whose log was removed: the index tells of pages that the new log does not have. */
export const BROKEN_VIEW = /the disk reports an error|has lost its file/;

export function removal(random: Random): Removal {
  return {
    kind: 'companions',
    at: random.pick(HELD_POINTS),
    pass: random.between(1, 3),
    files: random.pick(REMOVED),
    first: random.chance(0.75) ? 'wakes' : 'is killed',
  };
}
