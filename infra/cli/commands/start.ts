/** `npm start`: two embedded MinIO sites and NATS, a two-way rule, sample objects, and what becomes of them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { connectBus } from '../../bus/connection.ts';
import { linksOf } from '../../config/links.ts';
import { replicationRuleSchema } from '../../config/replication-rule.ts';
import { Secret } from '../../config/secret.ts';
import { readSettings } from '../../config/settings.ts';
import { apiVersion } from '../../config/site.ts';
import { type Deployment, startDeployment } from '../../host/deployment.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type EmbeddedWorld, startEmbedded } from '../../sites/embedded.ts';
import { rootClient } from '../../sites/setup.ts';
import { openStore, type Store } from '../../stores/index.ts';
import { createLogger } from '../../telemetry/log.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/metrics.ts';
import type { CliCommand } from '../command.ts';
import { agreementOf } from '../demo/agreement.ts';
import { draw, type Picture } from '../demo/drawing.ts';
import { writeSamples } from '../demo/sample.ts';
import { CommandError, type Io } from '../io.ts';
import { readOptions } from '../options.ts';
import { revealed } from '../session.ts';
import { untilStopped } from '../until-stopped.ts';

const names = ['paris', 'tokyo'] as const;
const bucket = 'photos';
const agreeWithinMs = 60_000;
const redrawEveryMs = 1000;

export const start: CliCommand = {
  name: 'start',
  summary: 'show it: two embedded MinIO sites, NATS and a two-way rule (npm start)',
  configure(command) {
    command.option('--once', 'do one round, print a summary and end');
  },
  async run({ io, options, environment }) {
    const { once } = readOptions({ once: z.boolean().default(false) }, options);
    const settings = readSettings(environment);
    const dir = await mkdtemp(join(tmpdir(), 'causeway-'));
    const stopped = untilStopped();
    let embedded: EmbeddedWorld | undefined;
    try {
      io.say('Starting two MinIO sites and NATS …');
      embedded = await startEmbedded({
        dir,
        sites: names,
        buckets: [{ name: bucket }],
        environment,
        report: io.warn,
      });
      await demonstrate({ io, embedded, settings, dir, isOnce: once, stopped });
    } finally {
      await embedded?.stop();
      await rm(dir, { recursive: true, force: true });
    }
    return 0;
  },
};

interface Demonstration {
  readonly io: Io;
  readonly embedded: EmbeddedWorld;
  readonly settings: ReturnType<typeof readSettings>;
  readonly dir: string;
  readonly isOnce: boolean;
  readonly stopped: Promise<void>;
}

async function demonstrate({ io, embedded, settings, dir, isOnce, stopped }: Demonstration): Promise<void> {
  const { nats, sites } = embedded;
  const stores = new Map(
    sites.map(({ name, server, credentials }) => {
      const { endpoint, region } = server;
      const { deadlines } = settings;
      return [
        name,
        openStore({
          site: name,
          endpoint,
          region,
          dialect: 'minio',
          credentials: revealed(credentials),
          deadlines,
        }),
      ];
    }),
  );
  const login = { user: nats.user, password: new Secret(nats.password) };
  const bus = await connectBus({ servers: [`${nats.host}:${nats.port}`], tls: false, login });
  const logger = createLogger(settings.logLevel === 'info' ? 'error' : settings.logLevel);
  const links = linksOf({ rules: [twoWayRule()] });
  const telemetry = telling(createTelemetry(logger), io);
  const deployment = await startDeployment({
    ...{ bus, links, stores, logger, telemetry, clock: systemClock, isFresh: true },
    deadlines: settings.deadlines,
    concurrency: settings.concurrency,
  });
  try {
    await writeAliases(dir, embedded);
    const [paris, tokyo] = sites.map(({ name, server }) => ({ site: name, client: rootClient(server) }));
    if (!paris || !tokyo) throw new Error('two sites were started');
    const began = Date.now();
    await writeSamples([paris, tokyo], bucket, io.say);
    const tookMs = await untilEqual(deployment, stores, links, began, stopped);
    summarise(io, await picture(deployment, stores, links, embedded), tookMs);
    if (isOnce) return;
    io.say(
      `\nTry it yourself, for example:  mc --config-dir ${join(dir, 'mc')} cp README.md paris/${bucket}/`,
    );
    io.say(
      `                                mc --config-dir ${join(dir, 'mc')} ls --versions tokyo/${bucket}/`,
    );
    io.say('Ctrl-C ends it and removes everything.\n');
    await redraw(() => picture(deployment, stores, links, embedded), io, stopped);
  } finally {
    await deployment.stop();
    await bus.close();
    await Promise.all([...stores.values()].map((store) => store.close()));
  }
}

const twoWayRule = () =>
  replicationRuleSchema.parse({
    apiVersion,
    kind: 'ReplicationRule',
    metadata: { name: bucket },
    spec: {
      source: { site: names[0], bucket },
      targets: [{ site: names[1], bucket }],
      direction: 'two-way',
      scan: { every: '10s' },
    },
  });

/** Says what crosses, as it does. */
function telling(telemetry: Telemetry, io: Io): Telemetry {
  return {
    ...telemetry,
    observer: {
      ...telemetry.observer,
      handled(link, event, result) {
        telemetry.observer.handled(link, event, result);
        const [, from, to] = link.split('_');
        const isNews = result.kind === 'done' && /^(verified|marker sent|purged|metadata)/.test(result.note);
        if (isNews) io.say(`  ${from} ──▶ ${to}  ${event.subject}  ${result.note}`);
      },
    },
  };
}

