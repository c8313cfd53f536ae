/** What most commands start with: documents, their sites' stores, and the NATS of the deployment. */
import { dirname, join, resolve } from 'node:path';
import type { Link, ObjectStore } from '../../functions/ports.ts';
import { type Bus, connectBus } from '../bus/connection.ts';
import type { Credentials } from '../config/credentials.ts';
import type { Documents } from '../config/documents.ts';
import type { Environment } from '../config/env.ts';
import { linksOf } from '../config/links.ts';
import { loadDocuments } from '../config/load.ts';
import type { NatsServers } from '../config/nats-url.ts';
import { parseNatsUrl } from '../config/nats-url.ts';
import { renderProblem } from '../config/problems.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { systemClock } from '../host/system-clock.ts';
import { openStore, type Store } from '../stores/index.ts';
import { withPacedStacks } from '../stores/paced-stacks.ts';
import { openReceiver } from '../stores/receiver.ts';
import { withReceivers } from '../stores/receivers.ts';
import { createLogger } from '../telemetry/log.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { readState } from './state.ts';

export interface SessionOptions {
  /** Without: the settings name them. */
  readonly file?: readonly string[] | undefined;
  readonly nats?: string | undefined;
}

export interface Session {
  readonly files: readonly string[];
  readonly settings: Settings;
  readonly documents: Documents;
  readonly links: readonly Link[];
  readonly stores: ReadonlyMap<string, ObjectStore>;
  /** Where an embedded NATS keeps its files: beside the first document. */
  readonly stateDir: string;
  /** The NATS that was named, or that `up` started beside the documents. */
  readonly nats: NatsServers | undefined;
  close(): Promise<void>;
}

/** Throws CommandError with every problem of the documents, UsageError for a wrong --nats. */
export async function openSession(
  options: SessionOptions,
  environment: Environment,
  io: Io,
): Promise<Session> {
  const settings = readSettings(environment);
  const files = options.file ?? settings.documents;
  const loaded = await loadDocuments(files, environment);
  if (!loaded.ok) {
    io.document({ problems: loaded.problems });
    throw new CommandError(loaded.problems.map(renderProblem).join('\n'));
  }
  const { documents } = loaded;
  const opened = documents.sites.map((site) => openSiteStore(site, settings));
  const stateDir = join(dirname(resolve(files[0] ?? '.')), '.causeway');
  return {
    files,
    settings,
    documents,
    links: linksOf(documents),
    stores: new Map(opened.map((store) => [store.site, store])),
    stateDir,
    nats: namedNats(options.nats) ?? settings.nats ?? (await readState(stateDir)),
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
    },
  };
}

/** The store signs with the plain text; it keeps it inside its signer. */
export const revealed = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => ({
  accessKeyId,
  secretAccessKey: secretAccessKey.reveal(),
  ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}),
});

export function openSiteStore(site: Documents['sites'][number], settings: Settings): Store {
  return withPacedStacks(openReceivedStore(site, settings), {
    deadlineMs: settings.deadlines.putMs,
    now: systemClock.now,
  });
}

function openReceivedStore(
  { metadata, spec: { s3 }, access }: Documents['sites'][number],
  settings: Settings,
): Store {
  const { receivers, ca } = access;
  const store = openStore({
    site: metadata.name,
    endpoint: s3.endpoint,
    region: s3.region,
    dialect: s3.dialect,
    credentials: revealed(access.credentials),
    ca,
    deadlines: settings.deadlines,
    stackBytes: settings.stackBytes,
    copyBytes: settings.copyBytes,
  });
  if (receivers.length === 0) return store;
  const logger = createLogger(settings.logLevel);
  return withReceivers(store, {
    receivers: receivers.map(({ url, token }) => openReceiver({ url, token: token.reveal(), ca })),
    deadlineMs: settings.deadlines.putMs,
    clock: systemClock,
    random: Math.random,
    onReach(receiver, place, reason) {
      const about = { receiver, place };
      if (reason === undefined) logger.info(about, 'the receiver takes stacks again');
      else logger.warn({ ...about, reason }, 'the receiver cannot be used: stacks go another way');
    },
  });
}

export function namedNats(url: string | undefined): NatsServers | undefined {
  if (url === undefined) return undefined;
  const servers = parseNatsUrl(url);
  if (!servers) throw new UsageError('--nats must be a URL such as nats://127.0.0.1:4222');
  return servers;
}

/** For commands that look at a running deployment. */
export async function connectSession(session: Session): Promise<Bus> {
  if (!session.nats) {
    throw new CommandError(
      `no deployment is running for ${session.files.join(', ')}: start it with causeway up, or name its NATS with --nats`,
    );
  }
  try {
    return await connectBus(session.nats);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new CommandError(`cannot use NATS at ${session.nats.servers.join(', ')}: ${words}`);
  }
}
