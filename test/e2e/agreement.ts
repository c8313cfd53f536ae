/** Whether every site holds exactly what the model says, field by field; and what is not so, in words. */
import { toMilliseconds } from '../../events/times.ts';
import type { ListedVersion, ObjectStore } from '../../functions/ports.ts';
import type { Expected, Model } from './model.ts';

const isEqual = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );

async function listing(store: ObjectStore, bucket: string): Promise<Map<string, ListedVersion>> {
  const found = new Map<string, ListedVersion>();
  let after: { key: string; versionId: string } | undefined;
  do {
    const page = await store.list(bucket, { prefix: '', limit: 1000, ...(after ? { after } : {}) });
    for (const version of page.versions) found.set(`${version.key}\n${version.versionId}`, version);
    after = page.next;
  } while (after);
  return found;
}

async function wrongAt(
  store: ObjectStore,
  bucket: string,
  versionId: string,
  expected: Expected,
): Promise<string[]> {
  const name = `${store.site}: ${expected.key} ${versionId} (${expected.kind} of ${expected.site})`;
  const look = await store.look({ bucket, key: expected.key, versionId });
  if (look.state !== expected.kind) return [`${name}: is ${look.state}`];
  if (look.state === 'marker' || expected.kind === 'marker') return [];
  const { facts } = look;
  const pairs: [string, unknown, unknown][] = [
    ['etag', expected.etag, facts.etag],
    ['size', expected.size, facts.size],
    ['content type', expected.contentType, facts.headers['content-type']],
    ['metadata', expected.metadata, facts.metadata],
    ['tags', expected.tags, facts.tags],
  ];
  return pairs
    .filter(([, wanted, got]) => !isEqual(wanted, got))
    .map(([field, wanted, got]) => `${name}: ${field} is ${canonical(got)}, not ${canonical(wanted)}`);
}

/** What is wrong; empty when all sites equal each other and the model. */
async function disagreements(
  stores: readonly ObjectStore[],
  bucket: string,
  model: Model,
): Promise<string[]> {
  const wrong: string[] = [];
  const listings = await Promise.all(stores.map((store) => listing(store, bucket)));
  const [first] = listings;
  for (const [index, other] of listings.entries()) {
    const site = stores[index]?.site;
    for (const [key, versions] of Map.groupBy(other.values(), (version) => version.key)) {
      const unexpected = model.unexpected(
        key,
        versions.map(({ versionId }) => versionId),
      );
      wrong.push(...unexpected.map((versionId) => `${site}: ${key} ${versionId} should not be there`));
    }
    for (const [name, version] of other) {
      const same = first?.get(name);
      const shown = ({ marker, latest, modified, size, etag, facts }: ListedVersion) =>
        canonical({ marker, latest, modified: toMilliseconds(modified), size, etag, facts });
      if (!same) wrong.push(`${stores[0]?.site} does not list ${name} of ${site}`);
      else if (shown(same) !== shown(version)) {
        wrong.push(`${name} differs: ${shown(same)} at ${stores[0]?.site}, ${shown(version)} at ${site}`);
      }
    }
  }
  // Listings cost little: each version is asked for once they show no difference.
  if (wrong.length > 0) return wrong;
  const checks = [...model.versions].flatMap(([versionId, expected]) =>
    stores.map((store) => () => wrongAt(store, bucket, versionId, expected)),
  );
  const workers = Array.from({ length: 16 }, async () => {
    for (let check = checks.pop(); check; check = checks.pop()) wrong.push(...(await check()));
  });
  await Promise.all(workers);
  return wrong;
}

/** Resolves with the milliseconds it took until all agreed; throws with what is wrong after `withinMs`. */
export async function agreement(
  stores: readonly ObjectStore[],
  bucket: string,
  model: Model,
  withinMs: number,
): Promise<number> {
  const began = Date.now();
  for (;;) {
    const wrong = await disagreements(stores, bucket, model);
    const took = Date.now() - began;
    if (wrong.length === 0) return took;
    if (took > withinMs) {
      throw new Error(`${wrong.length} disagreements after ${took} ms:\n${wrong.slice(0, 25).join('\n')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
