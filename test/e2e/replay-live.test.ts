/** A running deployment seen by `status`, and given events again by `replay`: its links do the work once more. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvents } from '../../infra/bus/event-history.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { all } from '../contract/bus/bus-world.ts';
import { eventually } from './awaiting.ts';
import { credentialsOf } from './causeway-process.ts';
import { links } from './rules.ts';
import { runCommand } from './run-command.ts';
import { siteDocuments } from './site-documents.ts';
import { type Running, startWorld, type World } from './world.ts';

const Bucket = 'photos';
let world: World;
let running: Running;
let paris: S3Client;
let file: string;

beforeAll(async () => {
  world = await startWorld(['paris', 'tokyo'], [{ name: Bucket }]);
  const [first] = world.embedded.sites;
  if (!first) throw new Error('there is no site');
  paris = rootClient(first.server);
  // No walk comes in between: what arrives, arrives by events.
  const spec = { scan: { every: '24h' } };
  running = await world.deploy(
    links({ sites: ['paris', 'tokyo'], bucket: Bucket, direction: 'one-way', spec }),
  );
  file = join(world.dir, 'causeway.yaml');
  await writeFile(file, siteDocuments(world.embedded, { name: 'photos', spec: ['scan: { every: 24h }'] }));
});
afterAll(async () => {
  await running?.stop();
  paris?.destroy();
  await world?.stop();
});

async function causeway(...args: string[]) {
  const nats = natsUrl(world.embedded.nats);
  const { code, stdout, stderr } = await runCommand(
    [...args, '-f', file, '--nats', nats, '--json'],
    credentialsOf(world.embedded),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function put(key: string) {
  const { VersionId } = await paris.send(new PutObjectCommand({ Bucket, Key: key, Body: 'some words' }));
  return { bucket: Bucket, key, versionId: VersionId ?? 'null' };
}

const arrived = (ref: Awaited<ReturnType<typeof put>>) =>
  eventually(async () => expect((await world.store('tokyo').look(ref)).state).toBe('object'));

test('status tells the link’s state, backlog and both lags', async () => {
  await arrived(await put('seen'));
  await eventually(async () => {
    const [{ links: reported }] = await causeway('status');
    expect(reported).toMatchObject([
      {
        link: 'photos_paris_tokyo',
        state: 'healthy',
        backlog: 0,
        oldestPendingMs: null,
        arrivalLag: { p50: expect.any(Number), p99: expect.any(Number) },
        verificationLag: { p50: expect.any(Number), p99: expect.any(Number) },
        failed: 0,
        deadLetters: 0,
      },
    ]);
  });
});

test('a replica that was lost arrives again by the replay of its event, and of nothing else', async () => {
  const [lost, other] = [await put('a/lost [1]'), await put('a/other')];
  await arrived(lost);
  await arrived(other);
  for (const ref of [lost, other]) await world.store('tokyo').purge(ref);
  const lines = await causeway('replay', '--since', '10m', '--key', 'a/lost [1]');
  expect(lines.at(-1)).toMatchObject({ summary: { replayed: 1 } });
  await arrived(lost);
  expect((await world.store('tokyo').look(other)).state).toBe('absent');
});

test('a dead letter’s event is handled by its link once more', async () => {
  const ref = await put('parked');
  await arrived(ref);
  await world.store('tokyo').purge(ref);
  const events = await all(readEvents(running.bus, {}));
  const event = events.find((stored) => stored.event?.subject === 'parked')?.event;
  if (!event) throw new Error('the put was not announced');
  await running.deployment.world.deadLetters.add({
    link: 'photos_paris_tokyo',
    function: 'replicate',
    reason: 'for the test',
    attempts: 1,
    body: Buffer.from(JSON.stringify(event)),
    cause: event,
  });
  expect(await causeway('dead-letters')).toMatchObject([{ reason: 'for the test', key: 'parked' }]);
  await causeway('replay', '--from-dead-letters');
  await arrived(ref);
  expect(await all(readLetters(running.bus, {}))).toEqual([]);
});
