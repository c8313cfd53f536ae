/**
 * Both hosts behind one interface. `taken`: acknowledged, or answered 202. `comes again`: handed back or held until the
 * site answers, or answered 503.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { CloudEvent, HTTP } from 'cloudevents';
import { batchContentType, readOutcomes } from '../../../events/batch-outcomes.ts';
import { type CausewayEvent, encodeEvent } from '../../../events/cloudevent.ts';
import type { FunctionDefinition } from '../../../functions/define.ts';
import { functions } from '../../../functions/index.ts';
import { createGate } from '../../../infra/host/gate.ts';
import { extensionsOf } from '../../../infra/host/http-event.ts';
import { type HttpHost, startHttpHost } from '../../../infra/host/http-host.ts';
import type { HttpSettlement } from '../../../infra/host/http-settle.ts';
import { route } from '../../../infra/host/invoke.ts';
import { type Observer, startLinkWorker } from '../../../infra/host/link-worker.ts';
import type { HeldMessage } from '../../../infra/host/ports.ts';
import { remoteFunctions } from '../../../infra/host/remote-function.ts';
import type { HostWorld } from './world.ts';

export interface Delivered {
  readonly fate: 'taken' | 'comes again';
  /** It comes again, once; resolves with what is then made of it. */
  again(): Promise<Delivered>;
}

export interface Host {
  deliver(event: CausewayEvent): Promise<Delivered>;
  stop(): Promise<void>;
}

export interface HostKind {
  readonly name: string;
  start(world: HostWorld): Promise<Host>;
}

const silent: Observer = {
  handled: () => undefined,
  foreign: () => undefined,
  unreadable: () => undefined,
  unsettled: () => undefined,
};
const workingEveryMs = 10_000;

interface Bound {
  readonly functions: readonly FunctionDefinition[];
  stop(): Promise<void>;
}

/** `bind` gives the functions that the worker calls; it tells of one that cannot be reached. */
const overStream = (
  name: string,
  bind: (world: HostWorld, onAway: () => void) => Promise<Bound>,
): HostKind => ({
  name,
  async start(world) {
    const { clock, link, settlement } = world;
    let onMessage: (message: HeldMessage) => void = () => undefined;
    let paused = Promise.withResolvers<'comes again'>();
    const gate = createGate(clock, ({ state }) => {
      if (state === 'paused') paused.resolve('comes again');
      else paused = Promise.withResolvers();
    });
    const bound = await bind(world, () => paused.resolve('comes again'));
    const worker = await startLinkWorker({
      feed: {
        async open(take) {
          onMessage = take;
          return { close: async () => undefined };
        },
      },
      route: route(bound.functions),
      context: world.contextOf(link),
      settlement,
      gate,
      observer: silent,
      concurrency: 4,
      workingEveryMs,
      random: () => 0,
    });
    let sequence = 0;

    async function deliver(event: CausewayEvent, attempts = 0): Promise<Delivered> {
      const settled = Promise.withResolvers<'taken' | 'comes again'>();
      sequence += 1;
      onMessage({
        body: encodeEvent(event),
        sequence,
        attempts,
        stored: clock.now(),
        ack: async () => settled.resolve('taken'),
        nak: () => settled.resolve('comes again'),
        working: () => undefined,
      });
      const held = Symbol('held');
      const fate = await Promise.race([settled.promise, paused.promise.then(() => held)]);
      if (fate !== held) {
        return { fate: await settled.promise, again: () => deliver(event, attempts + 1) };
      }
      return {
        fate: 'comes again',
        // It is held, and goes on when the site answers.
        async again() {
          const ended = Symbol('ended');
          for (;;) {
            await clock.advance(1000);
            const now = await Promise.race([settled.promise, wait(1, ended)]);
            if (now === 'taken' || now === 'comes again') {
              return { fate: now, again: () => deliver(event, attempts + 1) };
            }
          }
        },
      };
    }

    return {
      deliver,
      async stop() {
        await bound.stop();
        await worker.stop();
      },
    };
  },
});

const local = overStream('the local host', async () => ({ functions, stop: () => Promise.resolve() }));

