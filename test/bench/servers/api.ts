import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** SendGrid's v3 mail send in a process of its own: it takes every mail and answers 202 after ANSWER_AFTER ms. */
const answerAfter = Number(process.env.ANSWER_AFTER ?? 5);

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    setTimeout(() => response.writeHead(202, { 'x-message-id': 'bench', 'content-length': 0 }).end(), answerAfter);
  });
});

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
