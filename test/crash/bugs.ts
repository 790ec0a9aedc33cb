import type { Patch } from './build.ts';
import type { Focus } from './scenario.ts';

/** Mistakes that others have made, put into the real sources. A suite that does not catch each of them proves nothing. */
export const BUGS: Readonly<Record<string, readonly Patch[]>> = {
  'no arm': [
    {
      file: 'src/pipeline/sendMessage.ts',
      find: 'const arming = deps.store.write(async (tx) => {',
      replace: 'const arming = sha256 !== "" ? Promise.resolve(true) : deps.store.write(async (tx) => {',
    },
  ],
  'no fence': [
    {
      file: 'src/store/sending.ts',
      find: 'return changed(await updateToArmed(tx, { ...hold, ...times }));',
      replace: 'await updateToArmed(tx, { ...hold, ...times });\n  return true;',
    },
    // The same mistake in the adapter, which looks at its own clock as well.
    {
      file: 'src/mail/arming.ts',
      find: 'return this.expired || this.#attempt.cut.aborted;',
      replace: 'return false;',
    },
    {
      file: 'src/mail/arming.ts',
      find: "      this.expired = true;\n      this.#cut('the time limit passed');",
      replace: '      this.expired = true;',
    },
    {
      file: 'src/mail/arming.ts',
      find: 'if (!granted || this.expired) return false;',
      replace: 'if (!granted) return false;',
    },
  ],
  'recovery that resends': [
    {
      file: 'src/store/recovery.ts',
      find: "and armed = 1`, 'uncertain', now, { worker_id: null, deadline_at: null, reason })",
      replace: "and armed = 1`, 'ready', now, { worker_id: null, deadline_at: null, armed: 0, reason })",
    },
  ],
  'retry of the ambiguous': [
    {
      file: 'src/pipeline/finishMessage.ts',
      find: "case 'ambiguous':\n      return { state: 'uncertain', reason };",
      replace: "case 'ambiguous':\n      return again({ state: 'ready', reason });",
    },
  ],
  'mark before send': [
    {
      file: 'src/store/sending.ts',
      find: ".set({ armed: sql.lit(1), deadline_at: value('deadlineAt') })",
      replace: ".set({ state: sql.lit('accepted' as const), worker_id: null, deadline_at: null })",
    },
  ],
  'claim without compare-and-set': [
    {
      file: 'src/store/sending.ts',
      find: ".where('state', '=', sql.lit('ready' as const))\n        .where('due_at', '<=', value('dueBy'))",
      replace:
        ".where('state', 'in', [sql.lit('ready' as const), sql.lit('sending' as const)])\n        .where('due_at', '<=', value('dueBy'))",
    },
    {
      file: 'src/store/sending.ts',
      find: "    .where('state', '=', sql.lit('ready' as const))\n    .where('token', '=', value('token')),",
      replace: "    .where('token', '=', value('token')),",
    },
  ],
  'pace in memory': [
    {
      file: 'src/store/attempts.ts',
      find: 'selectSenderAttempt(db, { of: sender, since: now - DAY,',
      replace: 'selectSenderAttempt(db, { of: sender, since: Math.max(now - DAY, Date.now() - performance.now()),',
    },
  ],
  'ledger outside the transaction': [
    {
      file: 'src/pipeline/claimMessage.ts',
      find: '  await takeUsage(tx, id, usagePeriod(now), now);',
      replace: '  void usagePeriod;',
    },
    {
      file: 'src/pipeline/sendMessage.ts',
      find: '  const end = await recordEnd(deps, claim, campaign, delivery);',
      replace:
        "  const end = await recordEnd(deps, claim, campaign, delivery);\n  if (end.state === 'accepted' || end.state === 'uncertain') await deps.store.write((tx) => tx.insertInto('usage_ledger').values({ message_id: claim.hold.id, period: '2026-01', created_at: 0, released_at: null }).execute());",
    },
  ],
  'import that loses its place': [
    {
      file: 'src/pipeline/importLeads.ts',
      find: 'if (skipped < started.rows) skipped++;',
      replace: 'if (skipped < started.rows + 1 && started.rows > 0) skipped++;',
    },
  ],
  'consent ignored': [
    {
      file: 'src/pipeline/takeLead.ts',
      find: 'const mark = forgotten === undefined ? request.consent.markOf(lead.row) : undefined;',
      replace: 'const mark = undefined;',
    },
  ],
  'suppression without evidence': [
    {
      file: 'src/mail/replies.ts',
      find: 'const kind = kindOf(refusal);',
      replace: "const kind = phase === 'rcpt' && code >= 500 ? ('recipient_refused' as const) : kindOf(refusal);",
    },
  ],
  'a paid text is not kept': [
    {
      file: 'src/pipeline/recordReply.ts',
      find: 'if (generation !== undefined) await saveGeneration(tx, generation);',
      replace: "if (generation !== undefined && generation.verdict === 'unusable') await saveGeneration(tx, generation);",
    },
  ],
  'a call without a reservation': [
    {
      file: 'src/pipeline/callModel.ts',
      find: 'const reply = await provider.ask(prompt, desk.cut);',
      replace:
        "const reply = await provider.ask(prompt, desk.cut).then((first) => (first.kind === 'text' ? provider.ask(prompt, desk.cut) : first));",
    },
  ],
  'fallback on ambiguous': [
    {
      file: 'src/mail/http.ts',
      find: "if (this.#progress !== 'nothing') return { kind: 'ambiguous', ...told };",
      replace: "if (this.#progress !== 'nothing') return { kind: 'sender_failed', ...told };",
    },
  ],
  'warm-up that begins anew after a restart': [
    {
      file: 'src/pipeline/gates.ts',
      find: 'const days = await facts.activeDays(name, today.date);',
      // Days counted in memory: a new process knows of none.
      replace: 'const days = { ...(await facts.activeDays(name, today.date)), earlier: 0 };',
    },
  ],
  'unstable idempotency key': [
    { file: 'src/mail/resend.ts', find: "messageId.replace(/[<>]/g, '')", replace: 'messageId + Math.random()' },
  ],
  'a mailbox is given other bytes than those that were frozen': [
    {
      file: 'src/mail/gmail.ts',
      find: '=> withDate(bytes, date),',
      replace: "=> withDate(Buffer.concat([bytes, Buffer.from(' ')]), date),",
    },
    { file: 'src/mail/graph.ts', find: 'withDate(bytes, date)', replace: "withDate(Buffer.concat([bytes, Buffer.from(' ')]), date)" },
  ],
  'a refused token is used again': [
    { file: 'src/mail/tokenAccess.ts', find: 'access.ok && access.token === this.#refused', replace: 'access === undefined' },
    {
      file: 'src/mail/tokenAccess.ts',
      find: 'await inTime(this.#instead(token), REPLACED_WITHIN_MS, cut)',
      replace: 'await inTime(Promise.resolve(undefined as AccessToken | undefined), REPLACED_WITHIN_MS, cut)',
    },
  ],
  'a renewed grant is not stored': [
    { file: 'src/oauth/accessTokens.ts', find: 'await this.#keep(next, this.#unstored?.after ?? grant.refresh_token);', replace: '' },
  ],
  'the error decides, not the arm': [
    {
      file: 'src/mail/smtpTransaction.ts',
      find: "    if (state === 'armed') {",
      replace: "    if (state === 'armed' && said !== undefined) {",
    },
  ],
  'timers alone tell a frozen process the time': [
    {
      file: 'src/mail/arming.ts',
      find: 'if (Date.now() >= this.#limit.wall || performance.now() >= this.#limit.uptime) this.expired = true;',
      replace: '',
    },
  ],
  'the clock on the wall alone tells the time': [
    { file: 'src/mail/arming.ts', find: ' || performance.now() >= this.#limit.uptime', replace: '' },
  ],
  'no look at the clock before the final dot': [
    { file: 'src/mail/smtpTransaction.ts', find: "this.#look('end');", replace: "this.#progress = 'end';" },
  ],
  'any 2xx taken for 354': [
    {
      file: 'src/mail/smtpTransaction.ts',
      find: "phase === 'data' ? reply.code === 354 :",
      replace: "phase === 'data' ? reply.code < 400 :",
    },
  ],
  'a reply of two codes is read by its first': [
    {
      file: 'src/mail/smtpReplies.ts',
      find: 'const code = Number(digits);',
      replace: 'const code = this.#lines.length > 0 ? this.#code : Number(digits);',
    },
  ],
  'replies that nobody asked for wait for the next command': [
    {
      file: 'src/mail/smtpWire.ts',
      find: 'const answers = replies.splice(0, this.#awaited);',
      replace: 'const answers = replies.splice(0);',
    },
  ],
  'the final dot is not written down': [
    {
      file: 'src/mail/smtpTransaction.ts',
      find: 'this.#progress = progress;',
      replace: "if (progress !== 'end') this.#progress = progress;",
    },
  ],
  'an early 2xx is believed': [
    { file: 'src/mail/httpReplies.ts', find: 'if (early && status >= 200 && status < 300)', replace: 'if (early && status < 200)' },
  ],
  'key age by the local clock': [
    {
      file: 'src/pipeline/replayMessage.ts',
      find: 'const time = await mailer.providerTime?.();',
      replace: 'const time = () => deps.now();',
    },
    { file: 'src/store/replays.ts', find: ".select(firstAskedAt.as('asked_at'))", replace: ".select('attempts.armed_at as asked_at')" },
  ],
  'a database known by its inode alone': [
    {
      file: 'src/store/sqlite/companions.ts',
      find: "if (log === 'same' && index === 'same') return undefined;",
      replace: 'return undefined;',
    },
    // The seals would tell of the other worker's mails.
    { file: 'src/store/sendGuard.ts', find: 'change ?? (await this.#judgeOthers(notes));', replace: 'change;' },
  ],
  'a late acceptance behind a verdict is forgotten': [
    {
      file: 'src/store/sending.ts',
      find: "} = 'accepted'`]),",
      replace: "} = 'never'`]),",
    },
    { file: 'src/store/sending.ts', find: "and outcome = 'accepted')`", replace: "and outcome = 'never')`" },
    { file: 'src/pipeline/settleAccepted.ts', find: 'if (!(await hasAcceptance(tx, id))) return false;', replace: 'return false;' },
  ],
  'T3 counted twice': [
    {
      file: 'src/store/attempts.ts',
      find: ".where('id', '=', value('id'))\n    .where('reported', '=', sql.lit(0)),",
      replace: ".where('id', '=', value('id')),",
    },
  ],
  'a stopped worker keeps its mails': [
    {
      file: 'src/pipeline/recoverMessages.ts',
      find: 'const rows = await heldBy(tx, [worker]);',
      replace: 'const rows = await heldBy(tx, []);',
    },
    {
      file: 'src/pipeline/recoverMessages.ts',
      find: 'const forgotten = held.filter((row) => !isWorkedOn(row));',
      replace: 'const forgotten = held.filter(() => false);',
    },
  ],
  'a verdict taken back keeps its place in the count': [
    {
      file: 'src/pipeline/resolveMessage.ts',
      find: 'await releaseUsage(tx, id, now);',
      replace: "if (state === 'uncertain') await releaseUsage(tx, id, now);",
    },
  ],
};

