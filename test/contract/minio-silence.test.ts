/** Writes of replicas notify nobody, whatever they write: a loop would begin there. */
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../infra/sites/ports.ts';
import { announceChanges, rootClient } from '../../infra/sites/setup.ts';
import { bytes, contentOf, MEBIBYTE, newKey, newRef } from './store/fixture.ts';
import { type MinioFixture, minioFixture } from './store/minio-fixture.ts';

let fixture: MinioFixture;
let webhook: Server;
/** `EventName key`, in the order in which they came. */
const heard: string[] = [];

beforeAll(async () => {
  webhook = createServer(async (request, response) => {
    const body = await text(request);
    response.end();
    if (body === '') return;
    const { EventName, Key }: { EventName: string; Key: string } = JSON.parse(body);
    heard.push(`${EventName} ${Key}`);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => webhook.listen(port, '127.0.0.1', resolve));
  // Sent before the client is answered, so that nothing can come later.
  const env = { MINIO_API_SYNC_EVENTS: 'on' };
  fixture = await minioFixture({ webhook: { endpoint: `http://127.0.0.1:${port}/` }, env });
  const client = rootClient(fixture.server);
  await announceChanges(client, 'locked', fixture.server.notificationArns);
  client.destroy();
});

afterAll(async () => {
  await fixture?.close();
  webhook?.close();
});

test('a user is heard, the store is not', async () => {
  const { store, user } = fixture;
  const hello = bytes('hello');
  const [small, large, marker] = [0, 0, 0].map(() => newRef('locked', newKey('silent')));
  if (!small || !large || !marker) return;

  await store.write(small, contentOf(hello));
  await store.write(small, contentOf(hello));
  await store.write(large, contentOf(Buffer.alloc(17 * MEBIBYTE)));
  await store.write(
    newRef('locked', large.key),
    contentOf(Buffer.alloc(17 * MEBIBYTE), { etag: `${'0'.repeat(32)}-2` }),
  );
  await store.putMarker(marker, '2026-01-02T03:04:05Z');
  await store.putMarker(newRef('locked', small.key), '2026-01-02T03:04:05Z');
  for (const wanted of [
    {
      tags: { a: '1' },
      retention: { mode: 'GOVERNANCE', until: '2090-01-01T00:00:00.000Z' },
      legalHold: 'ON',
    },
    { tags: {}, legalHold: 'OFF' },
  ] as const)
    await store.setMetadata(small, wanted);
  await store.read(small).then((content) => content?.discard());
  await store.purge(marker);
  await store.purge(small);
  await store.purge(small);
  const spoken = await user.put('locked', newKey('spoken'), hello);
  await user.putTags(spoken, { a: '1' });

  await expect.poll(() => heard.length).toBeGreaterThanOrEqual(2);
  expect(heard).toEqual([
    `s3:ObjectCreated:Put locked/${spoken.key}`,
    `s3:ObjectCreated:PutTagging locked/${spoken.key}`,
  ]);
});
