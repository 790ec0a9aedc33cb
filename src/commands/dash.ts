import type { Command } from 'commander';
import type { JobOutlook, openDesk, SenderOutlook } from '../app/desk.ts';
import { OutreachError } from '../domain/errors.ts';
import { tellTimesIn } from '../terminal/output.ts';
import type { Desk, SenderLine } from '../tui/desk.ts';
import { type Context, command, type Use } from './context.ts';
import { stateOf, troubles } from './status.ts';

export function dashCommand(use: Use): Command {
  return command('dash', 'Watch and steer everything on one screen; q leaves, ? shows the keys.', ['dash', 'dash --workspace acme']).action(
    use(dash),
  );
}

async function dash(context: Context): Promise<undefined> {
  const { env, output } = context;
  // Ink ends with 0 where there is no terminal, and nobody would know why nothing was shown.
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true || env.TERM === 'dumb' || output.json) {
    throw new OutreachError('usage', 'dash needs a terminal for its screen and its keys', {
      hint: 'Without one: outreach status, outreach status --watch or outreach status --json',
    });
  }
  const workspace = context.workspace();
  const { loadConfig } = await import('../config/config.ts');
  // Settings that nobody can read are said before the screen is taken.
  loadConfig(workspace);
  const { openDesk } = await import('../app/desk.ts');
  const { runDash } = await import('../tui/run.tsx');
  const open = async () => {
    const desk = await openDesk(workspace, env);
    tellTimesIn(desk.timezone);
    return deskOf(desk);
  };
  await runDash(open, {
    stdin: process.stdin,
    stdout: process.stdout,
    colour: output.colour,
    unicode: output.unicode,
  });
}

/** What the dashboard is given, in the words of `status`. */
export function deskOf(desk: Awaited<ReturnType<typeof openDesk>>): Desk {
  return {
    ...desk,
    job: async (progress, now) => jobSays(await desk.job(progress, now)),
    senders: async (now, sent) => (await desk.senders(now, sent)).map(senderSays),
  };
}

function jobSays(outlook: JobOutlook): Awaited<ReturnType<Desk['job']>> {
  const { eta, planned_rate, problem } = outlook;
  return { endsAt: eta === null ? null : Date.parse(eta), plannedRate: planned_rate, says: troubles(outlook), problem };
}

function senderSays(sender: SenderOutlook): SenderLine {
  const { name, sent_24h, cap_today, warm_up_day, warning } = sender;
  const state = stateOf(sender);
  const health = sender.stopped_at !== null ? 'stopped' : sender.rest_until !== null ? 'resting' : warning !== null ? 'warned' : 'ok';
  return { name, sent: sent_24h, cap: cap_today, warmUpDay: warm_up_day, health, says: state === 'ok' ? (warning ?? '') : state };
}
