import { isLoopback } from '../domain/host.ts';
import { modelNames } from '../llm/modelList.ts';
import { modelsLogin } from '../llm/modelsLogin.ts';
import { getAnswer } from './httpAnswer.ts';

/** A server on this machine answers at once, or is not there. */
const ANSWER_WITHIN_MS = 300;

export interface Ollama {
  /** Of its OpenAI-shaped API. */
  readonly url: string;
  readonly models: readonly string[];
}

/** Ollama on this very machine, with the models that can write; OLLAMA_HOST names another port (docs.ollama.com/faq). */
export async function findOllama(env: NodeJS.ProcessEnv): Promise<Ollama | undefined> {
  const url = `${addressOf(env.OLLAMA_HOST ?? '')}/v1`;
  const answer = await getAnswer(modelsLogin(url, undefined), ANSWER_WITHIN_MS, Date.now);
  if (answer.kind !== 'answered' || answer.status !== 200) return undefined;
  const models = modelNames(answer.body)?.filter((name) => !/embed/i.test(name));
  return models === undefined ? undefined : { url, models };
}

/** What listens on all addresses is asked on this machine's own. */
function addressOf(host: string): string {
  const [, name = '', port = '11434'] = /^(?:https?:\/\/)?(\[[0-9a-f:]+\]|[^:/]*)(?::(\d+))?\/?$/i.exec(host.trim()) ?? [];
  return `http://${isLoopback(name) ? name : 'localhost'}:${port}`;
}
