import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAiProvider } from '../../src/llm/openaiProvider.ts';
import { claimDrafts, type Drafted, draftMessage } from '../../src/pipeline/draftMessage.ts';
import { estimateCost } from '../../src/pipeline/estimateCost.ts';
import type { CallDependencies } from '../../src/pipeline/modelDesk.ts';
import { previewMails } from '../../src/pipeline/previewMails.ts';
import { recoverMessages } from '../../src/pipeline/recoverMessages.ts';
import { voidMessages } from '../../src/pipeline/refreshCampaign.ts';
import { modelWriter } from '../../src/pipeline/writeWithModel.ts';
import { AI_USAGE, type AiFault, type AiServer, aiSettings, startAiServer } from '../support/aiServer.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
const servers: AiServer[] = [];

beforeEach(async () => {
  bench = await Bench.open({ generator: 'ai', subject: null, body: 'Ask one question about their work.' });
});

afterEach(async () => {
  await bench.close();
  for (const server of servers.splice(0)) await server.close();
});

async function server(faultFor: (email: string, turn: number) => AiFault | undefined = () => undefined, afterMs = 0): Promise<AiServer> {
  const started = await startAiServer(faultFor, afterMs);
  servers.push(started);
  return started;
}

/** 400 tokens at 1 USD and 100 at 2 USD a million. */
const COST = (AI_USAGE.prompt_tokens * 1 + AI_USAGE.completion_tokens * 2) * 1_000;

function writer(from: readonly AiServer[], change: Partial<CallDependencies> = {}) {
  return modelWriter({
    store: bench.store,
    worker: 'w1',
    now: () => bench.now,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 5)),
    stopping: new AbortController().signal,
    cut: new AbortController().signal,
    providers: from.map(({ url }, index) =>
      openAiProvider(aiSettings(url, { name: `p${index + 1}`, apiKey: 'k', keyName: `env:K${index + 1}` })),
    ),
    limits: { concurrency: 4, shared: null, budgetNano: null },
    purpose: 'draft',
    ...change,
  });
}

async function draft(from: readonly AiServer[], change: Partial<CallDependencies> = {}, using = writer(from, change)): Promise<Drafted[]> {
  const deps = { store: bench.store, worker: 'w1', now: () => bench.now, ...bench.composing, writerFor: () => using };
  const claimed = await claimDrafts(deps, 1, 100);
  return Promise.all(claimed.map((one) => draftMessage(deps, one, bench.campaign)));
}

async function spend() {
  const row = await bench.store.db.selectFrom('ai_spend').selectAll().executeTakeFirst();
  return { settled: row?.settled_nano ?? 0, open: row?.open_nano ?? 0 };
}

async function calls() {
  return bench.store.db.selectFrom('ai_calls').select(['purpose', 'outcome', 'cost_nano', 'provider']).orderBy('id').execute();
}

test('a model writes each lead its mail; text, model, usage and cost are stored', async () => {
  await bench.import(csv(3));
  const ai = await server();
  expect((await draft([ai])).map(({ kind }) => kind)).toEqual(['ready', 'ready', 'ready']);
  expect(await bench.states()).toEqual(['ready', 'ready', 'ready']);
  const stored = await bench.store.db.selectFrom('drafts').select(['subject', 'text']).execute();
  expect(stored[0]).toMatchObject({ subject: 'For lead0@company0.example', text: expect.stringContaining('Hello lead0@company0.example') });
  expect(stored[0]?.text).toContain('Calle Mayor 1');
  expect(await spend()).toEqual({ settled: 3 * COST, open: 0 });
  const row = await bench.store.db.selectFrom('ai_calls').selectAll().executeTakeFirstOrThrow();
  expect(row).toMatchObject({ model: 'writer-1', usage: JSON.stringify(AI_USAGE), cost_nano: COST, outcome: 'text' });
});

