/**
 * A seeded workload of an application that knows nothing of Causeway: puts, overwrites, multipart uploads, odd keys,
 * empty objects, copies, delete markers, purges, markers purged, tags, multi-deletes, at several sites at once. Work on
 * one key at one site is in order; hot keys are written from both sides. A request that fails while a server is down
 * is made again; what the server made of it unheard is no fault, and a purge that may have happened is repeated.
 */
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Model } from './model.ts';
import { type Chance, chance } from './random.ts';

export const oddKeys = [
  'plain.txt',
  'with space/and more.txt',
  'ünïcode/日本語/😀.txt',
  'percent%20literal',
  'plus+and&amp;=?#.bin',
  `quotes'"and\`.txt`,
  `long/${'x'.repeat(200)}/${'y'.repeat(200)}/${'z'.repeat(200)}/${'w'.repeat(200)}/${'v'.repeat(90)}`,
  'a.b..c/~tilde!$(),;:@',
];

export interface WorkloadOptions {
  readonly seed: number;
  readonly operations: number;
  readonly bucket: string;
  /** An application's client at each site that it writes to; it makes one attempt, so that each one is counted. */
  readonly clients: ReadonlyMap<string, S3Client>;
  readonly lanes?: number;
  /** Called after each operation; a chaos test does its harm here. */
  onOperation?(done: number): void;
}

const tagging = (tags: Readonly<Record<string, string>>): string => new URLSearchParams(tags).toString();
const tagSet = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export async function runWorkload(options: WorkloadOptions): Promise<Model> {
  const { seed, operations, bucket, clients, lanes = 12 } = options;
  const model = new Model();
  const sites = [...clients.keys()];
  let done = 0;

  async function lane(number: number): Promise<void> {
    const luck = chance(seed * 1000 + number);
    const site = sites[number % sites.length] ?? '';
    const client = clients.get(site);
    if (!client) throw new Error(`no client for ${site}`);
    const own = [
      ...oddKeys.filter((_, index) => index % lanes === number % lanes).map((key) => `${site}/${key}`),
      ...Array.from({ length: 8 }, (_, index) => `${site}/lane${number}/key${index}`),
    ];
    const hot = ['hot/one', 'hot/two'];
    while (done < operations) {
      done += 1;
      await operate({ client, site, bucket, luck, model, own, hot });
      options.onOperation?.(done);
    }
  }

  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  return model;
}

interface Lane {
  readonly client: S3Client;
  readonly site: string;
  readonly bucket: string;
  readonly luck: Chance;
  readonly model: Model;
  readonly own: readonly string[];
  readonly hot: readonly string[];
}

async function operate(lane: Lane): Promise<void> {
  const { luck } = lane;
  const roll = luck.next();
  if (roll < 0.5) return put(lane, luck.next() < 0.2 ? luck.pick(lane.hot) : luck.pick(lane.own));
  if (roll < 0.51) return multipart(lane, luck.pick(lane.own));
  if (roll < 0.54) return copy(lane, luck.pick(lane.own));
  const key = luck.pick(lane.own);
  if (roll < 0.66) return mark(lane, key);
  if (roll < 0.76) return purge(lane, key, 'object');
  if (roll < 0.82) return purge(lane, key, 'marker');
  if (roll < 0.94) return retag(lane, key);
  return multiDelete(lane, key);
}

function description({ luck }: Lane) {
  const rich = luck.next() < 0.5;
  return {
    contentType: rich ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    metadata: rich ? { colour: luck.pick(['red', 'blue']), 'long-name': 'x'.repeat(luck.below(300)) } : {},
    tags: luck.next() < 0.4 ? { project: luck.pick(['a', 'b']), 'odd key': 'v +=/@' } : {},
  };
}

const fields = (lane: Lane, key: string, about: ReturnType<typeof description>) => ({
  Bucket: lane.bucket,
  Key: key,
  ContentType: about.contentType,
  Metadata: about.metadata,
  ...(Object.keys(about.tags).length > 0 ? { Tagging: tagging(about.tags) } : {}),
});

async function put(lane: Lane, key: string): Promise<void> {
  const { client, site, luck, model } = lane;
  const about = description(lane);
  const size = luck.next() < 0.1 ? 0 : luck.below(luck.next() < 0.05 ? 400_000 : 3000);
  const body = Buffer.alloc(size, luck.below(256));
  const answer = await again(
    () => client.send(new PutObjectCommand({ ...fields(lane, key, about), Body: body })),
    () => model.leaveOpen(key),
  );
  const etag = createHash('md5').update(body).digest('hex');
  model.add(known(answer.VersionId), { kind: 'object', key, site, etag, size, ...about });
}

