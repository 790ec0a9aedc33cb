import { parseForeignJson } from '../domain/foreignJson.ts';

/** A provider's JSON answer as an object; an empty one when it is none. */
export function jsonOf(body: string): Record<string, unknown> {
  try {
    const value: unknown = parseForeignJson(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
