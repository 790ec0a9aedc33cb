import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Campaign } from '../../src/domain/campaign.ts';
import { ListHash, shortHash } from '../../src/domain/reviewHash.ts';
import { approveMessages, rejectMessages } from '../../src/pipeline/approveMessages.ts';
import { claimMessage } from '../../src/pipeline/claimMessage.ts';
import { holdUnapproved } from '../../src/pipeline/holdUnapproved.ts';
import { refreshCampaign } from '../../src/pipeline/refreshCampaign.ts';
import { resolveMessage } from '../../src/pipeline/resolveMessage.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { reviewList } from '../../src/pipeline/reviewList.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { tellVoided } from '../../src/pipeline/tellVoided.ts';
import { eventsOf } from '../../src/store/events.ts';
import { erasePerson } from '../../src/store/people.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
const now = () => bench.now;

beforeEach(async () => {
  bench = await Bench.open({ review: 'all' });
});

afterEach(() => bench.close());

const approve = (selection: { ids?: number[] } = {}, shown?: ReadonlyMap<number, string | null>) =>
  approveMessages(bench.store, selection, now, { actor: 'ana', ...(shown === undefined ? {} : { shown }) });
const hold = () => holdUnapproved(bench.store, bench.campaign, [1], now);
const send = () => sendMessage(bench.sending(), 1, bench.campaign);
const edit = (change: Partial<Campaign>) => {
  bench.campaign = campaignWith({ ...bench.campaign, ...change });
};

async function hashes(): Promise<Map<number, string | null>> {
  const rows = await bench.store.db.selectFrom('messages').select(['id', 'frozen_sha256']).orderBy('id').execute();
  return new Map(rows.map(({ id, frozen_sha256 }) => [id, frozen_sha256]));
}

async function approvals(): Promise<(string | null)[]> {
  return (await bench.store.db.selectFrom('messages').select('approved_sha256').orderBy('id').execute()).map((row) => row.approved_sha256);
}

async function voided() {
  return bench.store.db.selectFrom('jobs').select(['voided', 'voided_at', 'voided_reason']).executeTakeFirstOrThrow();
}

test('an approval is of one frozen mail, and the story says whose it is and of what', async () => {
  await bench.import(csv(1));
  await bench.draft();
  const hash = (await hashes()).get(1) ?? '';
  expect(await approve()).toEqual({ approved: 1, without_draft: 0, voided: 0, changed: 0 });
  expect(await approvals()).toEqual([hash]);
  expect(await eventsOf(bench.store.db, 1)).toMatchObject([
    { kind: 'drafted', actor: null },
    { kind: 'approved', actor: 'ana', detail: hash.slice(0, 12), at: bench.now },
  ]);
  expect(await send()).toMatchObject({ kind: 'sent', end: { state: 'accepted' } });
});

test('a rejection says whose it is', async () => {
  await bench.import(csv(1));
  await bench.draft();
  expect(await rejectMessages(bench.store, {}, now, 'ana')).toBe(1);
  expect(await eventsOf(bench.store.db, 1)).toMatchObject([{}, { kind: 'rejected', actor: 'ana', detail: null }]);
});

test('only what was shown is approved: another draft of it stays in review, and so does what was not shown', async () => {
  await bench.import(csv(3));
  await bench.draft();
  const shown = await hashes();
  shown.delete(3);
  shown.set(2, 'of another draft');
  expect(await approve({}, shown)).toEqual({ approved: 1, without_draft: 0, voided: 0, changed: 1 });
  expect(await bench.states()).toEqual(['ready', 'review', 'review']);
});

test('an approval goes with its draft, wherever that goes', async () => {
  await bench.import(csv(2));
  await bench.draft();
  await approve();
  edit({ body: 'Hello {{ first_name }}!\n' });
  await refreshCampaign(bench.store, bench.campaign, [1], now);
  expect(await approvals()).toEqual([null, null]);
  await bench.draft();
  await approve();
  await bench.import('email,first_name,company\nlead0@company0.example,Zoe,Company 0\n', { update: true });
  expect(await approvals()).toEqual([null, expect.any(String)]);
  await bench.store.write((tx) => erasePerson(tx, 'lead1@company1.example', 'hmac:1', bench.now));
  expect(await approvals()).toEqual([null, null]);
});

test('a stricter rule holds what is ready already, and an approval lets it go', async () => {
  edit({ review: 'none' });
  await bench.import(csv(2));
  expect(await bench.draft()).toEqual(['ready', 'ready']);
  expect(await hold()).toBe(0);
  edit({ review: 'all' });
  expect(await hold()).toBe(2);
  expect(await bench.states()).toEqual(['review', 'review']);
  expect(await bench.reasons()).toEqual(Array(2).fill('waits for approval: the campaign says review: all now'));
  expect((await eventsOf(bench.store.db, 1)).at(-1)).toMatchObject({ kind: 'held', actor: null });
  expect(await hold()).toBe(0);
  await approve({ ids: [1] });
  expect(await hold()).toBe(0);
  expect(await bench.states()).toEqual(['ready', 'review']);
  expect(await send()).toMatchObject({ kind: 'sent' });
  expect(bench.delivered).toEqual(['lead0@company0.example']);
});

