import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';

export interface EchoServer {
  readonly port: number;
  /** Every line or request that came, so far. */
  readonly heard: string[];
  close(): Promise<void>;
}

/** Where an SMTP server refuses; whatever it answers, it repeats the login that it was given. */
type SmtpRefusal = 'auth' | 'rcpt' | 'dot' | 'dot for now';

/** The worst of SMTP servers: every reply after AUTH repeats the AUTH line and the password inside it. */
export async function startEchoSmtp(
  refusalFor: (to: string) => SmtpRefusal | undefined = () => undefined,
  passwordIs?: string,
): Promise<EchoServer> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    let rest = '';
    let login = '';
    let to = '';
    let inBody = false;
    socket.on('error', () => {});
    socket.write('220 echo.example\r\n');
    const answer = (line: string): string => {
      if (inBody) {
        if (line !== '.') return '';
        inBody = false;
        const refusal = refusalFor(to);
        return `${refusal === 'dot' ? '554 5.6.0 no' : refusal === 'dot for now' ? '451 4.3.0 later' : '250 2.0.0 taken'} ${login}`;
      }
      heard.push(line);
      const [verb = '', how, blob = ''] = line.split(' ');
      switch (verb.toUpperCase()) {
        case 'EHLO':
          return '250-echo.example\r\n250 AUTH PLAIN';
        case 'AUTH': {
          const password = Buffer.from(blob, 'base64').toString().split('\0')[2] ?? '';
          login = `(you said ${line} which is ${password})`;
          const refused = refusalFor('') === 'auth' || (passwordIs !== undefined && password !== passwordIs);
          return `${refused ? '535 5.7.8 no' : '235 2.7.0 yes'} ${login}`;
        }
        case 'RCPT':
          to = /<(.*?)>/.exec(line)?.[1] ?? '';
          return `${refusalFor(to) === 'rcpt' ? '550 5.1.1 nobody' : '250 yes'} ${login}`;
        case 'DATA':
          inBody = true;
          return '354 go on';
        case 'QUIT':
          return '221 bye';
        default:
          return `250 yes ${how ?? ''}`;
      }
    };
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const reply = answer(rest.slice(0, end));
        rest = rest.slice(end + 2);
        if (reply !== '') socket.write(`${reply}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, heard, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** An HTTP server that answers with the status it is told, and repeats the Authorization header in every shape an error has. */
export async function startEchoHttp(
  answerFor: (path: string, authorization: string) => { status: number; body?: object } = () => ({ status: 403 }),
): Promise<EchoServer> {
  const heard: string[] = [];
  const server = createHttpServer((request, response) => {
    const { url = '', headers } = request;
    const { authorization = '' } = headers;
    heard.push(`${request.method} ${url}`);
    const { status, body } = answerFor(url, authorization);
    const message = `no: ${authorization} or ${Buffer.from(authorization).toString('base64')}`;
    const echo = { name: 'error', message, error: { message, type: 'x', code: null, param: null }, errors: [{ message }] };
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? echo));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { port: (server.address() as AddressInfo).port, heard, close };
}