async function multipart(lane: Lane, key: string): Promise<void> {
  const { client, bucket, site, luck, model } = lane;
  const about = description(lane);
  const at = { Bucket: bucket, Key: key };
  const bodies = [Buffer.alloc(5 * 1024 * 1024, luck.below(256)), Buffer.alloc(1 + luck.below(1000), 7)];
  const answer = await again(
    async () => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(fields(lane, key, about)));
      const Parts = [];
      for (const [index, Body] of bodies.entries()) {
        const PartNumber = index + 1;
        const part = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
        Parts.push({ PartNumber, ETag: part.ETag });
      }
      return client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
    },
    () => model.leaveOpen(key),
  );
  const etag = (answer.ETag ?? '').replaceAll('"', '');
  const size = bodies.reduce((sum, body) => sum + body.length, 0);
  model.add(known(answer.VersionId), { kind: 'object', key, site, etag, size, ...about });
}

async function copy(lane: Lane, key: string): Promise<void> {
  const { client, bucket, site, luck, model } = lane;
  const from = luck.pick(lane.own);
  const [versionId] = model.of(from, site, 'object');
  const original = versionId === undefined ? undefined : model.versions.get(versionId);
  if (original?.kind !== 'object') return put(lane, key);
  const CopySource = `${bucket}/${encodeURIComponent(from)}?versionId=${versionId}`;
  const answer = await again(
    () => client.send(new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource })),
    () => model.leaveOpen(key),
  );
  const etag = (answer.CopyObjectResult?.ETag ?? '').replaceAll('"', '');
  model.add(known(answer.VersionId), { ...original, key, etag });
}

async function mark({ client, bucket, site, model }: Lane, key: string): Promise<void> {
  const answer = await again(
    () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })),
    () => model.leaveOpen(key),
  );
  // A key that never was leaves no marker.
  if (answer.DeleteMarker) model.add(known(answer.VersionId), { kind: 'marker', key, site });
}

async function purge(
  { client, bucket, site, luck, model }: Lane,
  key: string,
  kind: 'object' | 'marker',
): Promise<void> {
  const candidates = model.of(key, site, kind);
  if (candidates.length === 0) return;
  const VersionId = luck.pick(candidates);
  await again(() => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId })));
  model.purge(VersionId);
}

async function multiDelete({ client, bucket, site, luck, model }: Lane, key: string): Promise<void> {
  const [VersionId] = model.of(key, site, luck.next() < 0.5 ? 'object' : 'marker');
  // A multi-delete of a key that has no versions names a marker and makes none (seen on MinIO).
  if (model.of(key, site, 'object').length + model.of(key, site, 'marker').length === 0) return;
  const Objects = VersionId === undefined ? [{ Key: key }] : [{ Key: key, VersionId }];
  const answer = await again(
    () => client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } })),
    () => model.leaveOpen(key),
  );
  if (VersionId !== undefined) return model.purge(VersionId);
  for (const deleted of answer.Deleted ?? []) {
    if (deleted.DeleteMarkerVersionId)
      model.add(deleted.DeleteMarkerVersionId, { kind: 'marker', key, site });
  }
}

async function retag({ client, bucket, site, luck, model }: Lane, key: string): Promise<void> {
  const candidates = model.of(key, site, 'object');
  if (candidates.length === 0) return;
  const VersionId = luck.pick(candidates);
  const version = model.versions.get(VersionId);
  if (version?.kind !== 'object') return;
  const at = { Bucket: bucket, Key: key, VersionId };
  const tags = luck.next() < 0.2 ? {} : { turn: String(luck.below(1000)), 'key/two': 'a+b = c@d' };
  await again<unknown>(() =>
    Object.keys(tags).length === 0
      ? client.send(new DeleteObjectTaggingCommand(at))
      : client.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet: tagSet(tags) } })),
  );
  version.tags = tags;
}

function known(versionId: string | undefined): string {
  if (versionId === undefined) throw new Error('the store named no version');
  return versionId;
}

/** An application retries while its server is away. */
async function again<Answer>(
  request: () => Promise<Answer>,
  unanswered: () => void = () => undefined,
): Promise<Answer> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (error instanceof S3ServiceException && (error.$metadata.httpStatusCode ?? 500) < 500) throw error;
      if (Date.now() > deadline) throw error;
      unanswered();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
