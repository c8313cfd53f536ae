/**
 * The MinIO dialect: replicas keep the source's version ID, time, ETag, headers, metadata, tags and locks, and emit
 * no event. Read in MinIO's source at 7aac2a2c5b7c, and pinned by test/contract.
 */
import type { VersionRef } from '../../events/object-events.ts';
import { RefusedError, RetryableError, TerminalError } from '../../functions/errors.ts';
import type { Content } from '../../functions/ports.ts';
import { buckets } from './bucket-info.ts';
import { processBudget } from './byte-budget.ts';
import { encryptionOf, factsOfHeaders } from './minio-facts.ts';
import { listVersions } from './minio-listing.ts';
import { LOOK, look } from './minio-look.ts';
import { changeMetadata } from './minio-metadata.ts';
import { type Means, REPLICA, versionOf } from './minio-replica.ts';
import { upload } from './minio-upload.ts';
import type { Store, StoreOptions } from './store-options.ts';
import { wire as openWire, type WireRequest } from './wire.ts';

export function minioStore(options: StoreOptions): Store {
  const { site, deadlines, budget = processBudget } = options;
  const deadlineMs = deadlines.requestMs;
  const wire = openWire(options);
  const sdk = buckets(options);
  const means: Means = { wire, budget, deadlines };

  async function expect(status: number, request: WireRequest): Promise<void> {
    const answer = await wire.send(request);
    if (answer.status !== status) throw await wire.refusal(request, answer);
  }

  async function read(ref: VersionRef): Promise<Content | undefined> {
    const request = { ...versionOf(ref), method: 'GET', headers: LOOK, deadlineMs } as const;
    const answer = await wire.open(request);
    const { status, headers, body } = answer;
    if (status === 200) {
      const encryption = encryptionOf(headers);
      return {
        facts: factsOfHeaders(headers),
        ...(encryption !== undefined && { encryption }),
        chunks: body,
        discard: () => body.destroy(),
      };
    }
    const isMarker = status === 405 && headers['x-amz-delete-marker'] === 'true';
    const error = await wire.refusal(request, answer);
    const isBucketMissing = error instanceof RefusedError && error.code === 'NoSuchBucket';
    if (isMarker || (status === 404 && !isBucketMissing)) return undefined;
    throw error;
  }

  return {
    site,
    probe: () => expect(200, { method: 'GET', deadlineMs }),
    bucket: (bucket) => sdk.info(bucket),
    look: async (ref) => look(means, named(site, ref)),
    read: async (ref) => read(named(site, ref)),
    write: async (ref, content) => upload(means, named(site, ref), content),
    async putMarker(ref, modified) {
      const seen = await look(means, named(site, ref));
      if (seen.state === 'marker') return;
      // Aimed at an object's version, the request would purge it.
      if (seen.state === 'object')
        throw new TerminalError(`site ${site} holds an object under the version ID of this delete marker`);
      await expect(204, {
        ...versionOf(ref),
        method: 'DELETE',
        headers: { ...REPLICA, 'x-minio-source-deletemarker': 'true', 'x-minio-source-mtime': modified },
        deadlineMs,
      });
    },
    purge: (ref) =>
      expect(204, { ...versionOf(named(site, ref)), method: 'DELETE', headers: REPLICA, deadlineMs }),
    async setMetadata(ref, wanted) {
      const seen = await look(means, named(site, ref));
      if (seen.state !== 'object') throw new RetryableError(`site ${site} does not hold this version`);
      await changeMetadata(means, ref, { current: seen.facts, wanted });
    },
    list: (bucket, from) => listVersions(wire, bucket, { ...from, metadata: true }, deadlineMs),
    async close() {
      sdk.close();
      await wire.close();
    },
  };
}

/** MinIO would take `/a` for `a`. */
function named(site: string, ref: VersionRef): VersionRef {
  if (ref.key.startsWith('/'))
    throw new TerminalError(`site ${site}: MinIO cannot hold a key that begins with a slash: ${ref.key}`);
  return ref;
}