test('flagged holds what a model wrote, and no template', async () => {
  edit({ review: 'none' });
  await bench.import(csv(1));
  await bench.draft();
  edit({ review: 'flagged' });
  expect(await hold()).toBe(0);
  expect(await holdUnapproved(bench.store, { review: 'flagged', generator: 'ai' }, [1], now)).toBe(1);
});

test('a laxer rule releases nothing that waits in review by itself', async () => {
  await bench.import(csv(1));
  await bench.draft();
  edit({ review: 'none' });
  await refreshCampaign(bench.store, bench.campaign, [1], now);
  expect(await hold()).toBe(0);
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
  expect(await bench.states()).toEqual(['review']);
});

test('the claim itself holds what nobody approved, whatever a look has missed', async () => {
  edit({ review: 'none' });
  await bench.import(csv(3));
  await bench.draft();
  edit({ review: 'all' });
  expect(await claimMessage(bench.sending(), 1, bench.campaign)).toMatchObject({ kind: 'nothing_due', opensAt: null });
  expect(await bench.states()).toEqual(['review', 'review', 'review']);
  expect(bench.delivered).toEqual([]);
});

test('a look finds what came after many that are approved', async () => {
  await bench.import(csv(300));
  for (let batch = 0; batch < 3; batch++) await bench.draft();
  await approve();
  edit({ review: 'none' });
  bench.now += 1;
  await bench.import('email,first_name,company\nlast@one.example,Last,One\n');
  expect(await bench.draft(2)).toEqual(['ready']);
  edit({ review: 'all' });
  // The line of the first job has nobody without approval.
  expect(await hold()).toBe(0);
  expect(await holdUnapproved(bench.store, bench.campaign, [2], now)).toBe(1);
  await bench.store.db.updateTable('messages').set({ approved_sha256: null }).where('id', 'in', [150, 151, 300]).execute();
  expect(await hold()).toBe(3);
});

test('what is sent again keeps the approval of the same bytes', async () => {
  await bench.import(csv(2));
  await bench.draft();
  await approve();
  bench.answers = [
    { kind: 'content_refused', code: 554, reply: '554 no' },
    { kind: 'ambiguous', code: null, reply: 'connection closed' },
  ];
  await send();
  await send();
  expect(await bench.states()).toEqual(['failed', 'uncertain']);
  bench.now += 86_400_000;
  await retryMessages(bench.store, { ids: [1] }, now);
  await resolveMessage(bench.store, 2, 'resend', bench.now);
  expect(await hold()).toBe(0);
  expect(await send()).toMatchObject({ kind: 'sent' });
  expect(await send()).toMatchObject({ kind: 'sent' });
});

test('a list is its beginning as far as it was shown, and any change of that makes it another', async () => {
  await bench.import(csv(4));
  await bench.draft();
  const all = [...(await hashes())].map(([id, hash]) => ({ id, hash }));
  const listed = new ListHash();
  for (const mail of all.slice(0, 2)) listed.add(mail);
  const digits = shortHash(listed.digest());
  const found = await reviewList(bench.store, { jobId: 1 }, digits);
  expect([found.length, [...(found.shown?.keys() ?? [])]]).toEqual([4, [1, 2]]);
  // A decision behind what was shown does not matter; one within it does.
  await rejectMessages(bench.store, { ids: [4] }, now, 'ana');
  expect((await reviewList(bench.store, { jobId: 1 }, digits)).shown?.size).toBe(2);
  expect((await reviewList(bench.store, { jobId: 2 }, digits)).shown).toBeUndefined();
  await bench.store.db.updateTable('messages').set({ frozen_sha256: 'of another draft' }).where('id', '=', 2).execute();
  expect((await reviewList(bench.store, {}, digits)).shown).toBeUndefined();
  await rejectMessages(bench.store, { ids: [1] }, now, 'ana');
  expect((await reviewList(bench.store, {}, digits)).shown).toBeUndefined();
});

test('drafts that an edited campaign or lead voids in review are counted for their job until a person is told', async () => {
  await bench.import(csv(3));
  await bench.draft();
  await approve({ ids: [3] });
  edit({ body: 'Hello {{ first_name }}!\n' });
  await refreshCampaign(bench.store, bench.campaign, [1], now);
  // The approved one was voided too; nobody waited for it.
  expect(await voided()).toEqual({ voided: 2, voided_at: bench.now, voided_reason: 'the campaign changed' });
  await bench.draft();
  bench.now += 1_000;
  await bench.import('email,first_name,company\nlead0@company0.example,Zoe,Company 0\n', { update: true });
  expect(await voided()).toEqual({
    voided: 3,
    voided_at: bench.now,
    voided_reason: "the campaign changed, and the lead's fields changed",
  });
  expect(await tellVoided(bench.store, { ids: [2] })).toMatchObject([{ job: 1, count: 3 }]);
  expect(await voided()).toEqual({ voided: 0, voided_at: null, voided_reason: null });
  expect(await tellVoided(bench.store, {})).toEqual([]);
});

test('a lead that is mended while its mail waits without a draft has lost nothing', async () => {
  await bench.import('email,first_name,company\nx@y.example,Eve,\n');
  expect(await bench.draft()).toEqual(['held']);
  await bench.import('email,first_name,company\nx@y.example,Eve,Acme\n', { update: true });
  expect(await bench.states()).toEqual(['pending']);
  expect((await voided()).voided).toBe(0);
});
