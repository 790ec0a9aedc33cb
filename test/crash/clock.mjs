// Preloaded into the real program: the clock on the wall goes by an offset that another process may change at any time.
import { openSync, readSync } from 'node:fs';

const file = openSync(process.env.CRASH_CLOCK ?? '', 'r');
const offset = new Float64Array(1);
const real = Date;

function now() {
  readSync(file, offset, 0, 8, 0);
  return real.now() + (offset[0] ?? 0);
}

globalThis.Date = class extends real {
  constructor(...parameters) {
    if (parameters.length === 0) super(now());
    else super(...parameters);
  }

  static now() {
    return now();
  }
};
