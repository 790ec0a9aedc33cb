/** Time limits of one mail, in milliseconds. Armed limits follow RFC 5321 §4.5.3.2: ten minutes for the final reply. */
export const DEADLINES = {
  /** From the claim to the arm: connect, greeting, TLS, AUTH, MAIL, RCPT, DATA. */
  unarmed: 5 * 60_000,
  /** From the arm to the final reply, whatever trickles in between. */
  armed: 15 * 60_000,
  /** From the server's 354 to the arm's commit, while other programs hold the database. A busy Postfix hangs up after 10 s of silence. */
  arming: 8_000,
  /** Silence allowed on the connection at any point. */
  socketSilence: 10 * 60_000,
  connect: 60_000,
  greeting: 60_000,
  /** One draft, from claim to stored text. */
  drafting: 5 * 60_000,
  /** One call to a model, from its first byte to the reply's last. */
  aiCall: 60_000,
  /** After a call's own limit, until others may take its place. */
  aiGrace: 5_000,
  /** After the first stop signal: how long mails on the wire may take before they are cut. */
  drain: 25_000,
  /** How often a running worker looks for dead workers and passed deadlines. */
  rescueEvery: 4_000,
  /** How often an idle worker looks for what other programs put into the database. */
  poll: 1_000,
  /** Between two looks at all open jobs, however often other programs commit. */
  looksApart: 250,
} as const;
