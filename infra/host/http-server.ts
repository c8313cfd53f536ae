/** A small HTTP server: bounded bodies, deadlines, and a drain that ends. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf } from '../../functions/errors.ts';

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

/** Undefined for what is no path. */
function pathOf(url = '/'): string | undefined {
  return URL.parse(url, 'http://host')?.pathname;
}

export async function serveHttp(
  at: {
    readonly host: string;
    readonly port: number;
    readonly mostBytes: number;
    /** Of one request, until all of it is here. */
    readonly deadlineMs?: number;
  },
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<HttpServer> {
  let isClosing = false;

  async function answerOf(request: IncomingMessage): Promise<HttpAnswer> {
    const path = pathOf(request.url);
    if (path === undefined) return { status: 400, body: 'the request names no path\n' };
    const { headers, method = 'GET' } = request;
    try {
      return await answer({ method, path, headers, body: () => readBody(request, at.mostBytes) });
    } catch (error) {
      return { status: 500, body: `failed: ${messageOf(error)}\n` };
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body = '' } = await answerOf(request);
    response.writeHead(status, {
      'content-length': Buffer.byteLength(body),
      ...(body === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' }),
      ...headers,
      ...(request.complete && !isClosing ? {} : { connection: 'close' }),
    });
    response.end(body);
  }

  const server = createServer(
    { requestTimeout: at.deadlineMs ?? requestDeadlineMs, headersTimeout: 10_000 },
    (request, response) => {
      respond(request, response).catch(() => response.destroy());
    },
  );
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(at.port, at.host, listening.resolve);
  await listening.promise;
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : at.port,
    close(withinMs) {
      isClosing = true;
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), withinMs);
      return closed.promise.finally(() => clearTimeout(timer));
    },
  };
}
