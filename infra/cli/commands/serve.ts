/** `causeway serve FUNCTION`: one function over HTTP, as a Knative Service runs it, until it is told to stop. */
import { z } from 'zod';
import { functions, receivers } from '../../../functions/index.ts';
import type { Bus } from '../../bus/connection.ts';
import { createSink, type Sink } from '../../bus/sink.ts';
import { streamsOn } from '../../bus/streams.ts';
import { keepStreams, watchConnection } from '../../bus/upkeep.ts';
import { type HttpHost, startHttpHost } from '../../host/http-host.ts';
import { systemClock as clock } from '../../host/system-clock.ts';
import { openWorld } from '../../host/world.ts';
import { createLogger } from '../../telemetry/log.ts';
import { createTelemetry } from '../../telemetry/metrics.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import { exitSoon } from '../exit-soon.ts';
import { UsageError } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { serveReceiver } from '../serve-receiver.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { untilStopped } from '../until-stopped.ts';

const names = [...functions, ...receivers].map(({ name }) => name).join(', ');
const streamsEveryMs = 5_000;

export const serve: CliCommand = {
  name: 'serve',
  summary: 'serve one function over HTTP, as a Knative Service',
  configure(command) {
    withNats(withDocuments(command.argument('<function>', names))).option(
      '--host <address>',
      'address to listen on; the port is $PORT',
      '0.0.0.0',
    );
  },
  async run({ io, options, args: [name = ''], environment }) {
    // As process 1 nothing ends it but what it listens to itself, so it listens from the beginning.
    const stopped = untilStopped();
    const receiver = receivers.find((definition) => definition.name === name);
    const bound = functions.find((definition) => definition.name === name);
    if (receiver) {
      const chosen = readOptions({ ...sessionOptions, host: z.string() }, options);
      return serveReceiver(receiver, { chosen, environment, io, stopped });
    }
    if (!bound) throw new UsageError(`there is no function ${name}; there are ${names}`);
    const chosen = readOptions({ ...sessionOptions, host: z.string() }, options);
    const session = await openSession(chosen, environment, io);
    const { sink: url, deadlines } = session.settings;
    const sink = url === undefined ? undefined : createSink({ url, deadlineMs: deadlines.requestMs });
    const ending = new AbortController();
    let bus: Bus | undefined;
    let code = 1;
    try {
      bus = await connectSession(session);
      const host = await startFunction(session, bus, sink, { bound, host: chosen.host });
      const { links, stores } = session;
      const streams = streamsOn(session.settings.natsReplicas);
      const upkeep = { clock, everyMs: streamsEveryMs, signal: ending.signal, streams };
      keepStreams(bus, { links, sites: [...stores.keys()] }, upkeep).catch(() => undefined);
      io.say(`${name} listens on ${chosen.host}:${host.port}`);
      io.document({ function: name, host: chosen.host, port: host.port });
      await stopped;
      await host.stop();
      code = 0;
    } finally {
      exitSoon(code);
      ending.abort();
      await Promise.all([bus?.close(), sink?.close(), session.close()]);
    }
    return code;
  },
};

async function startFunction(
  { settings, links, stores }: Session,
  bus: Bus,
  sink: Sink | undefined,
  { bound, host }: { readonly bound: (typeof functions)[number]; readonly host: string },
): Promise<HttpHost> {
  const { sliceMs, port, logLevel, natsReplicas } = settings;
  const deadlines = { ...settings.deadlines, sliceMs };
  const telemetry = createTelemetry(createLogger(logLevel));
  const world = await openWorld({
    bus,
    links,
    stores,
    deadlines,
    clock,
    telemetry,
    log: sink,
    streams: streamsOn(natsReplicas),
  });
  return startHttpHost({
    bound,
    host,
    port,
    links,
    contextOf: world.contextOf,
    // Under a Broker, retries are finite.
    settlement: { ...world, clock, retries: sink ? 'ledger' : 'sender' },
    observer: telemetry.observer,
    clock,
    random: Math.random,
    notReady: watchConnection(bus.connection),
    metrics: async () => ({
      contentType: telemetry.registry.contentType,
      text: await telemetry.registry.metrics(),
    }),
  });
}
