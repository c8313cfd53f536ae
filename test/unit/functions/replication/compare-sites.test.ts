import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { VersionRef } from '../../../../events/object-events.ts';
import { SiteUnavailableError } from '../../../../functions/errors.ts';
import type { Link, ObjectStore } from '../../../../functions/ports.ts';
import { compareSites } from '../../../../functions/replication/compare-sites.ts';
import type { ComparedKey, Comparison } from '../../../../functions/replication/compare-versions.ts';
import { systemClock } from '../../../../infra/host/system-clock.ts';
import { memoryStore } from '../../../../infra/stores/memory.ts';
import { type MemoryClient, memoryClient } from '../../../../infra/stores/memory-client.ts';
import { type MemorySite, memorySite } from '../../../../infra/stores/memory-site.ts';
import { links } from '../../../e2e/rules.ts';

const bucket = 'photos';
const text = (words: string): Uint8Array => Buffer.from(words);

let paris: MemorySite;
let tokyo: MemorySite;
let source: ObjectStore;
let target: ObjectStore;
let client: MemoryClient;

const site = (name: string): MemorySite =>
  memorySite({ name, now: () => BigInt(Date.now()) * 1_000_000n, newVersionId: randomUUID });

beforeEach(() => {
  paris = site('paris');
  tokyo = site('tokyo');
  for (const at of [paris, tokyo]) at.makeBucket(bucket);
  source = memoryStore(paris);
  target = memoryStore(tokyo);
  client = memoryClient(paris);
});

async function replicate(key: string, versionId: string): Promise<VersionRef> {
  const ref = { bucket, key, versionId };
  const content = await source.read(ref);
  if (!content) throw new Error(`nothing to replicate at ${key}`);
  const listed = await source.list(bucket, { prefix: key, limit: 1000 });
  const modified = listed.versions.find((version) => version.versionId === versionId)?.modified;
  const facts = { ...content.facts, modified: modified ?? content.facts.modified };
  await target.write(ref, { ...content, facts });
  return ref;
}

function link(
  spec: Readonly<Record<string, unknown>> = {},
  direction: 'one-way' | 'two-way' = 'one-way',
): Link {
  const [first] = links({ sites: ['paris', 'tokyo'], bucket, direction, spec });
  if (!first) throw new Error('the rule has no link');
  return first;
}

async function compare(more: Partial<Comparison> = {}): Promise<ComparedKey[]> {
  const found: ComparedKey[] = [];
  const comparison = { link: link(), source, target, clock: systemClock, deep: false, ...more };
  for await (const compared of compareSites(comparison)) found.push(compared);
  return found;
}

async function differences(more: Partial<Comparison> = {}) {
  return (await compare(more)).flatMap(({ key, differences: of }) =>
    of.map((difference) => ({
      key,
      kind: difference.kind,
      ...('at' in difference && { at: difference.at }),
      ...('fields' in difference && { fields: difference.fields.map(({ field }) => field) }),
    })),
  );
}

test('equal sites have no difference, whatever is read', async () => {
  for (const words of ['one', 'two', 'three'])
    await replicate('a', client.put(bucket, 'a', text(words)).versionId);
  const marker = client.delete(bucket, 'a');
  if (!marker) throw new Error('no marker was made');
  await target.putMarker(
    { bucket, key: 'a', versionId: marker.versionId },
    new Date(Number(marker.modified / 1_000_000n)).toISOString(),
  );

  const found = await compare({ deep: true });

  expect(found).toEqual([
    { key: 'a', versions: 4, differences: [], nullVersions: [], leftAlone: 0, bytesRead: 22 },
  ]);
});

