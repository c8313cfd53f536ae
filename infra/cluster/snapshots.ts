/** The controller of volume snapshots: what happens to them in the cluster beside a site, as events on the stream. */
import { createEventLog } from '../bus/event-log.ts';
import { openSnapshotMemory } from '../bus/snapshot-memory.ts';
import { ensureStreams, streamsOn } from '../bus/streams.ts';
import type { Controller } from './controller.ts';
import { watchRights } from './snapshot-kinds.ts';
import { watchSnapshots } from './snapshot-watch.ts';

export const snapshots: Controller = {
  name: 'snapshots',
  rights: { own: [], everywhere: watchRights },
  async run({ config, site, nats, settings, observer, logger, clock, signal }) {
    if (site === undefined) {
      logger.info('no site was named that this cluster stands beside: volume snapshots are not followed');
      return;
    }
    const bus = await nats.connected(signal);
    await ensureStreams(bus, { links: [], sites: [] }, streamsOn(settings.natsReplicas));
    const log = createEventLog(bus);
    await watchSnapshots({
      cluster: site,
      config,
      memory: await openSnapshotMemory(bus, 'on the stream'),
      publish: (events) => log.publish(events.map((event) => ({ event }))),
      clock,
      observer: {
        ...observer,
        refused: (resource, problem) =>
          logger.error({ resource, problem }, 'an object no event can be made of'),
      },
      signal,
    });
  },
};