test('what was paid for is not paid for again, unless brief or lead change', async () => {
  await bench.import(csv(1));
  const ai = await server();
  await draft([ai]);
  const redraft = async () => {
    await bench.store.write((tx) => voidMessages(tx, [1], bench.now, 'test'));
    return draft([ai]);
  };
  expect(await redraft()).toMatchObject([{ kind: 'ready' }]);
  expect(ai.calls).toHaveLength(1);
  // Another postal address changes the mail, not the prompt.
  bench.campaign = campaignWith({ ...bench.campaign, identity: { ...bench.campaign.identity, postal_address: 'Elsewhere 2' } });
  await bench.store.db.updateTable('campaigns').set({ content_hash: bench.campaign.contentHash }).execute();
  expect(await redraft()).toMatchObject([{ kind: 'ready' }]);
  expect(ai.calls).toHaveLength(1);
  bench.campaign = campaignWith({ ...bench.campaign, body: 'Another brief.' });
  await bench.store.db.updateTable('campaigns').set({ content_hash: bench.campaign.contentHash }).execute();
  expect(await redraft()).toMatchObject([{ kind: 'ready' }]);
  expect(ai.calls).toHaveLength(2);
  await bench.import('email,first_name,company\nlead0@company0.example,Other,Name\n', { update: true });
  expect(await draft([ai])).toMatchObject([{ kind: 'ready' }]);
  expect(ai.calls).toHaveLength(3);
});

test('a text that was bought before it was cleaned is cleaned when it is used', async () => {
  await bench.import(csv(1));
  const ai = await server();
  await draft([ai]);
  const dirty = { subject: 'For \u202eyou', body: 'He\u200bllo\u{e0041}' };
  await bench.store.db.updateTable('generations').set(dirty).execute();
  await bench.store.write((tx) => voidMessages(tx, [1], bench.now, 'test'));
  expect(await draft([ai])).toMatchObject([{ kind: 'ready' }]);
  expect(ai.calls).toHaveLength(1);
  const { subject, text } = await bench.store.db.selectFrom('drafts').select(['subject', 'text']).executeTakeFirstOrThrow();
  expect(subject).toBe('For you');
  expect(text).toMatch(/^Hello\n/);
});

test.each([
  ['refusal', 'the model refused'],
  ['cut off', 'the text was cut off'],
  ['wrong schema', "the model's answer could not be used, twice: subject must be a text"],
] as const)("a lead's own failure (%s) waits in review with its reason and is not asked again", async (fault, reason) => {
  await bench.import(csv(1));
  const ai = await server(() => fault);
  expect(await draft([ai])).toMatchObject([{ kind: 'held', reason: expect.stringContaining(reason) }]);
  expect(await bench.states()).toEqual(['review']);
  const asked = ai.calls.length;
  await bench.store.write((tx) => voidMessages(tx, [1], bench.now, 'test'));
  expect(await draft([ai])).toMatchObject([{ kind: 'held' }]);
  expect(ai.calls).toHaveLength(asked);
});

test('an answer that broke the form is repaired once, and both calls are paid', async () => {
  await bench.import(csv(1));
  const ai = await server(() => 'wrong schema, then right');
  expect(await draft([ai])).toMatchObject([{ kind: 'ready' }]);
  expect((await calls()).map(({ purpose }) => purpose)).toEqual(['draft', 'repair']);
  expect(await spend()).toEqual({ settled: 2 * COST, open: 0 });
});

test('a repair that a crash put off goes on with the answer that was paid for', async () => {
  await bench.import(csv(1));
  const ai = await server((_, turn) => (turn === 1 ? 'wrong schema' : turn === 2 ? '500' : undefined));
  expect(await draft([ai])).toMatchObject([{ kind: 'resting', why: 'provider' }]);
  bench.now += 60_000;
  expect(await draft([ai])).toMatchObject([{ kind: 'ready' }]);
  expect((await calls()).map(({ purpose }) => purpose)).toEqual(['draft', 'repair', 'repair']);
});

