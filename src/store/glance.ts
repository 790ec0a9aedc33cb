import { isCurrent } from './sqlite/knownSchema.ts';
import { connect } from './sqlite/load.ts';

const MOST = 50;
const PATIENCE_MS = 50;

/**
 * The newest jobs, newest first, for a shell that completes a word: it creates, migrates and waits for nothing.
 * Throws when there is no database, or one of another version.
 */
export function glanceAtJobs(path: string): { id: number; campaign: string; source: string }[] {
  const sqlite = connect(path, { readonly: true, fileMustExist: true, timeout: PATIENCE_MS });
  try {
    if (!isCurrent(sqlite)) throw new Error(`${path} is not what outreach makes`);
    return sqlite
      .prepare(
        `select jobs.id, campaigns.name as campaign, jobs.source from jobs join campaigns on campaigns.id = jobs.campaign_id
         order by jobs.id desc limit ${MOST}`,
      )
      .all() as { id: number; campaign: string; source: string }[];
  } finally {
    sqlite.close();
  }
}
