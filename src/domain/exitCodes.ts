import type { ErrorCode } from './errors.ts';

/** What the process ends with; `cli/main.ts` alone sets it. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  config: 2,
  input: 2,
  not_found: 2,
  refused: 1,
  environment: 1,
  quota: 4,
  interrupted: 130,
};

/** Every code there is, for the person who writes a script. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: 'done; also when single mails failed, and whenever a command only reads',
  1: 'failed, or worker --until-done has left only what waits for a stopped sender, or for a provider of models that you must mend',
  2: 'wrong usage, configuration or input: nothing was changed',
  3: 'worker --drain, --for or --until-done ended, and mails wait for you (review or uncertain)',
  4: 'worker --until-done ended, and only the monthly limit or the budget is in the way',
  130: 'interrupted',
};
