import { uncertainHints } from '../app/uncertainHints.ts';
import type { Config } from '../config/config.ts';
import { standingVerdict } from '../domain/verdict.ts';
import type { MessageStory } from '../store/progress.ts';
import { cell } from '../terminal/output.ts';

/** For who has to say what became of a mail: how far it got and where to look; for who has said so, how to correct it. */
export function verdictLines(senders: Config['senders'], story: MessageStory): string[] {
  const { id, state } = story.summary;
  if (state === 'uncertain') {
    const { progress, places } = uncertainHints(senders, story);
    return ['', progress, 'Where to look, the best place first:', ...places.map((place, index) => `  ${index + 1}. ${cell(place, 300)}`)];
  }
  const verdict = standingVerdict({ state, attempt_id: story.attempts.at(-1)?.id ?? null, attempts: story.attempts, events: story.events });
  if (verdict === undefined || story.attempts.some(({ outcome }) => outcome === 'accepted')) return [];
  return verdict === 'sent'
    ? [`A person said that it was sent. If that was wrong: outreach resolve ${id} --not-sent`]
    : [`A person said that it was not sent. If that was wrong: outreach resolve ${id} --sent`];
}
