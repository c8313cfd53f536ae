/**
 * The deployment that this process runs of the cluster's documents: changed as they change, from the first connection to
 * NATS on. It goes on while the API server is away, and nobody knows who leads: two who run the same links share their
 * work. It stops when another process leads.
 */
import type { Link } from '../../functions/ports.ts';
import type { Bus } from '../bus/connection.ts';
import type { LastingBus } from '../bus/lasting.ts';
import type { LoadedSite } from '../config/documents.ts';
import { type Deployment, type DeploymentOptions, startDeployment } from '../host/deployment.ts';
import type { Intake } from '../host/intake.ts';
import type { LinkStatus } from '../host/status.ts';
import { createTurns } from '../host/turns.ts';
import type { Store } from '../stores/index.ts';
import { createSiteStores } from './site-stores.ts';

/** What is to run. */
export interface Documents {
  readonly links: readonly Link[];
  readonly sites: readonly LoadedSite[];
  /** Whose they are, among those who share the NATS. */
  readonly owner: string;
}

export interface Replication {
  /**
   * Resolves when these run, and no others, or when NATS was not reached yet; to the store of each site: another one
   * when the site, or its keys, are others.
   */
  change(documents: Documents): Promise<ReadonlyMap<string, Store>>;
  /** Undefined while nothing runs. */
  status(): Promise<readonly LinkStatus[] | undefined>;
  /** How often a link that runs has been through its buckets; undefined where that is not known. */
  rounds(link: Link): Promise<number | undefined>;
  /** Where notifications go; undefined while nothing runs. */
  readonly intake: Intake | undefined;
  /** The sites that are heard. */
  readonly sites: ReadonlySet<string>;
  stop(): Promise<void>;
}

export interface ReplicationOptions extends Omit<DeploymentOptions, 'bus' | 'links' | 'stores'> {
  readonly nats: Pick<LastingBus, 'bus'>;
  openStore(site: LoadedSite): Store;
}

export function createReplication({ nats, openStore, ...options }: ReplicationOptions): Replication {
  const inTurn = createTurns();
  const opened = createSiteStores(openStore);
  let deployment: Deployment | undefined;
  let sites: ReadonlySet<string> = new Set();

  async function run(
    bus: Bus,
    { links, owner }: Documents,
    stores: ReadonlyMap<string, Store>,
  ): Promise<void> {
    deployment ??= await startDeployment({ ...options, bus, owner, links: [], stores: new Map() });
    await deployment.change({ links, stores });
    sites = new Set(stores.keys());
  }

  return {
    change: (wanted) =>
      inTurn(async () => {
        const stores = opened.of(wanted.sites);
        if (nats.bus) await run(nats.bus, wanted, stores);
        await opened.release();
        return stores;
      }),
    async status() {
      return deployment?.status();
    },
    async rounds(link) {
      return (await deployment?.world.contextOf(link).walks.load(link.id))?.round;
    },
    get intake() {
      return deployment?.intake;
    },
    get sites() {
      return sites;
    },
    stop: () =>
      inTurn(async () => {
        const ending = deployment;
        [deployment, sites] = [undefined, new Set()];
        await ending?.stop();
        await opened.close();
      }),
  };
}
