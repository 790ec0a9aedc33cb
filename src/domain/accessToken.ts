/** A bearer token for one mailbox (RFC 6750), or why there is none now. */
export type AccessToken =
  | { readonly ok: true; readonly token: string }
  /** `lasting`: until a person logs in again; otherwise it is worth another try. */
  | { readonly ok: false; readonly reply: string; readonly lasting: boolean };

/** Gives tokens that are valid for some minutes still, and refreshes them ahead of their end. Never throws for what a server does. */
export interface AccessTokens {
  current(): Promise<AccessToken>;
  /** Another one, after a server refused `token` although it seemed to be valid. */
  instead(token: string): Promise<AccessToken>;
}