test.each(['500', '429', 'reset', 'no JSON', '401', '429 quota', '404'] as const)(
  'a provider that fails (%s) makes room for the next',
  async (fault) => {
    await bench.import(csv(2));
    const [first, second] = [await server(() => fault), await server()];
    expect((await draft([first, second])).map(({ kind }) => kind)).toEqual(['ready', 'ready']);
    expect(second.calls).toHaveLength(2);
  },
);

test('without a next one the stage rests, the leads wait, and nobody calls before the rest is over', async () => {
  await bench.import(csv(2));
  const ai = await server(() => '429 for ever');
  const using = writer([ai]);
  const rested = await draft([ai], {}, using);
  expect(rested).toMatchObject([
    { kind: 'resting', why: 'provider', until: bench.now + 600_000 },
    { kind: 'resting', why: 'provider' },
  ]);
  expect(await bench.states()).toEqual(['pending', 'pending']);
  expect(using.width()).toBe(4);
  const asked = ai.calls.length;
  bench.now += 599_000;
  await draft([ai], {}, using);
  expect(ai.calls).toHaveLength(asked);
  bench.now += 1_001;
  await draft([ai], {}, using);
  expect(ai.calls.length).toBeGreaterThan(asked);
});

test('a burst of failures rests a provider once, each new failure longer, and a success forgets them', async () => {
  await bench.import(csv(4));
  let fault: AiFault | undefined = '500';
  const ai = await server(() => fault, 20);
  expect(await draft([ai])).toMatchObject(Array(4).fill({ kind: 'resting', until: bench.now + 5_000 }));
  bench.now += 5_001;
  expect(await draft([ai])).toMatchObject(Array(4).fill({ until: bench.now + 10_000 }));
  bench.now += 10_001;
  fault = undefined;
  expect((await draft([ai])).every(({ kind }) => kind === 'ready')).toBe(true);
  expect(await bench.store.db.selectFrom('ai_providers').select('failures').execute()).toEqual([{ failures: 0 }]);
});

test('a key without quota is final: named, and not tried again for this process', async () => {
  await bench.import(csv(1));
  const ai = await server(() => '429 quota');
  const using = writer([ai]);
  expect(await draft([ai], {}, using)).toMatchObject([
    { kind: 'resting', why: 'final', reason: 'p1: no quota is left for the key env:K1; top up the account' },
  ]);
  bench.now += 1_800_000;
  expect(await draft([ai], {}, using)).toMatchObject([{ kind: 'resting', why: 'final' }]);
  expect(ai.calls).toHaveLength(1);
});

test('the budget is a ceiling: reserved before each call, never passed, and said when reached', async () => {
  await bench.import(csv(20));
  const ai = await server(undefined, 5);
  const budgetNano = 10_000_000;
  const results = await draft([ai], { limits: { concurrency: 4, shared: null, budgetNano } });
  const { settled, open } = await spend();
  expect(open).toBe(0);
  expect(settled).toBeLessThanOrEqual(budgetNano);
  expect(settled).toBe(COST * ai.calls.length);
  expect(ai.calls.length).toBeGreaterThan(9);
  expect(results.filter(({ kind }) => kind === 'resting')).toMatchObject(
    Array(20 - ai.calls.length).fill({ why: 'budget', reason: expect.stringContaining("of the job's $0.010 (ai.budget_usd) is spent") }),
  );
  expect(await bench.store.db.selectFrom('jobs').select('ai_budget_reached').execute()).toEqual([{ ai_budget_reached: 1 }]);
  expect((await draft([ai], { limits: { concurrency: 4, shared: null, budgetNano: 1e9 } })).every(({ kind }) => kind === 'ready')).toBe(
    true,
  );
  expect(await bench.store.db.selectFrom('jobs').select('ai_budget_reached').execute()).toEqual([{ ai_budget_reached: 0 }]);
});