const dispatcher = overStream('the dispatcher, with each function behind HTTP', async (world, onAway) => {
  const hosts = new Map<string, HttpHost>();
  for (const bound of functions) hosts.set(bound.name, await startTestHost(world, bound));
  const stopping = new AbortController();
  const remote = remoteFunctions(functions, {
    urlOf: (name) => `http://127.0.0.1:${hosts.get(name)?.port}/`,
    deadlineMs: 10_000,
    clock: world.clock,
    random: () => 0,
    signal: stopping.signal,
    onReach: (_, reason) => reason && onAway(),
  });
  return {
    functions: remote.functions,
    async stop() {
      stopping.abort(new Error('stopping'));
      await remote.close();
      await Promise.all([...hosts.values()].map((host) => host.stop()));
    },
  };
});

/** What a header cannot carry, as the HTTP binding has it and the cloudevents package has not. */
const percentEncoded = (value: string): string => value.replaceAll(/[^\x21-\x7e]|["%]/gu, encodeURIComponent);

/** One for each function that is sent something. */
function createHosts(world: HostWorld) {
  const hosts = new Map<string, HttpHost>();
  return {
    async urlOf(event: CausewayEvent): Promise<string> {
      const bound = functions.find(({ on }) => on.includes(event.type));
      if (!bound) throw new RangeError(`no function takes ${event.type}`);
      const host = hosts.get(bound.name) ?? (await startTestHost(world, bound));
      hosts.set(bound.name, host);
      return `http://127.0.0.1:${host.port}/`;
    },
    stop: async () => void (await Promise.all([...hosts.values()].map((host) => host.stop()))),
  };
}

const overHttp = (mode: 'structured' | 'binary'): HostKind => ({
  name: `the HTTP host, ${mode} mode`,
  async start(world) {
    const hosts = createHosts(world);
    async function deliver(event: CausewayEvent): Promise<Delivered> {
      const { headers, body } = HTTP[mode](new CloudEvent<unknown>({ ...event }));
      const answer = await fetch(await hosts.urlOf(event), {
        method: 'POST',
        headers: Object.entries(headers).map(([name, value]): [string, string] => [
          name,
          name.startsWith('ce-') ? percentEncoded(String(value)) : String(value),
        ]),
        body: String(body),
      });
      const words = await answer.text();
      if (answer.status === 202 && words === '') return { fate: 'taken', again: () => deliver(event) };
      if (answer.status === 503 && Number(answer.headers.get('retry-after')) >= 1) {
        return { fate: 'comes again', again: () => deliver(event) };
      }
      throw new Error(`answered ${answer.status}: ${words}`);
    }
    return { deliver, stop: hosts.stop };
  },
});

/** As a dispatcher posts it: with another beside it, which is for a link that is not deployed and so is let go. */
const inBatch: HostKind = {
  name: 'the HTTP host, in a batch',
  async start(world) {
    const hosts = createHosts(world);
    async function deliver(event: CausewayEvent): Promise<Delivered> {
      const other = { ...event, id: `${event.id}-other`, ...extensionsOf('photos_east_nowhere', undefined) };
      const answer = await fetch(await hosts.urlOf(event), {
        method: 'POST',
        headers: { 'content-type': batchContentType },
        body: JSON.stringify([other, event]),
      });
      const outcomes = readOutcomes(await answer.text());
      const [became, otherwise] = [outcomes?.get(event.id), outcomes?.get(other.id)];
      if (answer.status !== 200 || !became || otherwise?.outcome !== 'done') {
        throw new Error(`answered ${answer.status}: ${JSON.stringify([became, otherwise])}`);
      }
      return { fate: became.outcome === 'done' ? 'taken' : 'comes again', again: () => deliver(event) };
    }
    return { deliver, stop: hosts.stop };
  },
};

export const startTestHost = (
  world: HostWorld,
  bound: (typeof functions)[number],
  options: Partial<Parameters<typeof startHttpHost>[0]> & { retries?: HttpSettlement['retries'] } = {},
): Promise<HttpHost> =>
  startHttpHost({
    bound,
    host: '127.0.0.1',
    port: 0,
    links: world.links,
    contextOf: world.contextOf,
    settlement: { ...world.settlement, retries: options.retries ?? 'sender' },
    observer: silent,
    clock: world.clock,
    random: () => 0,
    notReady: () => undefined,
    ...options,
  });

export const hostKinds: readonly HostKind[] = [
  local,
  dispatcher,
  overHttp('structured'),
  overHttp('binary'),
  inBatch,
];
