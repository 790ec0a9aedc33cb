import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface TokenSmtp {
  readonly port: number;
  /** Every line, so far; tokens stand in it as they came. */
  readonly heard: string[];
  /** Addresses of mails that were taken. */
  readonly taken: string[];
  /** Logins that were refused. */
  readonly refused: string[];
  close(): Promise<void>;
}

interface TokenSmtpOptions {
  readonly takes: (mailbox: string, token: string) => boolean;
  readonly methods?: string;
  /** Instead of the refusal of a token. */
  readonly refusal?: string;
  /** Whether a refusal comes as a challenge first, as at Google; Microsoft says no at once. */
  readonly challenges?: boolean;
  readonly port?: number;
}

/**
 * An SMTP server on loopback that takes tokens: XOAUTH2 (developers.google.com/workspace/gmail/imap/xoauth2-protocol) and
 * OAUTHBEARER (RFC 7628). Of a token that is refused it tells the reason in a challenge, and waits for the answer.
 */
export async function startTokenSmtp(options: TokenSmtpOptions): Promise<TokenSmtp> {
  const {
    takes,
    methods = 'LOGIN PLAIN XOAUTH2',
    refusal = '535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 more',
    challenges = true,
  } = options;
  const heard: string[] = [];
  const taken: string[] = [];
  const refused: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let rest = '';
    let to = '';
    let state: 'commands' | 'body' | 'challenged' = 'commands';
    let dummy = '';
    let loggedIn = false;
    socket.on('error', () => {});
    sockets.add(socket);
    socket.write('220 token.example\r\n');
    const logIn = (method: string, blob: string): string => {
      const text = Buffer.from(blob, 'base64').toString('utf8');
      // The parts stand between control-As.
      const [head = '', ...fields] = text.split('\u0001');
      const token = /^auth=Bearer (\S+)$/.exec(fields[method === 'XOAUTH2' ? 0 : 2] ?? '')?.[1] ?? '';
      const name = (method === 'XOAUTH2' ? /^user=(.*)$/ : /^n,a=([^,]*),$/).exec(head)?.[1] ?? '';
      const mailbox = name.replaceAll('=2C', ',').replaceAll('=3D', '=');
      loggedIn = takes(mailbox, token);
      if (loggedIn) return '235 2.7.0 Accepted';
      refused.push(mailbox);
      if (!challenges) return refusal;
      state = 'challenged';
      dummy = method === 'XOAUTH2' ? '' : 'AQ==';
      return `334 ${Buffer.from('{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}').toString('base64')}`;
    };
    const answer = (line: string): string => {
      if (state === 'body') {
        if (line !== '.') return '';
        state = 'commands';
        taken.push(to);
        return '250 2.0.0 taken';
      }
      heard.push(line);
      if (state === 'challenged') {
        state = 'commands';
        return line === dummy ? refusal : '501 5.5.2 cannot decode';
      }
      const [verb = '', method = '', blob = ''] = line.split(' ');
      switch (verb.toUpperCase()) {
        case 'EHLO':
          return `250-token.example\r\n250-AUTH ${methods}\r\n250 8BITMIME`;
        case 'AUTH':
          return logIn(method, blob);
        case 'MAIL':
          return loggedIn ? '250 2.1.0 yes' : '530 5.7.0 Authentication Required';
        case 'RCPT':
          to = /<(.*?)>/.exec(line)?.[1] ?? '';
          return '250 2.1.5 yes';
        case 'DATA':
          state = 'body';
          return '354 go on';
        case 'QUIT':
          return '221 bye';
        default:
          return '250 2.0.0 yes';
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
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    taken,
    refused,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
