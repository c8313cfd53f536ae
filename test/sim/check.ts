/** Whether all sites hold what the model says, to the last field; what differs, in words. */
import type { MemorySite } from '../../infra/stores/memory-site.ts';
import type { StoredVersion } from '../../infra/stores/memory-versions.ts';
import { canonical, type Expected, type Model } from './model.ts';

export function differences(model: Model, sites: readonly MemorySite[], bucket: string): string[] {
  return [...model.keys].flatMap((key) => {
    const histories = sites.map((site) => ({ site, held: site.bucket(bucket).versions.of(key) }));
    const expected = model.expected(key).filter((one) => !isGoneEverywhere(one, histories));
    return [
      ...histories.flatMap(({ site, held }) => ofHistory(key, site.name, expected, held)),
      ...disagreements(key, histories),
    ];
  });
}

type Histories = readonly { readonly site: MemorySite; readonly held: readonly StoredVersion[] }[];

const isGoneEverywhere = ({ mayBeGone, versionId }: Expected, histories: Histories): boolean =>
  mayBeGone && histories.every(({ held }) => !held.some((version) => version.versionId === versionId));

function ofHistory(
  key: string,
  site: string,
  expected: readonly Expected[],
  held: readonly StoredVersion[],
): string[] {
  const found: string[] = [];
  const at = `${site} ${key}`;
  for (const version of held) {
    if (isPlaceholder(version)) continue;
    if (!expected.some(({ versionId }) => versionId === version.versionId)) {
      found.push(`${at} ${short(version)}: held, but purged or never made`);
    }
  }
  for (const one of expected) {
    const there = held.find(({ versionId }) => versionId === one.versionId);
    if (there) found.push(...ofVersion(one, there, site).map((field) => `${at} ${short(one)}: ${field}`));
    else found.push(`${at} ${short(one)}: missing`);
  }
  if (found.length > 0) return found;
  const others = held.filter((version) => !isPlaceholder(version));
  const isInOrder = expected.every(({ versionId }, index) => others[index]?.versionId === versionId);
  if (isInOrder) return [];
  return [`${at}: order ${held.map(short).join(' ')} instead of ${expected.map(short).join(' ')}`];
}

/** Who makes a key's first marker may die before removing what it needed for that; it is older than anything. */
const isPlaceholder = ({ marker, modified }: StoredVersion): boolean => marker && modified <= 1_000_000_000n;

function ofVersion(expected: Expected, there: StoredVersion, site: string): string[] {
  // Where a marker is the first version of its key its status is lost; what was copied back to its origin is a replica.
  const isTold = !expected.marker && !expected.mayBeGone;
  const compared: Record<string, [unknown, unknown]> = {
    marker: [expected.marker, there.marker],
    etag: [expected.etag, there.etag],
    size: [expected.content.length, there.size],
    content: [0, Buffer.compare(expected.content, there.content)],
    milliseconds: [expected.modified / 1_000_000n, there.modified / 1_000_000n],
    metadata: [canonical(expected.metadata), canonical(there.metadata)],
    replica: isTold ? [expected.origin !== site, there.replica] : [0, 0],
  };
  const fields = Object.entries(compared)
    .filter(([, [one, other]]) => one !== other)
    .map(([name, [one, other]]) => `${name} ${other} instead of ${one}`);
  const tags = canonical(there.tags);
  if (!expected.tags.includes(tags)) fields.push(`tags ${tags} instead of ${expected.tags.join(' or ')}`);
  return fields;
}

/** Where more than one value would do, it must be the same one at all sites. */
function disagreements(key: string, histories: Histories): string[] {
  const tags = new Map<string, string>();
  const found: string[] = [];
  for (const { site, held } of histories) {
    for (const version of held) {
      const own = canonical(version.tags);
      const other = tags.get(version.versionId) ?? own;
      tags.set(version.versionId, other);
      if (own !== other) found.push(`${site.name} ${key} ${short(version)}: tags ${own}, elsewhere ${other}`);
    }
  }
  return found;
}

const short = ({ versionId }: { versionId: string }): string => versionId.slice(0, 8);
