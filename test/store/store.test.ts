import { readdirSync, statSync } from 'node:fs';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import { openStore, SCHEMA_VERSION, type Store } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { isAlive, takeLivenessLock } from '../../src/store/sqlite/lock.ts';
import { suppress, suppressionOf } from '../../src/store/suppressions.ts';
import { storageError } from '../../src/store/troubles.ts';
import { Folder } from '../support/program.ts';

let folder: Folder;
let store: Store;

beforeEach(async () => {
  folder = new Folder();
  store = await openStore(folder.at('data', 'outreach.db'));
});

afterEach(async () => {
  await store.close();
  folder.remove();
});

const path = () => folder.at('data', 'outreach.db');

test('the database is durable, checked, and readable by its owner alone', async () => {
  const pragma = async (name: string) =>
    Object.values((await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(store.db)).rows[0] ?? {})[0];
  expect(await pragma('journal_mode')).toBe('wal');
  expect(await pragma('synchronous')).toBe(2);
  expect(await pragma('foreign_keys')).toBe(1);
  await store.write((tx) => suppress(tx, 'a@y.example', 'r', 's', 0));
  for (const name of readdirSync(folder.at('data'))) expect(statSync(folder.at('data', name)).mode & 0o077, name).toBe(0);
  expect(statSync(folder.at('data')).mode & 0o077).toBe(0);
});

