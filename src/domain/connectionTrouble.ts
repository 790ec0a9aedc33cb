/**
 * What the system says when nobody can be talked to (`getaddrinfo ENOTFOUND smtp.ruiz.example`), in words. The system's
 * own code stays in brackets, for whoever looks it up; every other text comes back as it is.
 */
export function connectionTrouble(message: string): string {
  const [, code = '', where = ''] = SYSTEM.exec(message) ?? [];
  const words = WORDS[code]?.(where === '' ? 'the server' : where);
  return words === undefined ? message : `${words} (${code})`;
}

/** As node:dns, node:net and node:tls write it; the host, with its port where there is one, stands last. */
const SYSTEM = /^(?:Error: )?(?:(?:getaddrinfo|query\w*|connect|read|write) )?(E[A-Z_]+)(?: (\S+))?/;

const WORDS: Readonly<Record<string, (where: string) => string>> = {
  ENOTFOUND: (where) => `there is no host ${where} in DNS`,
  EAI_AGAIN: (where) => `the name ${where} could not be looked up; is the network up?`,
  ECONNREFUSED: (where) => `nothing answers at ${where}`,
  ETIMEDOUT: (where) => `${where} did not answer in time`,
  EHOSTUNREACH: (where) => `there is no way to ${where}`,
  ENETUNREACH: (where) => `there is no network that leads to ${where}`,
  ECONNRESET: () => 'the other side broke the connection',
  EPIPE: () => 'the other side closed the connection',
};