describe('tells what differs', () => {
  test('versions that one side lacks', async () => {
    client.put(bucket, 'a', text('only at paris'));
    memoryClient(tokyo).put(bucket, 'b', text('only at tokyo'));

    expect(await differences()).toEqual([
      { key: 'a', kind: 'missing', at: 'target' },
      { key: 'b', kind: 'missing', at: 'source' },
    ]);
  });

  test('tags, with both values', async () => {
    const ref = await replicate('a', client.put(bucket, 'a', text('one')).versionId);
    client.putTags(ref, { project: 'x' });

    const [compared] = await compare();

    expect(compared?.differences).toMatchObject([
      { kind: 'differs', fields: [{ field: 'tags', source: { project: 'x' }, target: {} }] },
    ]);
    expect(await differences({ link: link({ metadataChanges: false }) })).toEqual([]);
  });

  test('headers, metadata and the order of versions', async () => {
    const [first, second] = ['one', 'two'].map((words) => client.put(bucket, 'a', text(words)).versionId);
    if (!first || !second) throw new Error('nothing was put');
    const content = await source.read({ bucket, key: 'a', versionId: first });
    if (!content) throw new Error('nothing to read');
    const later = '2100-01-01T00:00:00.000Z';
    const facts = { ...content.facts, modified: later, metadata: { colour: 'red' } };
    await target.write({ bucket, key: 'a', versionId: first }, { ...content, facts });
    await replicate('a', second);

    expect(await differences()).toEqual([
      { key: 'a', kind: 'differs', fields: ['modified', 'user metadata'] },
      { key: 'a', kind: 'differs', fields: ['latest'] },
    ]);
  });

  test('content that has the same size and claims the same ETag, when it is read', async () => {
    // A multipart ETag is no checksum: nothing but reading tells.
    const { versionId } = client.put(bucket, 'a', text('good'), { parts: 2 });
    await replicate('a', versionId);
    const bad: ObjectStore = {
      ...target,
      async read(ref) {
        const content = await target.read(ref);
        return (
          content && {
            ...content,
            chunks: (async function* () {
              yield text('evil');
            })(),
          }
        );
      },
    };

    expect(await differences({ target: bad })).toEqual([]);
    expect(await differences({ target: bad, deep: true })).toEqual([
      { key: 'a', kind: 'differs', fields: ['content'] },
    ]);
  });
});

describe('looks again before it says so', () => {
  test("a nested key that the target's listing hides is not missing", async () => {
    await replicate('a/b', client.put(bucket, 'a/b', text('nested')).versionId);
    memoryClient(tokyo).put(bucket, 'a', text('in the way'));

    expect(await differences()).toEqual([{ key: 'a', kind: 'missing', at: 'source' }]);
  });

  test('what was listed and has gone since is not missing', async () => {
    const { versionId } = client.put(bucket, 'a', text('short-lived'));
    const slow: ObjectStore = {
      ...target,
      look: (ref) => {
        client.deleteVersion({ bucket, key: 'a', versionId });
        return target.look(ref);
      },
      list: target.list,
    };
    const later: ObjectStore = { ...source, look: async (ref) => (await slow.look(ref)) && source.look(ref) };

    expect(await differences({ source: later, target: slow })).toEqual([]);
  });
});

describe("leaves to the rule what is the rule's", () => {
  test('other keys, other tags, delete markers', async () => {
    client.put(bucket, 'tmp/a', text('excluded'));
    client.put(bucket, 'untagged', text('other tags'));
    client.put(bucket, 'tagged', text('ours'), { tags: { keep: 'yes' } });
    client.delete(bucket, 'tagged');
    const spec = {
      source: { site: 'paris', bucket, exclude: ['tmp/'], tags: { keep: 'yes' } },
      deleteMarkers: false,
    };

    expect(await differences({ link: link(spec) })).toEqual([
      { key: 'tagged', kind: 'missing', at: 'target' },
    ]);
  });

  test('replicas of what was purged, and what was there before the rule', async () => {
    const ref = await replicate('a', client.put(bucket, 'a', text('purged')).versionId);
    client.deleteVersion(ref);
    client.put(bucket, 'b', text('old'));
    const spec = { versionPurges: false, existingObjects: false };

    const found = await compare({ link: link(spec), since: '2100-01-01T00:00:00.000Z' });

    expect(found.map(({ differences: of, leftAlone }) => [of.length, leftAlone])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test('a retention that has ended', async () => {
    const mode = 'GOVERNANCE';
    const ref = await replicate('a', client.put(bucket, 'a', text('kept')).versionId);
    client.putRetention(ref, { mode, until: '2020-01-01T00:00:00.000Z' });

    expect(await differences()).toEqual([]);
    client.putRetention(ref, { mode, until: '2100-01-01T00:00:00.000Z' });
    expect(await differences()).toEqual([{ key: 'a', kind: 'differs', fields: ['retention'] }]);
  });

  test('null versions, two-way', async () => {
    paris.removeBucket(bucket);
    paris.makeBucket(bucket, { versioning: 'suspended' });
    client.put(bucket, 'a', text('null'));

    const found = await compare({ link: link({}, 'two-way') });

    expect(found).toMatchObject([
      { versions: 0, differences: [], nullVersions: [{ at: 'source', version: { versionId: 'null' } }] },
    ]);
    expect(await differences()).toEqual([{ key: 'a', kind: 'missing', at: 'target' }]);
  });
});

test('goes on where it was when a site fails for a moment', async () => {
  for (const key of ['a', 'b', 'c']) client.put(bucket, key, text(key));
  let looks = 0;
  const shaky: ObjectStore = {
    ...target,
    look: async (ref) => {
      looks += 1;
      if (looks === 3) throw new SiteUnavailableError('tokyo', 'a moment');
      return target.look(ref);
    },
  };

  expect((await differences({ target: shaky })).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
});
