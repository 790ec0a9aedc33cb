import type { Command } from 'commander';
import { type Context, command, type Use } from './context.ts';

export function demoCommand(use: Use): Command {
  return command('demo', 'See the whole job in a few seconds, with nothing configured and no mail leaving this machine.', [
    'demo',
    'demo --keep ./outreach-demo',
  ])
    .option('--keep <dir>', 'make the workspace there and keep it')
    .action(use(demo));
}

async function demo(context: Context, options: { keep?: string }): Promise<number> {
  const { runDemo } = await import('../demo/demo.ts');
  return runDemo(context, options.keep);
}