/** Milliseconds until both sites list the same; throws CommandError when they do not. */
async function untilEqual(
  deployment: Deployment,
  stores: ReadonlyMap<string, Store>,
  links: ReturnType<typeof linksOf>,
  began: number,
  stopped: Promise<void>,
): Promise<number> {
  const isStopped = stopped.then(() => true);
  for (;;) {
    const [{ differences }, status] = await Promise.all([compare(stores, links), deployment.status()]);
    const isQuiet = status.every(({ backlog }) => backlog === 0);
    if (differences === 0 && isQuiet) return Date.now() - began;
    if (Date.now() - began > agreeWithinMs) {
      throw new CommandError(
        `the sites still differ in ${differences} versions after ${agreeWithinMs / 1000} s`,
      );
    }
    const wait = systemClock.sleep(100).then(() => false);
    if (await Promise.race([wait, isStopped])) throw new CommandError('stopped before the sites were equal');
  }
}

function compare(stores: ReadonlyMap<string, Store>, [link]: ReturnType<typeof linksOf>) {
  const [paris, tokyo] = names.map((name) => stores.get(name));
  if (!paris || !tokyo || !link) throw new Error('two sites and a link were started');
  return agreementOf(link, paris, tokyo);
}

async function picture(
  deployment: Deployment,
  stores: ReadonlyMap<string, Store>,
  links: ReturnType<typeof linksOf>,
  { sites }: EmbeddedWorld,
): Promise<Picture> {
  const [status, agreement] = await Promise.all([deployment.status(), compare(stores, links)]);
  const [paris, tokyo] = sites.map(({ server }) => server.endpoint);
  return { sites: names, endpoints: [paris ?? '', tokyo ?? ''], ...agreement, links: status };
}

function summarise(io: Io, shown: Picture, tookMs: number): void {
  io.say('');
  for (const line of draw(shown)) io.say(line);
  io.document({
    equal: shown.differences === 0,
    versions: shown.versions,
    tookMs,
    sites: shown.sites.map((name, index) => ({ name, endpoint: shown.endpoints[index] })),
    links: shown.links.map(({ link, arrived, verified, bytes, arrivalLag, verificationLag }) => ({
      ...{ link, arrived, verified, bytes, arrivalLag, verificationLag },
    })),
  });
}

/** The picture again whenever it has changed, until `stopped`. */
async function redraw(look: () => Promise<Picture>, io: Io, stopped: Promise<void>): Promise<void> {
  const isStopped = stopped.then(() => true);
  let last = '';
  while (!(await Promise.race([systemClock.sleep(redrawEveryMs).then(() => false), isStopped]))) {
    const lines = await look().then(draw, () => []);
    const drawn = lines.join('\n');
    if (last !== '' && drawn !== last && lines.length > 0) io.say(`\n${drawn}\n`);
    last = drawn;
  }
}

/** A configuration for mc whose credentials nobody has to type; it goes with the directory. */
async function writeAliases(dir: string, { sites }: EmbeddedWorld): Promise<void> {
  const aliases = Object.fromEntries(
    sites.map(({ name, server }) => [
      name,
      {
        url: server.endpoint,
        accessKey: server.rootUser,
        secretKey: server.rootPassword,
        api: 's3v4',
        path: 'auto',
      },
    ]),
  );
  await mkdir(join(dir, 'mc'), { mode: 0o700 });
  await writeFile(join(dir, 'mc', 'config.json'), JSON.stringify({ version: '10', aliases }), {
    mode: 0o600,
  });
}
