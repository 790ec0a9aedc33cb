/** What `outreach help TOPIC` explains. Its facts come from the tables that the program itself goes by. */
export interface Topic {
  readonly purpose: string;
  /** Plain ASCII of at most 80 columns. */
  read(): Promise<string>;
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  'campaign-files': {
    purpose: 'how a campaign file is written, and every setting it may hold',
    read: async () => (await import('./campaignFiles.ts')).campaignFilesTopic(),
  },
  pace: {
    purpose: 'when a mail leaves: every gate it must pass',
    read: async () => (await import('./pace.ts')).paceTopic(),
  },
  states: {
    purpose: 'the states of a mail and a job, and what leads to the next',
    read: async () => (await import('./states.ts')).statesTopic(),
  },
  'exit-codes': {
    purpose: 'what a script may rely on when a command ends',
    read: async () => (await import('./exitCodes.ts')).exitCodesTopic(),
  },
  privacy: {
    purpose: 'what is kept, where it goes, and how a person is forgotten',
    read: async () => (await import('./privacy.ts')).privacyTopic(),
  },
};

/** Also the word for the list of them all. */
export function isTopic(word: string): boolean {
  return word === 'topics' || Object.hasOwn(TOPICS, word);
}
