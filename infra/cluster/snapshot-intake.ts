/**
 * Takes what an ApiServerSource posts of snapshots, as one CloudEvent in structured or binary mode. 202: what follows
 * from it is told. 400: it is no such event. 503: send it again; else it is told when the next listing shows it.
 */
import { EventError } from '../../events/cloudevent.ts';
import { messageOf } from '../../functions/errors.ts';
import type { Clock } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import { openSnapshotMemory, type Told } from '../bus/snapshot-memory.ts';
import { every } from '../host/every.ts';
import { attributesOf } from '../host/http-event.ts';
import type { HttpAnswer, HttpRequest } from '../host/http-server.ts';
import { accepted, sendAgain } from '../host/http-settle.ts';
import type { EventLog } from '../host/ports.ts';
import type { Logger } from '../telemetry/log.ts';
import { snapshotResources, takeResourceEvent } from './api-server-source.ts';
import { readKubeConfig } from './kube-config.ts';
import { catchUp } from './snapshot-catch-up.ts';
import { createSnapshotNews } from './snapshot-news.ts';

export interface SnapshotIntakeOptions {
  /** That the cluster stands beside. */
  readonly site: string;
  readonly bus: Bus;
  readonly log: EventLog;
  /** Where the log is. */
  readonly told: Told;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the listings. */
  readonly signal: AbortSignal;
}

export type TakeSnapshot = (request: Pick<HttpRequest, 'method' | 'headers' | 'body'>) => Promise<HttpAnswer>;

/** Of one request, for what the client of the cluster does not bound itself. */
const deadlineMs = 30_000;
const againAfterMs = 1000;
const listEveryMs = 5 * 60_000;

/** Where the streams are there. Throws KubeConfigError where there is no cluster. */
export async function openSnapshotIntake(options: SnapshotIntakeOptions): Promise<TakeSnapshot> {
  const { site: cluster, bus, log, told, clock, logger, signal } = options;
  const { config } = readKubeConfig();
  const memory = await openSnapshotMemory(bus, told);
  const news = createSnapshotNews({
    cluster,
    memory,
    async publish(events) {
      // A Broker keeps them in the order in which they come.
      for (const event of events) await log.publish([{ event }]);
    },
    now: () => clock.now(),
  });
  const intake = { cluster, news, resourceOf: snapshotResources(config) };

  every(listEveryMs, signal, clock, () =>
    catchUp({
      ...{ cluster, config, memory, signal, ...news },
      refused: (problem) => logger.error({ problem }, 'an object no event can be made of'),
    }).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ reason: messageOf(error) }, 'snapshots could not be listed');
    }),
  );

  return async ({ method, headers, body: read }) => {
    if (method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: 'POST a CloudEvent\n' };
    const body = await read();
    if (!body) return { status: 413, body: 'larger than an event may be\n' };
    try {
      await takeResourceEvent(attributesOf(headers, body), intake, AbortSignal.timeout(deadlineMs));
      return accepted;
    } catch (error) {
      const reason = messageOf(error);
      if (error instanceof EventError) {
        logger.warn({ reason }, 'what was posted is no event about a snapshot');
        return { status: 400, body: `${reason}\n` };
      }
      logger.warn({ reason }, 'what happened to a snapshot could not be told: it has to be sent again');
      return sendAgain(againAfterMs, reason);
    }
  };
}
