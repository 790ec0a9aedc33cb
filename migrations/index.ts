import type { Migration } from 'kysely';
import * as first from './0001_first.ts';
import * as aiWriter from './0002_ai_writer.ts';
import * as providers from './0003_providers.ts';
import * as deliverability from './0004_deliverability.ts';
import * as guard from './0005_guard.ts';
import * as views from './0006_views.ts';
import * as reimport from './0007_reimport.ts';
import * as accounts from './0008_accounts.ts';
import * as certainty from './0009_certainty.ts';
import * as consent from './0010_consent.ts';
import * as refusals from './0011_refusals.ts';
import * as callsBegun from './0012_calls_begun.ts';

/** Every migration in order. A released one is never edited: a change is a new file. */
export const migrations: Record<string, Migration> = {
  '0001_first': first,
  '0002_ai_writer': aiWriter,
  '0003_providers': providers,
  '0004_deliverability': deliverability,
  '0005_guard': guard,
  '0006_views': views,
  '0007_reimport': reimport,
  '0008_accounts': accounts,
  '0009_certainty': certainty,
  '0010_consent': consent,
  '0011_refusals': refusals,
  '0012_calls_begun': callsBegun,
};
