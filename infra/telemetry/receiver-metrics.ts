/** What a receiver counts, as Prometheus metrics. */
import { Counter, Registry } from 'prom-client';
import type { ReceiverHostOptions } from '../host/receiver-host.ts';
import type { Logger } from './log.ts';

export function createReceiverTelemetry(logger: Logger): Pick<ReceiverHostOptions, 'onStack' | 'metrics'> {
  const registry = new Registry();
  const received = new Counter({
    name: 'causeway_received_total',
    help: 'Versions that came in stacks, by what became of them',
    labelNames: ['place', 'outcome'],
    registers: [registry],
  });
  return {
    onStack(place, { written, failed }) {
      received.inc({ place, outcome: 'written' }, written);
      received.inc({ place, outcome: 'failed' }, failed);
      if (failed > 0) logger.warn({ place, written, failed }, 'not all of a stack could be written');
    },
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
