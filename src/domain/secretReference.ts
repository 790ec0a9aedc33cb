/** Where outreach.yaml says that a secret is to be found: an environment variable, a name in the keychain (or its file), or what systemd gives a service (man systemd.exec, LoadCredential=). */
export interface SecretReference {
  readonly kind: 'env' | 'keychain' | 'credential';
  readonly name: string;
}

export const SECRET_NAME = /^[A-Za-z0-9][\w.-]*$/;

/** `env:NAME`, `keychain:NAME` or `credential:NAME`; undefined for anything else, which may be the secret itself and must not be repeated. */
export function parseReference(text: string): SecretReference | undefined {
  const name = text.slice(text.indexOf(':') + 1);
  if (text.startsWith('env:') && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { kind: 'env', name };
  if (text.startsWith('keychain:') && SECRET_NAME.test(name)) return { kind: 'keychain', name };
  if (text.startsWith('credential:') && SECRET_NAME.test(name)) return { kind: 'credential', name };
  return undefined;
}
