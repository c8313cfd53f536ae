/** Commands that look at events, as scripts run them: child processes against a real nats-server of the test's. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { createDeadLetters } from '../../infra/bus/dead-letters.ts';
import { readEvents, type StoredEvent } from '../../infra/bus/event-history.ts';
import { createEventLog } from '../../infra/bus/event-log.ts';
import { ensureStreams, streamNames } from '../../infra/bus/streams.ts';
import type { DeadLetters, EventLog } from '../../infra/host/ports.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { all, type BusWorld, startBusWorld } from '../contract/bus/bus-world.ts';
import { links } from './rules.ts';
import { type Finished, runCommand } from './run-command.ts';

export interface EventsWorld {
  readonly nats: BusWorld;
  readonly bus: Bus;
  readonly log: EventLog;
  readonly letters: DeadLetters;
  /** The documents: rules photos (two-way) and videos (one-way) between sites east and west. */
  readonly file: string;
  /** NATS holds nothing at all. */
  empty(): Promise<void>;
  /** NATS holds what a deployment finds at its first start. */
  reset(): Promise<void>;
  /** Runs a command; checks that it shows no secret, and no progress where nobody watches. */
  causeway(...args: readonly string[]): Promise<Finished>;
  /** Runs a command with --json that must succeed; gives the lines of its stdout. */
  json(...args: readonly string[]): Promise<Record<string, unknown>[]>;
  stored(): Promise<StoredEvent[]>;
  pending(link: string): Promise<number>;
  /** One after another, so that the stream has them in this order. */
  publish<Events extends readonly CausewayEvent[]>(...events: Events): Promise<Events>;
  park(event: CausewayEvent, link?: string, reason?: string): Promise<void>;
  stop(): Promise<void>;
}

export const credentials = {
  EAST_ACCESS_KEY_ID: 'east-access',
  EAST_SECRET_ACCESS_KEY: 'east-secret-key',
  WEST_ACCESS_KEY_ID: 'west-access',
  WEST_SECRET_ACCESS_KEY: 'west-secret-key',
};

const site = (name: string, port: number): string => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "http://127.0.0.1:${port}" }
  credentials: { env: ${name.toUpperCase()} }
---
`;
const rule = (name: string, direction: string): string => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
  source: { site: east, bucket: ${name} }
  targets: [{ site: west, bucket: ${name} }]
  direction: ${direction}
---
`;
const wanted = {
  links: links(
    { name: 'photos', sites: ['east', 'west'], bucket: 'photos' },
    { name: 'videos', sites: ['east', 'west'], bucket: 'videos', direction: 'one-way' },
  ),
  sites: ['east', 'west'],
};
const line = z.record(z.string(), z.unknown());

export async function startEventsWorld(): Promise<EventsWorld> {
  const nats = await startBusWorld();
  const bus = await nats.connect();
  const log = createEventLog(bus);
  const letters = createDeadLetters(log, systemClock);
  const dir = await mkdtemp(join(tmpdir(), 'causeway-commands-'));
  const file = join(dir, 'causeway.yaml');
  await writeFile(
    file,
    site('east', 1) + site('west', 2) + rule('photos', 'two-way') + rule('videos', 'one-way'),
  );
  const env = { ...credentials, CAUSEWAY_NATS_URL: natsUrl(nats.server) };
  const secrets = [
    nats.server.password,
    credentials.EAST_SECRET_ACCESS_KEY,
    credentials.WEST_SECRET_ACCESS_KEY,
  ];

  async function empty(): Promise<void> {
    for await (const name of bus.manager.streams.names()) await bus.manager.streams.delete(name);
  }

  async function causeway(...args: readonly string[]): Promise<Finished> {
    const finished = await runCommand([...args, '-f', file], env);
    const said = finished.stdout + finished.stderr;
    for (const secret of secrets) expect(said).not.toContain(secret);
    expect(said).not.toContain('\u001b');
    return finished;
  }

  return {
    nats,
    bus,
    log,
    letters,
    file,
    empty,
    causeway,
    async reset() {
      await empty();
      await ensureStreams(bus, wanted);
    },
    async json(...args) {
      const { code, stdout, stderr } = await causeway(...args, '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout
        .trimEnd()
        .split('\n')
        .map((text) => line.parse(JSON.parse(text)));
    },
    stored: () => all(readEvents(bus, {})),
    async pending(link) {
      return (await bus.manager.consumers.info(streamNames.events, link)).num_pending;
    },
    async publish(...events) {
      for (const event of events) await log.publish([{ event }]);
      return events;
    },
    async park(event, link = 'photos_east_west', reason = 'it cannot be') {
      const body = Buffer.from(JSON.stringify(event));
      await letters.add({ link, function: 'replicate', reason, attempts: 3, body, cause: event });
    },
    async stop() {
      await nats.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