test('units asked for in one turn share a commit, and one that throws undoes only itself', async () => {
  const results = await Promise.allSettled([
    store.write((tx) => suppress(tx, 'a@y.example', 'r', 's', 0)),
    store.write(async (tx) => {
      await suppress(tx, 'b@y.example', 'r', 's', 0);
      throw new Error('no');
    }),
    store.write((tx) => suppress(tx, 'c@y.example', 'r', 's', 0)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await suppressionOf(store.db, 'a@y.example')).toBe('r');
  expect(await suppressionOf(store.db, 'b@y.example')).toBeUndefined();
  expect(await suppressionOf(store.db, 'c@y.example')).toBe('r');
});

test('a unit that throws alone leaves nothing', async () => {
  await expect(
    store.write(async (tx) => {
      await suppress(tx, 'a@y.example', 'r', 's', 0);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await suppressionOf(store.db, 'a@y.example')).toBeUndefined();
});

test('a full disk is a sentence, undoes the whole commit, and passes', async () => {
  const pages = Object.values((await sql.raw<Record<string, number>>('pragma page_count').execute(store.db)).rows[0] ?? {})[0] ?? 0;
  await sql.raw(`pragma max_page_count = ${pages + 1}`).execute(store.db);
  const big = 'x'.repeat(20_000);
  const results = await Promise.allSettled([1, 2, 3].map((n) => store.write((tx) => suppress(tx, `${n}@y.example`, big, 's', 0))));
  const failed = results.filter((result) => result.status === 'rejected');
  expect(failed.length).toBeGreaterThan(0);
  expect(storageError(failed[0]?.reason)?.message).toBe('the disk is full');
  await sql.raw('pragma max_page_count = 100000').execute(store.db);
  await store.write((tx) => suppress(tx, '9@y.example', big, 's', 0));
  expect(await suppressionOf(store.db, '9@y.example')).toBe(big);
});

test('another SQLite file, and a schema from the future, are refused', async () => {
  const other = connect(folder.at('other.db'));
  other.exec('create table t (x)');
  other.close();
  await expect(openStore(folder.at('other.db'))).rejects.toThrow('is not an outreach database');
  const raw = connect(path());
  raw.pragma('user_version = 99');
  raw.close();
  await expect(openStore(path())).rejects.toThrow('was written by a newer version of outreach (schema 99');
});

test('the schema that a database is opened with is that of all migrations', () => {
  expect(SCHEMA_VERSION).toBe(Object.keys(migrations).length);
});

test('of two programs that open an older database at once, one brings it up to date', async () => {
  const fresh = folder.at('fresh', 'outreach.db');
  const opened = await Promise.all([openStore(fresh), openStore(fresh)]);
  for (const { db } of opened) expect((await sql`select 1 from outreach_leads`.execute(db)).rows).toEqual([]);
  await Promise.all(opened.map((one) => one.close()));
});

test('a migration makes a checked copy first and applies whole or not at all', async () => {
  const next = { up: async (db: never) => void (await sql`create table added (x integer)`.execute(db)) };
  const broken = {
    up: async (db: never) => void (await sql`create table half (x integer)`.execute(db).then(() => sql`nonsense`.execute(db))),
  };
  await expect(migrateToLatest(store, { ...migrations, '9999_broken': broken })).rejects.toThrow('syntax error');
  const tables = async () => (await sql<{ name: string }>`select name from sqlite_master`.execute(store.db)).rows.map(({ name }) => name);
  expect(await tables()).not.toContain('half');
  await migrateToLatest(store, { ...migrations, '9999_next': next });
  expect(await tables()).toContain('added');
  expect(readdirSync(folder.at('data'))).toContain(`outreach.db.before-${Object.keys(migrations).length + 1}`);
});

test('the database itself refuses a state that the table of transitions does not know', async () => {
  await sql`insert into campaigns (id, name, content_hash, created_at) values (1, 'c', 'h', 0)`.execute(store.db);
  await sql`insert into jobs (id, campaign_id, source, send_mode, created_at) values (1, 1, 's', 'immediate', 0)`.execute(store.db);
  await sql`insert into prospects (id, campaign_id, job_id, email, email_key, fields, created_at, updated_at) values (1, 1, 1, 'a@y.example', 'a@y.example', '{}', 0, 0)`.execute(
    store.db,
  );
  const insert = (state: string, more = '') =>
    sql
      .raw(
        `insert into messages (id, job_id, campaign_id, prospect_id, state, due_at, created_at, state_at${more === '' ? '' : `, ${more.split('=')[0]}`}) values (1, 1, 1, 1, '${state}', 0, 0, 0${more === '' ? '' : `, ${more.split('=')[1]}`})`,
      )
      .execute(store.db);
  await expect(insert('lost')).rejects.toThrow('CHECK');
  await expect(insert('sending')).rejects.toThrow('CHECK');
  await expect(insert('ready')).rejects.toThrow('CHECK');
  await insert('accepted', "frozen_sha256='x'");
  await expect(sql`update messages set state = 'ready'`.execute(store.db)).rejects.toThrow('does not leave this state');
  await expect(insert('pending')).rejects.toThrow('UNIQUE');
});

test('a liveness lock is held while its process lives, and its file goes with it', () => {
  const locks = folder.at('locks');
  const lock = takeLivenessLock(locks, 'w1');
  expect(isAlive(locks, 'w1')).toBe(true);
  expect(isAlive(locks, 'w2')).toBe(false);
  lock.release();
  expect(isAlive(locks, 'w1')).toBe(false);
  expect(readdirSync(locks)).toEqual([]);
});

test('the claims read an index and nothing else', async () => {
  const plan = async (query: string) =>
    (await sql.raw<{ detail: string }>(`explain query plan ${query}`).execute(store.db)).rows.map(({ detail }) => detail).join('; ');
  expect(await plan("select id from messages where job_id = 1 and state = 'ready' and due_at <= 5 order by due_at, id limit 1")).toBe(
    'SEARCH messages USING COVERING INDEX messages_ready (job_id=? AND due_at<?)',
  );
  expect(await plan("select id from messages where job_id = 1 and state = 'pending' order by id limit 50")).toMatch(
    /^SEARCH messages USING COVERING INDEX messages_by_state \(job_id=\? AND state=\?\)$/,
  );
  expect(await plan("select id from messages where state in ('drafting', 'sending') and deadline_at <= 5")).toContain('messages_in_flight');
  expect(
    await plan(
      "select started_at from attempts where sender = 'a' and counted = 1 and started_at > 5 order by started_at desc limit 1 offset 9",
    ),
  ).toBe('SEARCH attempts USING COVERING INDEX attempts_by_sender (sender=? AND started_at>?)');
});
