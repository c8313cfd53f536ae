/** A receiver in this process, beside a store. */
import { receivers } from '../../../functions/index.ts';
import type { ObjectStore } from '../../../functions/ports.ts';
import { Secret } from '../../../infra/config/secret.ts';
import { startReceiverHost } from '../../../infra/host/receiver-host.ts';
import { systemClock } from '../../../infra/host/system-clock.ts';
import { createLogger } from '../../../infra/telemetry/log.ts';
import { createReceiverTelemetry } from '../../../infra/telemetry/receiver-metrics.ts';

export const token = 'the-token-of-the-receiver';

export interface ReceiverFixture {
  readonly url: string;
  stop(): Promise<void>;
}

export async function receiverAt(store: ObjectStore, buckets: readonly string[]): Promise<ReceiverFixture> {
  const [definition] = receivers;
  if (!definition) throw new Error('there is no receiver');
  const { port, stop } = await startReceiverHost({
    definition,
    host: '127.0.0.1',
    port: 0,
    token: new Secret(token),
    places: new Map(buckets.map((bucket) => [`${store.site}/${bucket}`, store])),
    deadlineMs: 30_000,
    clock: systemClock,
    ...createReceiverTelemetry(createLogger('silent')),
  });
  return { url: `http://127.0.0.1:${port}`, stop };
}
