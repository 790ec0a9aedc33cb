import { type RunResult, run } from './run.ts';
import { type Focus, scenarioOf } from './scenario.ts';

export interface CampaignResult {
  readonly runs: number;
  readonly kills: number;
  readonly uncertain: number;
  readonly failures: readonly RunResult[];
}

export interface CampaignOptions {
  readonly from: number;
  readonly seeds: number;
  /** Runs side by side. */
  readonly parallel: number;
  readonly stopAtFirst: boolean;
  readonly focus?: Focus | undefined;
  readonly done?: (result: RunResult, soFar: number) => void;
}

/** Runs many seeds of one build side by side. */
export async function campaign(entry: string, options: CampaignOptions): Promise<CampaignResult> {
  const failures: RunResult[] = [];
  let next = options.from;
  let [runs, kills, uncertain] = [0, 0, 0];
  const lane = async () => {
    while (next < options.from + options.seeds && !(options.stopAtFirst && failures.length > 0)) {
      const result = await run(entry, scenarioOf(next++, options.focus), options.stopAtFirst);
      runs++;
      kills += result.kills;
      uncertain += result.uncertain;
      if (result.violations.length > 0) failures.push(result);
      options.done?.(result, runs);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, lane));
  return { runs, kills, uncertain, failures };
}
