/** What runs of the cluster's documents: planned anew when one of them, or a Secret, has changed, and made so. */
import { messageOf } from '../../functions/errors.ts';
import type { ObjectStore } from '../../functions/ports.ts';
import { createTurns } from '../host/turns.ts';
import { type ClusterObject, keyOf } from './cluster-object.ts';
import type { ControllerContext } from './controller.ts';
import type { Informer } from './informer.ts';
import { type Plan, type PlannedRule, type PlannedSite, planOf } from './plan.ts';
import type { SiteSecret } from './secrets.ts';

/** What is another than it was in the plan before: keys of objects. */
export interface Changed {
  readonly sites: ReadonlySet<string>;
  readonly rules: ReadonlySet<string>;
}

export interface RunningOptions {
  readonly context: ControllerContext;
  readonly caches: {
    readonly sites: Informer<ClusterObject>;
    readonly rules: Informer<ClusterObject>;
    readonly secrets: Informer<SiteSecret>;
  };
  onApplied(plan: Plan, changed: Changed): void;
}

export interface Running {
  readonly plan: Plan;
  /** Resolves when what the caches hold at this moment, or later, is planned, and runs as far as it can. */
  now(): Promise<void>;
  soon(): void;
  /** What was planned of this version of an object; undefined where it is on its way out. */
  site(object: ClusterObject): Promise<PlannedSite | undefined>;
  rule(object: ClusterObject): Promise<PlannedRule | undefined>;
  /** Why what was planned does not run. */
  trouble(): string | undefined;
  /** Resolves when nothing is under way; to be awaited after the signal has aborted. */
  ended(): Promise<void>;
}

/** On every document that runs: it stays until what the document leaves on NATS is gone. */
export const finalizer = 'causeway.dev/replication';

const secretsWithinMs = 5_000;

export function createRunning({ context, caches, onApplied }: RunningOptions): Running {
  const { namespace, owner, environment, clock, signal, nats, replication, logger } = context;
  const inTurn = createTurns();
  let plan: Plan = { sites: new Map(), rules: new Map(), links: [] };
  let stores: ReadonlyMap<string, ObjectStore> = new Map();
  let queued: Promise<void> | undefined;
  let applied = '';
  let trouble: string | undefined;
  let secretsAreThere = false;

  const synced = Promise.all([caches.sites.synced, caches.rules.synced]);
  synced.catch(() => undefined);
  const secretsSynced = caches.secrets.synced.then(() => {
    secretsAreThere = true;
    soon();
  });
  secretsSynced.catch(() => undefined);
  // Without them the rest goes on, and the sites that need one say what is missing.
  const secretsAwaited = Promise.race([secretsSynced, clock.sleep(secretsWithinMs, signal)]);
  secretsAwaited.catch(() => undefined);

  function now(): Promise<void> {
    queued ??= inTurn(async () => {
      queued = undefined;
      await Promise.all([synced, secretsAwaited]);
      await apply();
    });
    return queued;
  }

  function soon(): void {
    now().catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ reason: messageOf(error) }, 'the documents could not be planned');
    });
  }

  async function apply(): Promise<void> {
    const [sites, rules] = [caches.sites.all().filter(isToRun), caches.rules.all().filter(isToRun)];
    const shape = [
      nats.bus !== undefined,
      secretsAreThere,
      ...[...sites, ...rules].map(({ metadata: { uid, generation } }) => `${uid} ${generation}`),
      ...caches.secrets.all().map(({ metadata: { uid, resourceVersion } }) => `${uid} ${resourceVersion}`),
    ].join('\n');
    if (shape === applied || signal.aborted) return;
    const secret = (name: string) =>
      secretsAreThere ? caches.secrets.get(`${namespace}/${name}`) : ('unreadable' as const);
    const next = await planOf({ sites, rules, namespace, secret, environment });
    const loaded = [...next.sites.values()].flatMap(({ site }) => site ?? []);
    let nextStores = stores;
    try {
      nextStores = await replication.change({ links: next.links, sites: loaded, owner });
      [applied, trouble] = [shape, undefined];
    } catch (error) {
      trouble = messageOf(error);
    }
    const changed = changedBetween({ plan, stores }, { plan: next, stores: nextStores });
    [plan, stores] = [next, nextStores];
    onApplied(plan, changed);
  }

  async function planned<Planned extends { readonly object: ClusterObject }>(
    find: (plan: Plan) => Planned | undefined,
    { metadata: { uid, generation } }: ClusterObject,
  ): Promise<Planned | undefined> {
    const known = find(plan);
    const isOf = (one: Planned | undefined) =>
      one?.object.metadata.uid === uid && one.object.metadata.generation === generation;
    if (isOf(known)) return known;
    await now();
    const fresh = find(plan);
    return isOf(fresh) ? fresh : undefined;
  }

  return {
    get plan() {
      return plan;
    },
    now,
    soon,
    site: (object) => planned(({ sites }) => sites.get(keyOf(object)), object),
    rule: (object) => planned(({ rules }) => rules.get(keyOf(object)), object),
    trouble: () => trouble,
    async ended() {
      await queued?.catch(() => undefined);
    },
  };
}

/** Not before it is made sure that what it leaves will be taken away. */
const isToRun = ({ metadata }: ClusterObject): boolean =>
  metadata.deletionTimestamp === undefined && metadata.finalizers.includes(finalizer);

interface Made {
  readonly plan: Plan;
  readonly stores: ReadonlyMap<string, ObjectStore>;
}

function changedBetween(before: Made, after: Made): Changed {
  const isNew = (one: ClusterObject, other: ClusterObject | undefined): boolean =>
    one.metadata.uid !== other?.metadata.uid || one.metadata.generation !== other.metadata.generation;
  const isOther = (site: string): boolean => before.stores.get(site) !== after.stores.get(site);
  return {
    sites: new Set(
      [...after.plan.sites].flatMap(([key, { object }]) =>
        isNew(object, before.plan.sites.get(key)?.object) || isOther(object.metadata.name) ? [key] : [],
      ),
    ),
    rules: new Set(
      [...after.plan.rules].flatMap(([key, { object, routes }]) =>
        isNew(object, before.plan.rules.get(key)?.object) ||
        routes.some(({ source, target }) => isOther(source.site) || isOther(target.site))
          ? [key]
          : [],
      ),
    ),
  };
}
