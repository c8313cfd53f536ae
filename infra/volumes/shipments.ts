/** The shipments of a volume, and the files of its repository, in a bucket: `<path>/shipments/…` beside restic's own. */
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { RetryableError } from '../../functions/errors.ts';
import type { RepositoryFile, Shipments } from '../../functions/volume-ports.ts';
import { readShipmentName, shipmentFolder } from '../../functions/volumes/shipment-name.ts';
import { packed, type Unpacked, unpacked } from './shipment-file.ts';

export interface ShipmentsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** No slash first or last. */
  readonly path: string;
}

/** Of an upload in parts, which is what a repository of some hundred terabytes takes. */
const pieceBytes = 8 * 1024 * 1024;
/** Locks belong to who works at one site now, and what a rule must not carry is not waited for. */
const needed = ['config', 'data/', 'index/', 'keys/', 'snapshots/'];

export function createShipments({ client, bucket: Bucket, path }: ShipmentsOptions): Shipments {
  const keyOf = (name: string): string => `${path}/${name}`;

  async function* listed(prefix: string): AsyncGenerator<RepositoryFile> {
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket, Prefix: keyOf(prefix), ContinuationToken });
      const page = await client.send(command);
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        yield { name: Key.slice(path.length + 1), size: Size };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async function* files(): AsyncGenerator<RepositoryFile> {
    for (const prefix of needed) yield* listed(prefix);
  }

  const get = async (shipment: string): Promise<Unpacked> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(shipment) }));
    if (!(Body instanceof Readable)) throw new RetryableError(`${shipment} came without content`);
    return unpacked(shipment, Body);
  };

  return {
    files,
    async list() {
      const names = await Array.fromAsync(listed(shipmentFolder), ({ name }) => readShipmentName(name));
      const shipments = names.filter((name) => name !== undefined);
      return shipments.toSorted((one, other) => (one.shipment < other.shipment ? -1 : 1));
    },
    async read(shipment) {
      try {
        const { shipped, close } = await get(shipment);
        await close();
        return {
          shipped,
          async *files() {
            yield* (await get(shipment)).files;
          },
        };
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async write(about) {
      const needs = { files: 0, bytes: 0 };
      for await (const { size } of files()) {
        needs.files += 1;
        needs.bytes += size;
      }
      const shipped = { ...about, needs };
      await upload(client, { Bucket, Key: keyOf(about.shipment) }, packed(shipped, files(), pieceBytes));
      return shipped;
    },
    async remove(shipment) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(shipment) }));
    },
  };
}

const about = { ContentType: 'application/gzip' };

/** In one request where there is one piece, else in parts. */
async function upload(
  client: S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  pieces: AsyncGenerator<Buffer>,
): Promise<void> {
  const { value: first = Buffer.alloc(0) } = await pieces.next();
  let next = await pieces.next();
  if (next.done) {
    await client.send(new PutObjectCommand({ ...at, ...about, Body: first }));
    return;
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ...about }));
  const Parts: CompletedPart[] = [];
  const put = async (Body: Buffer): Promise<void> => {
    const PartNumber = Parts.length + 1;
    const { ETag } = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  };
  try {
    await put(first);
    for (; !next.done; next = await pieces.next()) await put(next.value);
    await client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  } catch (error) {
    // Parts that nobody completes would be paid for.
    await client.send(new AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
    throw error;
  }
}
