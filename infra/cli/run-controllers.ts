/** `causeway up --kubernetes`: the controllers of a cluster with their gateway, until they are told to stop. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { collectDefaultMetrics } from 'prom-client';
import { messageOf } from '../../functions/errors.ts';
import { keepConnecting } from '../bus/lasting.ts';
import { streamsOn } from '../bus/streams.ts';
import { readKubeConfig } from '../cluster/kube-config.ts';
import { createReplication } from '../cluster/replication.ts';
import { runCluster } from '../cluster/run.ts';
import type { Environment } from '../config/env.ts';
import { readSettings } from '../config/settings.ts';
import { startGateway } from '../gateway/gateway.ts';
import { atMost } from '../host/at-most.ts';
import { systemClock as clock } from '../host/system-clock.ts';
import { wire } from '../stores/wire.ts';
import { createLogger } from '../telemetry/log.ts';
import { createTelemetry } from '../telemetry/metrics.ts';
import { createVolumeMeter } from '../telemetry/volume-metrics.ts';
import { exitSoon } from './exit-soon.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { namedNats, openSiteStore, revealed } from './session.ts';
import { untilStopped } from './until-stopped.ts';

export interface RunControllersOptions {
  readonly file?: readonly string[] | undefined;
  readonly nats?: string | undefined;
  readonly listen: number;
  readonly host: string;
  readonly namespace?: string | undefined;
  readonly site?: string | undefined;
  readonly io: Io;
  readonly environment: Environment;
}

const refreshWithinMs = 2_000;
const drainMs = 10_000;
/** A dead site is told soon. */
const connectMs = 3_000;

/** Resolves to the exit code. */
export async function runControllers(options: RunControllersOptions): Promise<number> {
  const { io, environment, host } = options;
  // As process 1 nothing ends it but what it listens to itself, so it listens from the beginning.
  const stopped = untilStopped();
  if (options.file)
    throw new UsageError('--file does not go with --kubernetes: the documents are in the cluster');
  const settings = readSettings(environment);
  const access = namedNats(options.nats) ?? settings.nats;
  if (!access)
    throw new UsageError('name the NATS with --nats or CAUSEWAY_NATS_URL: a cluster has one of its own');
  const { config, namespace: own } = readKubeConfig();
  const namespace = options.namespace ?? own;
  const site = options.site ?? settings.site;
  const logger = createLogger(settings.logLevel);
  const telemetry = createTelemetry(logger);
  collectDefaultMetrics({ register: telemetry.registry });
  const volumeMeter = createVolumeMeter(telemetry.registry);
  const stopping = new AbortController();
  const nats = keepConnecting(access, clock, (reason) => {
    if (reason === undefined) logger.info('NATS is there');
    else logger.warn({ reason }, 'nothing is replicated until NATS is there');
  });
  const { concurrency, gatherMs, deadlines } = settings;
  const replication = createReplication({
    ...{ nats, clock, telemetry, logger, concurrency, gatherMs, deadlines },
    streams: streamsOn(settings.natsReplicas),
    openStore: (opened) => openSiteStore(opened, settings),
  });
  let code = 1;
  try {
    const gateway = await startGateway({
      host,
      port: options.listen,
      registry: telemetry.registry,
      // While NATS is away, what is known without it is told all the same.
      refresh: () => atMost(clock, refreshWithinMs, replication.status()),
      // Without NATS it still looks after the objects, and says in their status what is missing.
      notReady: () => undefined,
      webhook: {
        token: settings.webhookToken,
        get sites() {
          return replication.sites;
        },
        get intake() {
          return replication.intake;
        },
      },
    }).catch((error: unknown) => {
      throw new CommandError(
        `cannot listen (--host ${host}, --listen ${options.listen}): ${messageOf(error)}`,
      );
    });
    const url = `http://${host}:${gateway.port}`;
    io.say(`custom resources of namespace ${namespace} are followed; ${url}/metrics; stop with Ctrl-C`);
    io.document({ namespace, gateway: url });
    // Nothing throws unheard by design; if something does, the rest of the process goes on.
    process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'failed unheard'));
    const running = runCluster({
      ...{ config, namespace, site, nats, replication, settings, environment, volumeMeter, logger, clock },
      identity: `${hostname()}_${randomUUID().slice(0, 8)}`,
      openWire: ({ metadata, spec, access: { credentials, ca } }) =>
        wire({
          ...{ site: metadata.name, endpoint: spec.s3.endpoint, region: spec.s3.region, ca },
          credentials: revealed(credentials),
          connectMs,
        }),
      signal: stopping.signal,
    });
    await stopped;
    logger.info('stopping');
    stopping.abort(new Error('stopping'));
    await Promise.all([atMost(clock, drainMs + 5_000, running), gateway.close(drainMs)]);
    code = 0;
  } finally {
    exitSoon(code);
    await nats.close();
  }
  return code;
}
