/** The shipments of a volume, and the files of its repository, in a bucket: `<path>/shipments/…` beside restic's own. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { snapshotShippedSchema } from '../../events/volume-events.ts';
import { TerminalError } from '../../functions/errors.ts';
import type { RepositoryFile, Shipment, Shipments } from '../../functions/volume-ports.ts';
import { readShipmentName, shipmentFolder } from '../../functions/volumes/shipment-name.ts';

export interface ShipmentsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** No slash first or last. */
  readonly path: string;
}

const shipmentSchema = z.object({
  shipped: snapshotShippedSchema,
  files: z.array(z.object({ name: z.string().min(1).max(1024), size: z.int().nonnegative() })),
});

/** A line of a shipment takes a hundred bytes: a volume of some 30 TiB. */
const mostBytes = 256 * 1024 * 1024;
/** Locks belong to who works at one site now, and what a rule must not carry is not waited for. */
const needed = ['config', 'keys/', 'data/', 'index/', 'snapshots/'];

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

  return {
    async list() {
      const names = await Array.fromAsync(listed(shipmentFolder), ({ name }) => readShipmentName(name));
      const shipments = names.filter((name) => name !== undefined);
      return shipments.toSorted((one, other) => (one.shipment < other.shipment ? -1 : 1));
    },
    async read(shipment) {
      try {
        const { Body, ContentLength = 0 } = await client.send(
          new GetObjectCommand({ Bucket, Key: keyOf(shipment) }),
        );
        if (ContentLength > mostBytes) throw new TerminalError(`${shipment} is too large to be a shipment`);
        const text = (await Body?.transformToString()) ?? '';
        return readShipment(shipment, text);
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async write(shipment) {
      const Body = JSON.stringify(shipment);
      const about = { Bucket, Key: keyOf(shipment.shipped.shipment), ContentType: 'application/json' };
      await client.send(new PutObjectCommand({ ...about, Body }));
    },
    async remove(shipment) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(shipment) }));
    },
    async files() {
      const files = await Promise.all(needed.map((prefix) => Array.fromAsync(listed(prefix))));
      return files.flat();
    },
  };
}

function readShipment(name: string, text: string): Shipment {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TerminalError(`${name} is no shipment`, { cause });
  }
  const parsed = shipmentSchema.safeParse(value);
  if (!parsed.success) throw new TerminalError(`${name} is no shipment: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
