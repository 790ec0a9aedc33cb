import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded before the program: a disk that answers so many times (DISK_ANSWERS) whether the log has
 * arrived, and then is `silent` or `broken` (DISK). It tells its parent of the first time that it does not answer well.
 */
const { fdatasync } = fs;
let left = Number(process.env.DISK_ANSWERS);
fs.fdatasync = (descriptor, done) => {
  if (left-- > 0) return fdatasync(descriptor, done);
  process.send?.('asked');
  if (process.env.DISK === 'broken') setImmediate(() => done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })));
};
syncBuiltinESMExports();
// As a request to a real disk would, it keeps the process waiting.
setInterval(() => {}, 60_000);
