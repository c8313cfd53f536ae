/** Takes CloudEvents over HTTP, as a Service or a Broker does, and answers as the test says. */
import { type HttpAnswer, type HttpServer, serveHttp } from '../../../infra/host/http-server.ts';

export interface Taken {
  readonly path: string;
  readonly event: Readonly<Record<string, unknown>>;
}

export interface Recorder {
  readonly url: string;
  readonly taken: readonly Taken[];
  /** Of what comes from now on; 202 at first. */
  answer(as: HttpAnswer): void;
  /** Resolves when an event of this type has come. */
  until(type: string): Promise<Taken>;
  server: HttpServer;
}

export async function recorder(): Promise<Recorder> {
  const taken: Taken[] = [];
  let given: HttpAnswer = { status: 202 };
  let arrived = Promise.withResolvers<void>();
  const server = await serveHttp({ host: '127.0.0.1', port: 0, mostBytes: 1e6 }, async ({ path, body }) => {
    taken.push({ path, event: JSON.parse(String(await body())) });
    arrived.resolve();
    arrived = Promise.withResolvers();
    return given;
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    taken,
    server,
    answer: (as) => {
      given = as;
    },
    async until(type) {
      for (;;) {
        const found = taken.find(({ event }) => event.type === type);
        if (found) return found;
        await arrived.promise;
      }
    },
  };
}
