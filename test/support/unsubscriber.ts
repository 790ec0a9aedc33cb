import { suppressPeople } from '../../src/pipeline/suppressPeople.ts';
import { openStore } from '../../src/store/database.ts';

/** A process of its own that suppresses whom it is told of, and says when the commit was there (monotonic ns, the same for all processes). */
const store = await openStore(process.argv[2] ?? '');

process.on('message', async (key: string) => {
  const deps = { store, now: () => Date.now(), forgottenKey: String };
  const { messages } = await suppressPeople(deps, [{ key, reason: 'unsubscribed', source: 'a click' }]);
  process.send?.({ messages, committedAt: Number(process.hrtime.bigint()) });
});
process.on('disconnect', () => store.close());
process.send?.('ready');
