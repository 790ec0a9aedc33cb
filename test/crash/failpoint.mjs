// Preloaded into the real program: ends or freezes the process at the n-th pass of a milestone.
import { subscribe } from 'node:diagnostics_channel';

const [name, pass] = (process.env.CRASH_AT ?? '').split('=');
let left = Number(pass);

subscribe('outreach:milestone', (milestone) => {
  if (milestone === name && --left === 0) process.kill(process.pid, process.env.CRASH_WITH);
});
