/**
 * Replication by `causeway dispatch` and a process for each function, as on a cluster with the dispatcher's overlay: what
 * a Service, a site or the dispatcher itself leaves undone when it is killed is done when it is back. The walk has no
 * part in it: it leaves alone what is younger than its interval.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { functions } from '../../functions/index.ts';
import type { ListedVersion } from '../../functions/ports.ts';
import type { Environment } from '../../infra/config/env.ts';
import { type HttpServer, serveHttp } from '../../infra/host/http-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { commandLine, type Served, serveProcess } from '../contract/serve/process.ts';
import { credentialsOf } from './causeway-process.ts';
import { siteDocuments } from './site-documents.ts';
import { startWorld, type World } from './world.ts';

const bucket = 'photos';
const services = new Map<string, Served>();
let world: World;
let gateway: HttpServer;
let dispatcher: Served;
let file: string;
let env: Environment;
let client: S3Client;

/** What carries requests to Services: 503 where there is none, as Knative's does. */
const startGateway = (): Promise<HttpServer> =>
  serveHttp({ host: '127.0.0.1', port: 0, mostBytes: 1024 * 1024 }, async ({ path, headers, body }) => {
    const target = services.get(path.slice(1));
    const sent = String(await body());
    if (!target) return { status: 404, body: 'no such Service\n' };
    try {
      const answer = await fetch(target.url, {
        method: 'POST',
        headers: { 'content-type': String(headers['content-type']) },
        body: sent,
      });
      const text = await answer.text();
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: text };
    } catch {
      return { status: 503, body: 'no endpoint\n' };
    }
  });

async function startFunction(name: string): Promise<void> {
  services.set(name, await serveProcess({ args: [name, '-f', file], env, port: await freePort() }));
}

async function startDispatcher(): Promise<void> {
  const port = await freePort();
  const to = `http://127.0.0.1:${gateway.port}/{function}`;
  const args = ['-f', file, '--to', to, '--listen', String(port)];
  dispatcher = await serveProcess({ main: commandLine('dispatch'), args, env, port });
}

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: bucket }]);
  gateway = await startGateway();
  file = join(world.dir, 'causeway.yaml');
  await writeFile(file, siteDocuments(world.embedded, { name: 'photos', spec: ['scan: { every: 1h }'] }));
  const { nats } = world.embedded;
  env = {
    ...credentialsOf(world.embedded),
    CAUSEWAY_NATS_URL: `nats://${nats.user}:${nats.password}@${nats.host}:${nats.port}`,
    CAUSEWAY_REQUEST_DEADLINE: '2s',
  };
  for (const { name } of functions) await startFunction(name);
  await startDispatcher();
  const [east] = world.embedded.sites;
  if (!east) throw new Error('no site');
  client = rootClient(east.server);
}, 40 * 60_000);

afterAll(async () => {
  client?.destroy();
  for (const { child, ended } of [...services.values(), dispatcher]) {
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
  await gateway?.close(0);
  await world?.stop();
});

const put = async (Key: string, Body = 'a cat'): Promise<string> =>
  (await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))).VersionId ?? '';

const listed = async (site: string): Promise<readonly Omit<ListedVersion, 'replica'>[]> =>
  (await world.store(site).list(bucket, { prefix: '', limit: 1000 })).versions.map(
    ({ replica: _, ...version }) => version,
  );

async function sitesAgree(): Promise<void> {
  const wanted = await listed('east');
  await expect.poll(() => listed('west'), { timeout: 60_000, interval: 500 }).toEqual(wanted);
}

async function killed({ child, ended }: Served): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

test('versions, markers, purges and tags reach the target through the Services', async () => {
  await put('with space/ünï 😀.jpg');
  const purged = await put('purged.jpg');
  const tagged = await put('tagged.jpg');
  await put('hidden.jpg');
  await sitesAgree();
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'purged.jpg', VersionId: purged }));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'hidden.jpg' }));
  const Tagging = { TagSet: [{ Key: 'kind', Value: 'cat' }] };
  await client.send(
    new PutObjectTaggingCommand({ Bucket: bucket, Key: 'tagged.jpg', VersionId: tagged, Tagging }),
  );

  await sitesAgree();
  expect(await listed('west')).toHaveLength(4);
});

test('what is written while the target is down arrives when it is back', async () => {
  const target = world.embedded.sites[1]?.server;
  await target?.kill();
  const written = await Promise.all(Array.from({ length: 20 }, (_, index) => put(`while-down-${index}.jpg`)));
  await target?.start();

  await sitesAgree();
  expect((await listed('west')).map((version) => version.versionId)).toEqual(expect.arrayContaining(written));
});

test('what is written while a Service is gone, or is killed at work, arrives when it is back', async () => {
  const writing = Array.from({ length: 40 }, (_, index) => put(`killed-${index}.jpg`));
  const service = services.get('replicate');
  if (service) await killed(service);
  services.delete('replicate');
  await Promise.all(writing);
  await startFunction('replicate');

  await sitesAgree();
});

test('what a killed dispatcher held, the next one has', async () => {
  const writing = Array.from({ length: 40 }, (_, index) => put(`held-${index}.jpg`));
  await Promise.all(writing.slice(0, 10));
  await killed(dispatcher);
  await Promise.all(writing);
  await startDispatcher();

  await sitesAgree();
});
