/**
 * Stores a point in time of a volume in the repository beside it, and says in the same bucket what came together: the
 * shipment, which the rule that carries the bucket brings along with all that it lists.
 *
 * on:        volume.due, where the volume's point in time is mounted
 * emits:     snapshot.shipped
 * guarantee: a shipment is written when every file that it lists is stored, and only of a volume that was read whole.
 *            One sync is shipped once, however often it is tried.
 */
import { defineVolumeFunction, done } from './define.ts';
import type { ShipmentName, VolumeContext } from './volume-ports.ts';
import { shipmentName } from './volumes/shipment-name.ts';

export const shipSnapshot = defineVolumeFunction({
  name: 'ship-snapshot',
  on: ['dev.causeway.volume.due.v1'],
  emits: ['dev.causeway.snapshot.shipped.v1'],
  async handle({ data }, context) {
    const { site, repository, shipments, clock } = context;
    const before = await shipments.list();
    const mine = before.find((one) => one.site === site && one.sync === data.sync);
    const known = mine && (await shipments.read(mine.shipment));
    if (known)
      return done('shipped before', { type: 'dev.causeway.snapshot.shipped.v1', data: known.shipped });

    if (before.length === 0) await repository.prepare();
    if ((before.at(-1)?.site ?? site) !== site) await repository.adopt();
    // As many as are kept at least: nothing can go yet.
    if (before.length > context.retention.last) await tidy(context, before);
    const stored = await repository.store(data);
    const shipped = await shipments.write({
      ...data,
      ...stored,
      shippedAt: new Date(clock.now()).toISOString(),
      shipment: shipmentName({ ...data, ...stored, site }),
    });
    return done('shipped', { type: 'dev.causeway.snapshot.shipped.v1', data: shipped });
  },
});

/** Before the next one is stored, so that a shipment lists nothing that is about to go. */
async function tidy(
  { site, repository, shipments, retention }: VolumeContext,
  before: readonly ShipmentName[],
) {
  const kept = await repository.forget(retention);
  if (kept === undefined) return;
  const forgotten = before.filter(({ snapshot }) => !kept.includes(snapshot));
  for (const { shipment } of forgotten) await shipments.remove(shipment);
  // The other site's files come in their own order: a part of a snapshot that nobody knows yet looks like waste.
  const isShared = before.some((one) => one.site !== site && kept.includes(one.snapshot));
  if (forgotten.length > 0 && !isShared) await repository.prune();
}
