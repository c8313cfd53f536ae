/** HTTP servers that stand where a site should be: another product, or a site whose clock is wrong. */
import { createServer, type RequestListener, request } from 'node:http';

export interface Front {
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function listen(answer: RequestListener): Promise<Front> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes everything on, the Host header that was signed too, and puts the clock forward. */
export const skewed = (endpoint: string, byMs: number): Promise<Front> =>
  listen((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const { hostname, port } = new URL(endpoint);
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      const date = new Date(Date.now() + byMs).toUTCString();
      outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, date });
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
