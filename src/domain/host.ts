const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i;

/** True for names and addresses of this very machine: what goes there leaves it not. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
