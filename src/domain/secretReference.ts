/** Where outreach.yaml says that a secret is to be found: an environment variable, or a name in the keychain (or its file). */
export interface SecretReference {
  readonly kind: 'env' | 'keychain';
  readonly name: string;
}

export const SECRET_NAME = /^[A-Za-z0-9][\w.-]*$/;

/** `env:NAME` or `keychain:NAME`; undefined for anything else, which may be the secret itself and must not be repeated. */
export function parseReference(text: string): SecretReference | undefined {
  const name = text.slice(text.indexOf(':') + 1);
  if (text.startsWith('env:') && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { kind: 'env', name };
  if (text.startsWith('keychain:') && SECRET_NAME.test(name)) return { kind: 'keychain', name };
  return undefined;
}
