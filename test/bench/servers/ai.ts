import { startAiServer } from '../../support/aiServer.ts';

/** A model's server in a process of its own, which answers after ANSWER_AFTER ms. */
const server = await startAiServer(() => undefined, Number(process.env.ANSWER_AFTER ?? 500));
process.send?.(Number(new URL(server.url).port));
process.on('disconnect', () => process.exit());
