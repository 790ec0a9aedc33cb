import type { Answers } from '../config/answers.ts';

/** A secret that a person typed, and where it is to be kept once there is a workspace. */
export interface TypedSecret {
  readonly name: string;
  readonly value: string;
  readonly place: 'keychain' | 'file';
}

/** What was said, and what is still to be done. */
export interface Interviewed {
  readonly answers: Answers;
  readonly secrets: readonly TypedSecret[];
  /** What `outreach login` has to be called with afterwards, in order. */
  readonly logins: readonly string[];
  /** Where the sender's grant is to be kept, if the person wants to log in as soon as there is a workspace. */
  readonly grantPlace?: TypedSecret['place'];
}
