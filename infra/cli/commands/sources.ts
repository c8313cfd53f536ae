/**
 * `causeway sources`: what the sites tell, and what a Knative ApiServerSource tells of volume snapshots, brought to a
 * Knative Broker ($K_SINK) as CloudEvents; and what the Broker could not deliver, brought to the ledger.
 */
import { createSink } from '../../bus/sink.ts';
import { streamsOn } from '../../bus/streams.ts';
import { keepStreams, watchConnection } from '../../bus/upkeep.ts';
import { startGateway } from '../../gateway/gateway.ts';
import { startIntakes } from '../../host/intakes.ts';
import { systemClock as clock } from '../../host/system-clock.ts';
import { takeUndelivered } from '../../host/undelivered.ts';
import { openWorld } from '../../host/world.ts';
import { createLogger } from '../../telemetry/log.ts';
import { createTelemetry } from '../../telemetry/metrics.ts';
import { type CliCommand, withDocuments, withGateway, withNats } from '../command.ts';
import { exitSoon } from '../exit-soon.ts';
import { UsageError } from '../io.ts';
import { gatewayOptions, readOptions, sessionOptions } from '../options.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { takeSnapshots } from '../take-snapshots.ts';
import { untilStopped } from '../until-stopped.ts';

const guardEveryMs = 1000;
const drainMs = 8_000;

export const sources: CliCommand = {
  name: 'sources',
  summary: 'bring what the sites tell to a Knative Broker',
  configure(command) {
    withGateway(withNats(withDocuments(command)), { host: '0.0.0.0', port: '8080' });
  },
  async run({ io, options, environment }) {
    const stopped = untilStopped();
    const chosen = readOptions({ ...sessionOptions, ...gatewayOptions }, options);
    const session = await openSession(chosen, environment, io);
    const { sink: url, deadlines } = session.settings;
    if (url === undefined) {
      await session.close();
      throw new UsageError('K_SINK is not set: a SinkBinding sets it to the address of the Broker');
    }
    const sink = createSink({ url, deadlineMs: deadlines.requestMs });
    let code = 1;
    try {
      const running = await startSources(session, sink, chosen);
      io.say(`${session.stores.size} sites are heard; http://${chosen.host}:${running.port}/metrics`);
      io.document({ sites: [...session.stores.keys()], gateway: `http://${chosen.host}:${running.port}` });
      await stopped;
      await running.stop();
      code = 0;
    } finally {
      exitSoon(code);
      await Promise.all([sink.close(), session.close()]);
    }
    return code;
  },
};

async function startSources(
  session: Session,
  log: ReturnType<typeof createSink>,
  { host, listen }: { readonly host: string; readonly listen: number },
) {
  const { links, stores, settings } = session;
  const { deadlines, natsReplicas, site, webhookToken } = settings;
  const bus = await connectSession(session);
  const ending = new AbortController();
  const logger = createLogger(settings.logLevel);
  const telemetry = createTelemetry(logger);
  const streams = streamsOn(natsReplicas);
  const world = await openWorld({ bus, links, stores, deadlines, clock, telemetry, log, streams });
  const intakes = await startIntakes({ bus, stores, world, telemetry, logger });
  const upkeep = { clock, everyMs: guardEveryMs, signal: ending.signal, streams };
  keepStreams(bus, { links, sites: [...stores.keys()] }, upkeep).catch(() => undefined);
  const gateway = await startGateway({
    host,
    port: listen,
    registry: telemetry.registry,
    refresh: () => Promise.resolve(),
    notReady: watchConnection(bus.connection),
    snapshots: await takeSnapshots({ site, bus, log, told: 'to a Broker', logger, signal: ending.signal }),
    undelivered: (request) => takeUndelivered({ links, clock, ...world }, request),
    webhook: { token: webhookToken, sites: new Set(stores.keys()), intake: intakes.intake },
  });
  return {
    port: gateway.port,
    async stop() {
      ending.abort();
      await Promise.all([intakes.close(), gateway.close(drainMs)]);
      await bus.close();
    },
  };
}
