/**
 * Replication by `causeway dispatch` and a process for each function, as on a cluster with the dispatcher's overlay: what
 * a Service, a site or the dispatcher itself leaves undone when it is killed is done when it is back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { batchContentType } from '../../events/batch-outcomes.ts';
import { functions } from '../../functions/index.ts';
import { type HttpServer, serveHttp } from '../../infra/host/http-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { commandLine, type Served, serveProcess } from '../contract/serve/process.ts';
import { endWell, killed, type ServedWorld, startServedWorld } from './served-world.ts';

const services = new Map<string, Served>();
let sites: ServedWorld;
let gateway: HttpServer;
let dispatcher: Served;
/** Batches that a function took. */
let batches = 0;

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
      if (answer.ok && headers['content-type'] === batchContentType) batches += 1;
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: text };
    } catch {
      return { status: 503, body: 'no endpoint\n' };
    }
  });

async function startFunction(name: string): Promise<void> {
  const { file, env } = sites;
  services.set(name, await serveProcess({ args: [name, '-f', file], env, port: await freePort() }));
}

async function startDispatcher(): Promise<void> {
  const { file, env } = sites;
  const port = await freePort();
  const to = `http://127.0.0.1:${gateway.port}/{function}`;
  const args = ['-f', file, '--to', to, '--listen', String(port)];
  dispatcher = await serveProcess({ main: commandLine('dispatch'), args, env, port });
}

beforeAll(async () => {
  sites = await startServedWorld();
  gateway = await startGateway();
  for (const { name } of functions) await startFunction(name);
  await startDispatcher();
}, 40 * 60_000);

afterAll(async () => {
  await endWell([...services.values(), dispatcher]);
  await gateway?.close(0);
  await sites?.stop();
});

test('versions, markers, purges and tags reach the target through the Services', async () => {
  await sites.changeAll();

  await sites.sitesAgree();
  expect(await sites.listed('west')).toHaveLength(4);
});

test('what takes longer than a request may last arrives in slices', async () => {
  const parts = await sites.putInParts('film.mov');

  await sites.sitesAgree();
  const slices = await sites.slicesOf('film.mov');
  expect(slices).toBeGreaterThanOrEqual(2);
  expect(slices).toBeLessThan(parts);
});

test('what is written while the target is down arrives when it is back', async () => {
  const target = sites.world.embedded.sites[1]?.server;
  await target?.kill();
  const written = await Promise.all(
    Array.from({ length: 20 }, (_, index) => sites.put(`while-down-${index}.jpg`)),
  );
  await target?.start();

  await sites.sitesAgree();
  expect((await sites.listed('west')).map((version) => version.versionId)).toEqual(
    expect.arrayContaining(written),
  );
});

test('what is written while a Service is gone, or is killed at work, arrives when it is back', async () => {
  const writing = Array.from({ length: 80 }, (_, index) => sites.put(`killed-${index}.jpg`));
  const service = services.get('replicate');
  if (service) await killed(service);
  services.delete('replicate');
  await Promise.all(writing);
  await startFunction('replicate');

  await sites.sitesAgree();
  // More than are sent one by one have waited together.
  expect(batches).toBeGreaterThan(0);
});

test('what a killed dispatcher held, the next one has', async () => {
  const writing = Array.from({ length: 40 }, (_, index) => sites.put(`held-${index}.jpg`));
  await Promise.all(writing.slice(0, 10));
  await killed(dispatcher);
  await Promise.all(writing);
  await startDispatcher();

  await sites.sitesAgree();
});
