/** A small HTTP server: bounded bodies, deadlines, and a drain that ends. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Reads the body; undefined when it is larger than the bound. */
  body(): Promise<Buffer | undefined>;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no more requests; resolves when those under way are answered, or after `withinMs` at most. */
  close(withinMs: number): Promise<void>;
}

const requestDeadlineMs = 60_000;

async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function serveHttp(
  at: { readonly host: string; readonly port: number; readonly mostBytes: number },
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<HttpServer> {
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://host').pathname;
    const { headers, method = 'GET' } = request;
    const body = () => readBody(request, at.mostBytes);
    let given: HttpAnswer;
    try {
      given = await answer({ method, path, headers, body });
    } catch {
      given = { status: 500, body: 'failed; see the log\n' };
    }
    response.writeHead(given.status, {
      ...given.headers,
      ...(request.complete ? {} : { connection: 'close' }),
    });
    response.end(given.body);
  }

  const server = createServer(
    { requestTimeout: requestDeadlineMs, headersTimeout: 10_000 },
    (request, response) => {
      respond(request, response).catch(() => response.destroy());
    },
  );
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(at.port, at.host, listening.resolve);
  await listening.promise;
  return {
    port: (server.address() as AddressInfo).port,
    close(withinMs) {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), withinMs);
      return closed.promise.finally(() => clearTimeout(timer));
    },
  };
}
