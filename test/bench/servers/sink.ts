import { type AddressInfo, createServer, type Socket } from 'node:net';

/** An SMTP server in a process of its own: it takes every mail and answers the final dot after ANSWER_AFTER ms. */
const answerAfter = Number(process.env.ANSWER_AFTER ?? 5);

const server = createServer((socket) => {
  socket.setNoDelay(true).on('error', () => {});
  socket.write('220 sink ESMTP\r\n');
  let buffer = '';
  let inData = false;
  socket.on('data', (chunk) => {
    buffer += chunk.toString('latin1');
    for (;;) {
      const end = inData ? buffer.indexOf('\r\n.\r\n') : buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + (inData ? 5 : 2));
      if (inData) {
        inData = false;
        setTimeout(() => say(socket, '250 2.0.0 Ok'), answerAfter);
      } else inData = command(socket, line.slice(0, 4).toUpperCase());
    }
  });
});

function command(socket: Socket, verb: string): boolean {
  if (verb === 'EHLO') say(socket, '250-sink\r\n250-PIPELINING\r\n250 8BITMIME');
  else if (verb === 'DATA') say(socket, '354 Go on');
  else if (verb === 'QUIT') socket.end('221 Bye\r\n');
  else say(socket, '250 2.0.0 Ok');
  return verb === 'DATA';
}

function say(socket: Socket, line: string): void {
  if (!socket.destroyed) socket.write(`${line}\r\n`);
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
