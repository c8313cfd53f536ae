/**
 * Fills a volume with a shipment that has arrived.
 *
 * on:        snapshot.shipped, where the volume to fill is mounted
 * emits:     snapshot.restored
 * guarantee: nothing is touched before every file that the shipment lists is at this site; then the volume is as it was,
 *            and what was in it besides is gone
 */
import { defineVolumeFunction, done, retryAfter } from './define.ts';
import { compare, wordsFor } from './volumes/arrival.ts';

const lookAgainMs = 2_000;

export const restoreSnapshot = defineVolumeFunction({
  name: 'restore-snapshot',
  on: ['dev.causeway.snapshot.shipped.v1'],
  emits: ['dev.causeway.snapshot.restored.v1'],
  async handle({ data }, { site, repository, shipments, clock }) {
    const shipment = await shipments.read(data.shipment);
    if (!shipment) return retryAfter(lookAgainMs, 'the shipment has not arrived');
    const arrived = await compare(shipment.files(), shipments.files());
    if (arrived.missing > 0) return retryAfter(lookAgainMs, wordsFor(arrived));
    await repository.restore(shipment.shipped);
    const restoredAt = new Date(clock.now()).toISOString();
    const restored = { ...shipment.shipped, at: site, restoredAt };
    return done('restored', { type: 'dev.causeway.snapshot.restored.v1', data: restored });
  },
});
