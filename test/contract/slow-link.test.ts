/** Stacks over a link that is too slow for full ones: they arrive all the same. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ShapedWire, startShapedWire } from '../../infra/bench/shaped-wire.ts';
import { openStore, type Store } from '../../infra/stores/index.ts';
import { withPacedStacks } from '../../infra/stores/paced-stacks.ts';
import { contentOf, newKey, newRef } from './store/fixture.ts';
import { type MinioFixture, minioFixture } from './store/minio-fixture.ts';

const deadlines = { requestMs: 5_000, putMs: 1_500 };
const bytesPerSecond = 500_000;
let site: MinioFixture;
let link: ShapedWire;
let store: Store;

beforeAll(async () => {
  site = await minioFixture();
  link = await startShapedWire({ upstream: new URL(site.server.endpoint).host, bytesPerSecond });
  const { credentials } = site;
  const { region } = site.server;
  const endpoint = `http://${link.address}`;
  store = withPacedStacks(
    openStore({ site: 'paris', endpoint, region, credentials, deadlines, dialect: 'minio' }),
    { deadlineMs: deadlines.putMs, now: Date.now },
  );
});
afterAll(async () => {
  await store?.close();
  await link?.stop();
  await site?.close();
});

test('what would not arrive in one request within its deadline arrives in several', async () => {
  const { stacking } = store;
  if (!stacking) throw new Error('MinIO takes stacks');
  // Three seconds of the link.
  const bodies = Array.from({ length: 24 }, () => randomBytes(64 * 1024));
  const entries = [];
  for (const [index, body] of bodies.entries()) {
    const entry = await stacking.load(newRef('versioned', newKey(`slow-${index}`)), contentOf(body));
    if (entry) entries.push(entry);
  }
  const waiting = [...entries];
  let failures = 0;
  while (waiting.length > 0 && failures < 10) {
    const stack = waiting.slice(0, Math.max(1, Math.floor(stacking.largestStack / (64 * 1024))));
    try {
      await stacking.write('versioned', stack);
      waiting.splice(0, stack.length);
    } catch {
      failures += 1;
    }
  }

  expect(failures).toBeGreaterThan(0);
  expect(failures).toBeLessThan(5);
  for (const { ref } of entries) expect((await site.store.look(ref)).state).toBe('object');
});
