import { afterEach, beforeEach, expect, test } from 'vitest';
import { rejectMessages } from '../../src/pipeline/approveMessages.ts';
import { checkLeads } from '../../src/pipeline/checkLeads.ts';
import { markSent } from '../../src/pipeline/reconcile.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { cancel } from '../../src/pipeline/steerJob.ts';
import { suppress } from '../../src/store/suppressions.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
const now = () => bench.now;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

const send = (job = 1) => sendMessage(bench.sending(), job, bench.campaign);

/** 451 to the body: certainly not accepted, though every byte was on the wire. */
async function triedInVain(): Promise<void> {
  bench.answers = [{ kind: 'temporary', code: 451, reply: '451 later' }];
  await send();
  await bench.store.db.updateTable('attempts').set({ armed_at: bench.now }).execute();
}

const jobs = async () => (await bench.store.db.selectFrom('messages').select('job_id').orderBy('id').execute()).map(({ job_id }) => job_id);

const counts = async (job: number) =>
  Object.fromEntries(
    (await bench.store.db.selectFrom('job_counts').selectAll().where('job_id', '=', job).where('n', '>', 0).execute()).map(
      ({ state, n }) => [state, n],
    ),
  );

test('leads of a cancelled job are taken by the next import, with the fields of the new list', async () => {
  await bench.import(csv(3));
  await bench.draft();
  await cancel(bench.store, 1, now);
  const { tally } = await bench.import('email,first_name,company\nLead0@company0.example,Renamed,New Co\n');
  expect(tally).toMatchObject({ imported: 1, reimported: 1, duplicates: 0 });
  expect(await bench.states()).toEqual(['pending', 'cancelled', 'cancelled']);
  expect(await jobs()).toEqual([2, 1, 1]);
  expect(await counts(1)).toEqual({ cancelled: 2 });
  expect(await counts(2)).toEqual({ pending: 1 });
  expect(await bench.draft(2)).toEqual(['ready']);
  const { text, subject, envelope_to } = await bench.store.db
    .selectFrom('drafts')
    .selectAll()
    .where('message_id', '=', 1)
    .executeTakeFirstOrThrow();
  expect({ text, subject, envelope_to }).toMatchObject({ subject: 'For New Co', envelope_to: 'Lead0@company0.example' });
  expect(text).toContain('Hi Renamed,');
  expect(await send(2)).toMatchObject({ kind: 'sent', end: { state: 'accepted' } });
  expect(bench.delivered).toHaveLength(1);
  const events = await bench.store.db.selectFrom('events').select(['kind', 'detail']).where('message_id', '=', 1).orderBy('id').execute();
  expect(events).toContainEqual({ kind: 'imported again', detail: 'job 1 was cancelled' });
});

test('a row twice in the new list is one mail', async () => {
  await bench.import(csv(1));
  await cancel(bench.store, 1, now);
  expect(await bench.import('email\nlead0@company0.example\nLEAD0@company0.example\n')).toMatchObject({
    tally: { imported: 1, reimported: 1, duplicates: 1 },
  });
});

test.each([
  ['was accepted', async () => void (await send())],
  [
    'may have left',
    async () => {
      bench.answers = [{ kind: 'ambiguous', code: null, reply: 'timeout' }];
      await send();
    },
  ],
  ['was armed, and put off by the reply to its body', triedInVain],
  [
    'is to somebody who wants no mail',
    () => bench.store.write((tx) => suppress(tx, 'lead0@company0.example', 'asked to stop', 'a person', bench.now)),
  ],
])('a lead stays with its cancelled job when its mail %s', async (_, happen) => {
  await bench.import(csv(1));
  await bench.draft();
  await happen();
  await cancel(bench.store, 1, now);
  const before = await bench.states();
  const rehearsed = await checkLeads(bench.store.db, await bench.importRequest(csv(1)), bench.forgottenKey);
  const { tally } = await bench.import(csv(1));
  expect(tally).toMatchObject({ imported: 0, reimported: 0, duplicates: 1 });
  expect(rehearsed.tally).toEqual({ ...tally });
  expect(await bench.states()).toEqual(before);
  expect(await jobs()).toEqual([1]);
});

test('a mail that a person rejected is not written again', async () => {
  bench.campaign = campaignWith({ review: 'all' });
  await bench.import(csv(2));
  await bench.draft();
  await rejectMessages(bench.store, { ids: [1] }, now, 'ana');
  await cancel(bench.store, 1, now);
  expect(await bench.import(csv(2))).toMatchObject({ tally: { imported: 1, reimported: 1, duplicates: 1 } });
  expect(await bench.states()).toEqual(['cancelled', 'pending']);
});

test('a dry run counts what the import then does', async () => {
  await bench.import(csv(2));
  await cancel(bench.store, 1, now);
  const { tally } = await checkLeads(bench.store.db, await bench.importRequest(csv(4)), bench.forgottenKey);
  expect(tally).toMatchObject({ imported: 4, reimported: 2, duplicates: 0 });
  expect((await bench.import(csv(4))).tally).toEqual(tally);
});

test('an unfinished import that is dropped gives back what it took over, and another one takes it', async () => {
  await bench.import(csv(2));
  await bench.draft();
  await cancel(bench.store, 1, now);
  await expect(bench.import(csv(5_001), { stopAfterOneBatch: true })).rejects.toThrow('stopped after');
  const { pending = 0 } = await counts(2);
  expect(pending).toBeGreaterThan(2);
  expect(await cancel(bench.store, 2, now)).toMatchObject({ dropped: pending - 2 });
  expect(await counts(2)).toEqual({ cancelled: 2 });
  expect((await bench.import(csv(4))).tally).toMatchObject({ imported: 4, reimported: 2, duplicates: 0 });
});

test('the database itself lets no armed mail leave cancelled, nor any mail within its job', async () => {
  await bench.import(csv(2));
  await bench.draft();
  await triedInVain();
  await cancel(bench.store, 1, now);
  await bench.import('email\nother@company9.example\n');
  const move = (id: number, job: number) =>
    bench.store.db.updateTable('messages').set({ state: 'pending', job_id: job, frozen_sha256: null }).where('id', '=', id).execute();
  await expect(move(1, 2)).rejects.toThrow('does not leave this state');
  await expect(move(2, 1)).rejects.toThrow('does not leave this state');
  await move(2, 2);
});

test('a list given to reconcile keeps the people of a cancelled job from being written to by a new import', async () => {
  await bench.import(csv(2));
  await cancel(bench.store, 1, now);
  await markSent(bench.store, ['lead0@company0.example'], 'sent.csv', now);
  expect(await bench.import(csv(2))).toMatchObject({ tally: { imported: 1, reimported: 1, duplicates: 1 } });
  expect(await bench.states()).toEqual(['cancelled', 'pending']);
});
