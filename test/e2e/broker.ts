/**
 * A Knative Broker with its Triggers, as functions see it: takes events over HTTP, delivers each to the function that
 * handles its type, in binary mode, tries a few times and then gives it to the dead-letter sink.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { catalogue } from '../../events/catalogue.ts';
import { type CausewayEvent, decodeEvent } from '../../events/cloudevent.ts';
import { type HttpServer, serveHttp } from '../../infra/host/http-server.ts';

export interface Broker {
  readonly url: string;
  /** Where a function listens. */
  trigger(name: string, url: string): void;
  /** Where it brings what it could not deliver. */
  deadLetterSink(url: string): void;
  /** Deliveries that it gave up, and those that its dead-letter sink did not take. */
  readonly givenUp: readonly string[];
  /** Types it took, with how often. */
  readonly taken: ReadonlyMap<string, number>;
  /** Keys of what came back to it from the ledger. */
  readonly retried: readonly string[];
  close(): Promise<void>;
}

const tries = 3;

export async function startBroker(): Promise<Broker> {
  const triggers = new Map<string, string>();
  const givenUp: string[] = [];
  let sink: string | undefined;
  const taken = new Map<string, number>();
  const retried: string[] = [];

  async function deliver(event: CausewayEvent, extensions: Record<string, unknown>): Promise<void> {
    const { data, datacontenttype, ...attributes } = event;
    const headers = Object.entries({ ...attributes, ...extensions })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): [string, string] => [`ce-${name}`, encodeURIComponent(String(value))]);
    const post = (url: string) =>
      fetch(url, {
        method: 'POST',
        headers: [['content-type', datacontenttype], ...headers],
        body: JSON.stringify(data),
      }).catch(() => undefined);
    const url = triggers.get(catalogue[event.type].handledBy);
    for (let left = tries; left > 0 && url; left--) {
      if ((await post(url))?.ok) return;
      await wait(100);
    }
    givenUp.push(`${event.type} ${event.subject}`);
    if (sink && !(await post(sink))?.ok) givenUp.push(`lost: ${event.type} ${event.subject}`);
  }

  const server: HttpServer = await serveHttp(
    { host: '127.0.0.1', port: 0, mostBytes: 1024 * 1024 },
    async (request) => {
      const body = (await request.body()) ?? Buffer.alloc(0);
      const event = decodeEvent(body);
      const { causewaylink, causewayattempts } = JSON.parse(body.toString('utf8'));
      taken.set(event.type, (taken.get(event.type) ?? 0) + 1);
      if (causewaylink !== undefined) retried.push(event.subject);
      deliver(event, { causewaylink, causewayattempts }).catch((error) => givenUp.push(String(error)));
      return { status: 202 };
    },
  );
  return {
    url: `http://127.0.0.1:${server.port}`,
    trigger: (name, url) => void triggers.set(name, url),
    deadLetterSink: (url) => {
      sink = url;
    },
    givenUp,
    taken,
    retried,
    close: () => server.close(1000),
  };
}
