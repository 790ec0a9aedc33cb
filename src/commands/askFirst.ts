import { OutreachError } from '../domain/errors.ts';
import { canAsk } from '../terminal/abilities.ts';
import type { Context } from './context.ts';

/** Asks on a terminal; elsewhere nothing is done without an explicit yes. */
export async function askFirst({ output, env }: Context, question: string, instead: string): Promise<boolean> {
  if (!canAsk(env, process.stdin) || !output.stderrIsTerminal)
    throw new OutreachError('usage', 'this asks first, and here is no terminal to ask on; nothing was changed', {
      hint: `Without a question: ${instead}`,
    });
  const { confirm } = await import('../terminal/confirm.ts');
  return confirm(question, process.stdin, process.stderr);
}