/** The kind of run that shows a bug soonest; the others show in any. */
export const FOCUS: Readonly<Record<string, Focus>> = {
  'no arm': 'kill',
  'no fence': 'freeze',
  'recovery that resends': 'kill',
  'mark before send': 'kill',
  'claim without compare-and-set': 'crowd',
  'pace in memory': 'cap',
  'warm-up that begins anew after a restart': 'warm',
  'ledger outside the transaction': 'kill',
  'import that loses its place': 'import',
  'fallback on ambiguous': 'fallback',
  'unstable idempotency key': 'replay',
  'a mailbox is given other bytes than those that were frozen': 'mailbox',
  'a refused token is used again': 'mailbox',
  'a renewed grant is not stored': 'grant',
  'an early 2xx is believed': 'early',
  'key age by the local clock': 'key',
  'a paid text is not kept': 'write',
  'a call without a reservation': 'write',
  'timers alone tell a frozen process the time': 'person',
  'the clock on the wall alone tells the time': 'clock',
  'no look at the clock before the final dot': 'person',
  'any 2xx taken for 354': 'replies',
  'a reply of two codes is read by its first': 'replies',
  'replies that nobody asked for wait for the next command': 'replies',
  'a late acceptance behind a verdict is forgotten': 'person',
  'T3 counted twice': 'bounce',
  'suppression without evidence': 'bounce',
  'a stopped worker keeps its mails': 'trouble',
  'a database known by its inode alone': 'companions',
  'a verdict taken back keeps its place in the count': 'person',
};

/** Seeds near the first that shows a bug, where it is far from 1. */
export const FIRST_SEED: Readonly<Record<string, number>> = {
  'a late acceptance behind a verdict is forgotten': 14,
  'a verdict taken back keeps its place in the count': 17,
  'T3 counted twice': 15,
};
