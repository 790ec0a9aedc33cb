import { parseForeignJson } from '../domain/foreignJson.ts';

/** What a provider's list of models says of our key and model. */
export interface ModelVerdict {
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix: string | null;
}

/** GET base_url/models of the OpenAI API (platform.openai.com/docs/api-reference/models/list). It costs nothing. */
export function readModelList(status: number, body: string, model: string): ModelVerdict {
  if (status === 401 || status === 403)
    return { status: 'fail', detail: `refuses the key (${status})`, fix: 'Make a new key at the provider and set it.' };
  if (status === 404 || status === 405)
    return {
      status: 'warn',
      detail: `answers ${status} where its models should be listed`,
      fix: 'Check base_url: it usually ends in /v1.',
    };
  if (status !== 200) return { status: 'warn', detail: `could not be asked: it answers ${status}`, fix: null };
  const names = modelNames(body);
  if (names === undefined) return { status: 'warn', detail: 'answers, but not with a list of models', fix: 'Check base_url.' };
  // Ollama lists llama3.1 as llama3.1:latest.
  if (names.some((name) => name === model || name === `${model}:latest`)) return { status: 'ok', detail: `has ${model}`, fix: null };
  return {
    status: 'warn',
    detail: `does not list ${model}`,
    fix: `Write another model into outreach.yaml${names.length === 0 ? '' : `, such as ${names.slice(0, 5).join(', ')}`}.`,
  };
}

/** The names in such a list; undefined when it is none. */
export function modelNames(body: string): string[] | undefined {
  try {
    const { data } = parseForeignJson(body) as { data?: unknown };
    if (!Array.isArray(data)) return undefined;
    return data.flatMap((entry: { id?: unknown } | null) => (typeof entry?.id === 'string' ? [entry.id] : []));
  } catch {
    return undefined;
  }
}
