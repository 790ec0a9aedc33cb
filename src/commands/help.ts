import type { Command } from 'commander';
import { OutreachError } from '../domain/errors.ts';
import { didYouMean } from '../domain/text.ts';
import { type Context, command, type Use } from './context.ts';
import { entries } from './topics/entries.ts';
import { TOPICS } from './topics/topics.ts';

export function helpCommand(use: Use, program: Command): Command {
  return command('help', 'Explain a command or a topic; outreach help topics lists the topics.', [
    'help import',
    'help topics',
    'help states',
  ])
    .argument('[what...]', 'a command (with its subcommand), topics, or one of them')
    .action(use((context, what: string[]) => help(context, what, program)));
}

async function help({ output }: Context, what: readonly string[], program: Command): Promise<undefined> {
  const found = commandOf(what, program);
  if (found !== undefined) {
    output.object({ command: what.join(' '), text: found.helpInformation() });
    if (!output.json) found.outputHelp();
    return;
  }
  const [topic = ''] = what;
  if (topic === 'topics') {
    for (const [name, { purpose }] of Object.entries(TOPICS)) output.object({ topic: name, purpose });
    const list = Object.entries(TOPICS).map(([name, { purpose }]) => [name, purpose] as const);
    output.line(`${entries('Topics:', list)}\n\nNext: outreach help TOPIC`);
    return;
  }
  const known = TOPICS[topic];
  if (known === undefined || what.length > 1) throw unknown(what.join(' '), program);
  const text = await known.read();
  output.object({ topic, purpose: known.purpose, text });
  output.line(text);
}

/** The command that the words lead to; the program itself without any. */
function commandOf(words: readonly string[], program: Command): Command | undefined {
  let at: Command | undefined = program;
  for (const word of words) at = at?.commands.find((child) => child.name() === word);
  return at;
}

function unknown(asked: string, program: Command): OutreachError {
  const names = [...program.commands.map((child) => child.name()), 'topics', ...Object.keys(TOPICS)];
  const near = didYouMean(asked, names);
  return new OutreachError('usage', `there is no help on ${asked}${near === undefined ? '' : `; did you mean ${near}?`}`, {
    hint: 'See: outreach --help    or    outreach help topics',
  });
}
