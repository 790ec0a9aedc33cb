/**
 * A place that keeps the secrets of one workspace; the methods are named as keytar's. All reject
 * with an OutreachError (`environment`) when the place cannot be used, and none ever puts a value into it.
 */
export interface SecretStore {
  readonly place: 'keychain' | 'file';
  /** Null when there is none of this name. */
  getPassword(name: string): Promise<string | null>;
  setPassword(name: string, password: string): Promise<void>;
  /** False when there was none. */
  deletePassword(name: string): Promise<boolean>;
  /** What was stored here, in order. An index of our own: keychains cannot be listed everywhere. */
  names(): Promise<readonly string[]>;
}

/** Runs one change of a file while no other process changes it. */
export type Exclusively = <T>(change: () => T) => T;
