import { OutreachError } from '../domain/errors.ts';
import { wrap } from './columns.ts';
import { printable } from './printable.ts';

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

/** Returns what is wrong with an answer; undefined when it will do. */
export type Check = (answer: string) => string | undefined;

/** Asks a person, one question at a time. Ctrl-C or Escape at any of them rejects with `interrupted`. */
export interface Questions {
  begin(title: string): void;
  /** The answer, trimmed; `usual` where nothing was typed, or empty where there is none. */
  text(question: string, options?: { placeholder?: string; usual?: string; check?: Check }): Promise<string>;
  /** Nothing of it is shown. */
  secret(question: string): Promise<string>;
  choose<Value extends string>(question: string, choices: readonly Choice<Value>[], initial?: Value): Promise<Value>;
  /** No, unless the person says so. */
  yes(question: string): Promise<boolean>;
  say(text: string): void;
  warn(text: string): void;
  end(text: string): void;
}

/** On the terminal that both streams are. `left` is said of what a person breaks off. */
export async function openQuestions(input: NodeJS.ReadStream, output: NodeJS.WriteStream, left: string): Promise<Questions> {
  const clack = await import('@clack/prompts');
  const both = { input, output };
  async function answered<T extends string | boolean>(asked: Promise<T | symbol>): Promise<T> {
    const answer = await asked;
    if (clack.isCancel(answer)) throw new OutreachError('interrupted', left);
    return answer as T;
  }
  return {
    begin: (title) => clack.intro(printable(title), both),
    async text(question, { usual, placeholder = usual, check } = {}) {
      const options = {
        message: printable(question),
        ...(placeholder === undefined ? {} : { placeholder }),
        ...(usual === undefined ? {} : { defaultValue: usual }),
        validate: (answer: string | undefined) => check?.((answer ?? '').trim() || (usual ?? '')),
      };
      // Enter on an empty line answers with nothing at all.
      return ((await answered<string>(clack.text({ ...options, ...both }))) ?? '').trim();
    },
    secret: async (question) => (await answered<string>(clack.password({ message: printable(question), ...both }))) ?? '',
    async choose<Value extends string>(question: string, choices: readonly Choice<Value>[], initial?: Value) {
      const options = choices.map((choice) => ({ ...choice, label: printable(choice.label) })) as {
        value: string;
        label: string;
        hint?: string;
      }[];
      const first = initial ?? choices[0]?.value ?? '';
      return (await answered<string>(
        clack.select<string>({ message: printable(question), options, initialValue: first, maxItems: 12, ...both }),
      )) as Value;
    },
    yes: (question) => answered<boolean>(clack.confirm({ message: printable(question), initialValue: false, ...both })),
    say: (text) => clack.log.step(wrapped(text, output.columns), both),
    warn: (text) => clack.log.warn(wrapped(text, output.columns), both),
    end: (text) => clack.outro(printable(text), both),
  };
}

/** Beside the bar that clack draws; a terminal would break the line within a word. */
function wrapped(text: string, columns: number | undefined): string {
  return wrap(printable(text), Math.max(20, (columns || 80) - 4)).join('\n');
}
