/** What has arrived in the bucket at this site: the newest shipment of each volume that is there whole. */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { candidates, compare, wordsFor } from '../../../functions/volumes/arrival.ts';
import { createShipments } from '../../volumes/shipments.ts';
import type { Arrival } from './observed.ts';

export interface Arrivals {
  /** Of one volume, what one site has shipped; `path` is that of its repository. */
  look(path: string, from: string): Promise<Arrival>;
  /** The names of the volumes beneath a path. */
  volumes(path: string): Promise<string[]>;
}

export function createArrivals(client: S3Client, bucket: string): Arrivals {
  const whole = new Map<string, NonNullable<Arrival['shipped']>>();

  return {
    async look(path, from) {
      const shipments = createShipments({ client, bucket, path });
      const newest = candidates(await shipments.list(), from);
      const [first] = newest;
      const place = `${from} ${path}`;
      const known = whole.get(place);
      if (!first) return { shipped: undefined, waits: undefined };
      if (known?.shipment === first.shipment) return { shipped: known, waits: undefined };
      let waits: string | undefined;
      for (const { shipment: name } of newest) {
        const shipment = await shipments.read(name);
        const arrived = shipment && (await compare(shipment.files(), shipments.files()));
        if (shipment && arrived?.missing === 0) {
          whole.set(place, shipment.shipped);
          return { shipped: shipment.shipped, waits };
        }
        waits ??= arrived ? wordsFor(arrived) : `${name} has not arrived`;
      }
      return { shipped: known, waits };
    },
    async volumes(path) {
      const Prefix = `${path}/`;
      const names: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix, Delimiter: '/', ContinuationToken }),
        );
        for (const { Prefix: found = '' } of page.CommonPrefixes ?? [])
          names.push(found.slice(Prefix.length, -1));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return names;
    },
  };
}
