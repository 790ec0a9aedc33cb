import { isLoopback } from '../domain/host.ts';
import { isMailbox } from '../domain/httpProvider.ts';

/** Keys and leads travel to this address: not in clear, and without a secret in the address itself. */
export function safeBaseUrl(
  { type, base_url, insecure }: { readonly type?: string; readonly base_url?: string | undefined; readonly insecure: boolean },
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  // Refinements run beside the check of the address itself.
  if (base_url === undefined || !URL.canParse(base_url)) return;
  const url = new URL(base_url);
  if (url.protocol === 'http:' && !insecure && !isLoopback(url.hostname)) {
    const message = `http would send key and leads in clear to ${url.hostname}; write https, or add insecure: true`;
    context.addIssue({ code: 'custom', path: ['base_url'], message });
  }
  if (url.username !== '' || url.password !== '')
    context.addIssue({
      code: 'custom',
      path: ['base_url'],
      message: `a secret must not stand in this file; ${isMailbox(type) ? 'remove it' : 'write api_key: "env:NAME"'}`,
    });
}