test('what may have been charged counts as charged: a lost reply keeps its reservation', async () => {
  await bench.import(csv(1));
  const ai = await server(() => 'reset');
  await draft([ai]);
  const [call] = await calls();
  expect(call).toMatchObject({ outcome: 'lost' });
  expect(call?.cost_nano).toBeGreaterThan(COST);
  expect(await spend()).toEqual({ settled: call?.cost_nano, open: 0 });
});

test('reasoning that a provider counts in the total alone is paid for, and counts', async () => {
  await bench.import(csv(1));
  await draft([await server(() => 'reasoning in the total')]);
  expect(await spend()).toEqual({ settled: (400 * 1 + 2_100 * 2) * 1_000, open: 0 });
});

test('limits.ai_concurrency holds across workers', async () => {
  await bench.import(csv(12));
  const ai = await server(undefined, 30);
  const limits = { concurrency: 6, shared: 2, budgetNano: null };
  const one = writer([ai], { worker: 'w1', limits });
  const two = writer([ai], { worker: 'w2', limits });
  const using = {
    width: () => 6,
    write: (assignment: Parameters<typeof one.write>[0]) => (assignment.messageId % 2 === 0 ? one : two).write(assignment),
  };
  expect((await draft([ai], {}, using)).every(({ kind }) => kind === 'ready')).toBe(true);
  expect(ai.mostAtOnce).toBe(2);
});

