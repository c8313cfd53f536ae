/** Large objects, uploaded in parts of the size that mc takes. */
import { randomBytes } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { MinioServer } from '../sites/minio-server.ts';
import { rootClient } from '../sites/setup.ts';
import type { Offered } from './objects.ts';

const partBytes = 16 * 1024 * 1024;
const partsAtOnce = 4;

export interface LargeOffer {
  readonly site: MinioServer;
  readonly bucket: string;
  readonly names: readonly string[];
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/** One object after another, some of its parts at once. */
export async function offerInParts({ site, bucket, names, bytes, signal }: LargeOffer): Promise<Offered> {
  const client = rootClient(site);
  const began = Date.now();
  try {
    for (const Key of names) {
      signal.throwIfAborted();
      await putInParts(client, { Bucket: bucket, Key }, bytes);
    }
  } finally {
    client.destroy();
  }
  return { began, ended: Date.now(), bytes: names.length * bytes };
}

async function putInParts(
  client: S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  bytes: number,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
  const count = Math.ceil(bytes / partBytes);
  const etags = new Map<number, string | undefined>();
  const numbers = Array.from({ length: count }, (_, index) => index + 1).values();
  const send = async (): Promise<void> => {
    for (const PartNumber of numbers) {
      const Body = randomBytes(Math.min(partBytes, bytes - (PartNumber - 1) * partBytes));
      const { ETag } = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
      etags.set(PartNumber, ETag);
    }
  };
  await Promise.all(Array.from({ length: partsAtOnce }, send));
  const Parts = Array.from({ length: count }, (_, index) => ({
    PartNumber: index + 1,
    ETag: etags.get(index + 1),
  }));
  await client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
}
