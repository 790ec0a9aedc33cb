import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the browser is shown behind a redirect; `done` ends the waiting. */
interface RedirectPage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  readonly done: boolean;
}

export interface RedirectListener {
  readonly port: number;
  /** Shows `judge` the path and query of each request until one is the awaited; rejects when `cut` is aborted. */
  wait(judge: (address: string) => RedirectPage, cut: AbortSignal): Promise<void>;
  close(): void;
}

/** Waits on this machine alone, on a port that the system chooses, for a browser that is led back here (RFC 8252 §7.3, §8.3). */
export async function listenForRedirect(): Promise<RedirectListener> {
  let judge = (_: string): RedirectPage => ({ status: 404, title: 'Not found', text: 'Nothing is here.', done: false });
  let settle = () => {};
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const page = request.method === 'GET' ? judge(request.url ?? '') : judge('');
    // The address holds a code: it goes into no cache, and to no other page.
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'",
      connection: 'close',
    };
    response.writeHead(page.status, headers).end(htmlOf(page), () => page.done && settle());
    request.resume();
  });
  server.maxConnections = 20;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    wait: (how, cut) =>
      new Promise((resolve, reject) => {
        const onCut = () => reject(new Error('nobody came back'));
        settle = () => {
          cut.removeEventListener('abort', onCut);
          resolve();
        };
        judge = how;
        cut.addEventListener('abort', onCut, { once: true });
        if (cut.aborted) onCut();
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function htmlOf({ title, text }: RedirectPage): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>outreach</title><h1>${escaped(title)}</h1><p>${escaped(text)}</p></html>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