test('what a dead worker had on its way is closed at its reservation', async () => {
  await bench.import(csv(1));
  const ai = await server(() => 'hang');
  const cut = new AbortController();
  const drafting = draft([ai], { cut: cut.signal });
  while (ai.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const { open } = await spend();
  expect(open).toBeGreaterThan(0);
  bench.now += 126_000;
  await recoverMessages(
    bench.store,
    () => true,
    () => bench.now,
  );
  expect(await spend()).toEqual({ settled: open, open: 0 });
  cut.abort();
  await drafting;
  expect(await spend()).toEqual({ settled: open, open: 0 });
});

test('after a crash only the calls that were made are booked, not those that waited in line with a reservation', async () => {
  await bench.import(csv(6));
  const ai = await server(() => 'hang');
  const cut = new AbortController();
  const drafting = draft([ai], { cut: cut.signal, limits: { concurrency: 2, shared: null, budgetNano: null } });
  const reserved = () => bench.store.db.selectFrom('ai_calls').select('reserved_nano').where('begun_at', 'is', null).execute();
  while (ai.calls.length < 2 || (await reserved()).length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  const { open } = await spend();
  bench.now += 126_000;
  const recover = () =>
    recoverMessages(
      bench.store,
      () => true,
      () => bench.now,
    );
  await recover();
  expect((await spend()).open).toBe(0);
  expect((await spend()).settled / open).toBeCloseTo(2 / 6);
  expect((await calls()).filter(({ outcome }) => outcome === 'not made')).toHaveLength(4);
  // A process that was frozen in line makes none of the calls that were given up.
  cut.abort();
  await drafting;
  expect(ai.calls).toHaveLength(2);
});

test("a campaign's own subject is a template and wins over the model's", async () => {
  bench.campaign = campaignWith({ generator: 'ai', subject: 'For {{ company }}', body: 'Ask.' });
  await bench.import(csv(1));
  await draft([await server()]);
  expect(await bench.store.db.selectFrom('drafts').select('subject').execute()).toEqual([{ subject: 'For Company 0' }]);
});

test('review: flagged holds every text of a model', async () => {
  bench.campaign = campaignWith({ ...bench.campaign, review: 'flagged' });
  await bench.import(csv(1));
  expect(await draft([await server()])).toMatchObject([{ kind: 'review' }]);
});

test('a preview changes no message, and what it paid for is used', async () => {
  await bench.import(csv(3));
  const ai = await server();
  const previews = await previewMails(
    { store: bench.store, now: () => bench.now, writer: writer([ai], { purpose: 'preview' }), ...bench.composing },
    bench.campaign,
    2,
  );
  expect(previews.map(({ draft: mail }) => mail?.subject)).toEqual(['For lead0@company0.example', 'For lead1@company1.example']);
  expect(await bench.states()).toEqual(['pending', 'pending', 'pending']);
  await draft([ai]);
  expect(ai.calls).toHaveLength(3);
});

test('an estimate is reckoned from the prompts first, and measured afterwards', async () => {
  await bench.import(csv(4));
  const ai = await server();
  const model = { model: 'writer-1', price: { input: 1, output: 2 }, maxOutputTokens: 500 };
  const before = await estimateCost(bench.store.db, bench.campaign, model);
  expect(before).toMatchObject({ mails: 4, measured: 0 });
  expect(before.each).toBeLessThan(before.most ?? 0);
  await previewMails({ store: bench.store, now: () => bench.now, writer: writer([ai]), ...bench.composing }, bench.campaign, 2);
  expect(await estimateCost(bench.store.db, bench.campaign, model)).toMatchObject({ mails: 4, measured: 2, each: COST });
  expect(await estimateCost(bench.store.db, bench.campaign, { ...model, price: undefined })).toMatchObject({ each: null, most: null });
});

test('a lead that never gets a complete reply waits for a person, once others were answered meanwhile', async () => {
  await bench.import(csv(2));
  const ai = await server((email) => (email.startsWith('lead0') ? 'reset' : undefined));
  for (let round = 0; round < 3; round++) {
    await draft([ai]);
    bench.now += 601_000;
  }
  expect(await bench.states()).toEqual(['review', 'ready']);
  const [row] = await bench.store.db.selectFrom('messages').select('reason').orderBy('id').execute();
  expect(row?.reason).toContain('3 calls for this lead got no complete reply');
});

test('in an outage no lead is given up, however long it lasts', async () => {
  await bench.import(csv(2));
  const ai = await server(() => 'reset');
  for (let round = 0; round < 6; round++) {
    await draft([ai]);
    bench.now += 601_000;
  }
  expect(await bench.states()).toEqual(['pending', 'pending']);
});

test('calls that wait in line are not made once the provider asks for patience, and cost nothing', async () => {
  await bench.import(csv(8));
  const ai = await server(() => '429 for an hour', 20);
  await draft([ai], { limits: { concurrency: 2, shared: null, budgetNano: null } });
  expect(ai.calls.length).toBeLessThanOrEqual(3);
  expect(await spend()).toEqual({ settled: 0, open: 0 });
});

test('no later answer shortens the rest that a provider asked for', async () => {
  await bench.import(csv(2));
  const ai = await server((email) => (email.startsWith('lead0') ? '429 for an hour' : 'allowance used up'), 20);
  await draft([ai]);
  const [row] = await bench.store.db.selectFrom('ai_providers').select('rest_until').execute();
  expect(row?.rest_until).toBe(bench.now + 600_000);
});

test('a worker that was told to stop begins no call', async () => {
  await bench.import(csv(2));
  const ai = await server();
  const stopping = new AbortController();
  stopping.abort();
  expect(await draft([ai], { stopping: stopping.signal })).toMatchObject([{ kind: 'resting', why: 'leaving' }, { kind: 'resting' }]);
  expect(ai.calls).toEqual([]);
});

test('two who write the same lead at once pay once', async () => {
  await bench.import(csv(1));
  const ai = await server(undefined, 50);
  const [one, two] = [writer([ai], { worker: 'w1' }), writer([ai], { worker: 'w2', purpose: 'preview' })];
  const assignment = {
    campaign: bench.campaign,
    lead: { email: 'lead0@company0.example' },
    jobId: 1,
    messageId: 1,
    deadlineAt: bench.now + 300_000,
  };
  const texts = await Promise.all([one.write(assignment), two.write(assignment)]);
  expect(texts.map(({ kind }) => kind)).toEqual(['written', 'written']);
  expect(ai.calls).toHaveLength(1);
});
