import { stringify } from 'yaml';

/** A text as a value of a YAML file, quoted where it has to be. */
export function scalar(value: string): string {
  // YAML's block style for several lines would need to know how deep it stands; JSON is YAML too.
  return value.includes('\n') ? JSON.stringify(value) : stringify(value, { lineWidth: 0 }).trimEnd();
}
