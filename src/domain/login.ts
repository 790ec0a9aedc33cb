/** What a server said to a login that was tried out. `unknown`: nobody answered, or the answer says nothing of the secret. */
export type LoginAnswer =
  | { readonly kind: 'let_in' }
  | { readonly kind: 'refused'; readonly reply: string }
  | { readonly kind: 'unknown'; readonly reply: string };

/** A GET that changes nothing and needs the key: how a provider over HTTP is asked whether it takes it. */
export interface LoginRequest {
  readonly url: URL;
  /** http to another machine too, because the settings say so. */
  readonly insecure?: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the provider's own words say more than the status; undefined leaves it to `readStatus`. */
  read?(status: number, body: string): LoginAnswer | undefined;
}

/** RFC 9110 §15: 401 and 403 are about the key, everything else that is no success is not. */
export function readStatus(status: number, reply: string): LoginAnswer {
  if (status >= 200 && status < 300) return { kind: 'let_in' };
  return { kind: status === 401 || status === 403 ? 'refused' : 'unknown', reply };
}
