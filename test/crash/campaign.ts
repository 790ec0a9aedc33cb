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
  /** Results of an earlier call, whose seeds are not run again. */
  readonly known?: readonly RunResult[];
  readonly done?: (result: RunResult, soFar: number) => void;
}

/** Runs many seeds of one build side by side. */
export async function campaign(entry: string, options: CampaignOptions): Promise<CampaignResult> {
  const failures: RunResult[] = [];
  let [runs, kills, uncertain] = [0, 0, 0];
  const count = (result: RunResult) => {
    runs++;
    kills += result.kills;
    uncertain += result.uncertain;
    if (result.violations.length > 0) failures.push(result);
  };
  const asked = Array.from({ length: options.seeds }, (_, index) => options.from + index);
  const known = (options.known ?? []).filter(({ seed }) => asked.includes(seed));
  known.forEach(count);
  const left = asked.filter((seed) => !known.some((result) => result.seed === seed));
  const lane = async () => {
    for (let seed = left.shift(); seed !== undefined && !(options.stopAtFirst && failures.length > 0); seed = left.shift()) {
      const result = await run(entry, scenarioOf(seed, options.focus), options.stopAtFirst);
      count(result);
      options.done?.(result, runs);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, lane));
  return { runs, kills, uncertain, failures };
}
