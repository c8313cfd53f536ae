/**
 * The controller of VolumeReplications, in every namespace: what is there is looked at when something of it changed, and
 * the next steps are taken. It keeps nothing between two looks that the cluster or the bucket does not say.
 */

import { hostname } from 'node:os';
import type { S3Client } from '@aws-sdk/client-s3';
import { CoreV1Api } from '@kubernetes/client-node';
import { messageOf } from '../../../functions/errors.ts';
import type { LoadedSite } from '../../config/documents.ts';
import { fieldName } from '../../config/problems.ts';
import { volumeReplicationStatusSchema } from '../../config/resource-status.ts';
import { check } from '../../config/schema-findings.ts';
import { volumeReplicationSchema } from '../../config/volume-replication.ts';
import { openBucket } from '../../volumes/open-volume.ts';
import { aborted } from '../aborted.ts';
import type { ClusterObject, Named } from '../cluster-object.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { type Informer, startInformer } from '../informer.ts';
import { kindRights, type Reconciled, reconcileKind } from '../reconcile-kind.ts';
import { createResource, within } from '../resource.ts';
import { fingerprintOf } from '../secrets.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { createCarryOut } from './carry-out.ts';
import { type Owner, pathOf } from './end.ts';
import { authorityFile } from './manifests.ts';
import type { Arrival, Missing, Observed, SeenJob } from './observed.ts';
import { planVolumes } from './plan.ts';
import { type Read, readClaim, readJob, readSnapshotObject, troubleOfPods } from './read.ts';
import { findSite } from './site.ts';

const kind = { group: 'causeway.dev', version: 'v1alpha1', plural: 'volumereplications' } as const;
const snapshotApi = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshots' } as const;
const claimApi = { group: '', version: 'v1', plural: 'persistentvolumeclaims' } as const;
const jobApi = { group: 'batch', version: 'v1', plural: 'jobs' } as const;

export const volumes: Controller = {
  name: 'volumes',
  rights: {
    // The image of movers is that of the controller's own pod.
    own: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    everywhere: [
      ...kindRights(kind.group, kind.plural),
      ...[snapshotApi, claimApi, jobApi].map(({ group, plural }) => ({
        apiGroups: [group],
        resources: [plural],
        verbs: ['get', 'list', 'watch', 'create', 'delete', ...(plural === claimApi.plural ? ['patch'] : [])],
      })),
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      // Objects that go with a document name it as an owner that is waited for.
      { apiGroups: [kind.group], resources: [`${kind.plural}/finalizers`], verbs: ['update'] },
    ],
  },
  run: runVolumes,
};

async function runVolumes(context: ControllerContext): Promise<void> {
  const { config, site, logger, observer, clock, signal } = context;
  if (site === undefined) {
    logger.info('no site was named that this cluster stands beside: volumes are not replicated');
    return;
  }
  const image = await imageOf(context);
  const carryOut = createCarryOut(config, signal);
  const look = createLook(context, site);
  let trouble: string | undefined;

  const cache = <Item extends Named>(
    api: typeof snapshotApi | typeof claimApi | typeof jobApi,
    read: (value: unknown) => Item | undefined,
  ): Informer<Item> =>
    startInformer({
      name: `${api.plural}.${api.group}`,
      resource: createResource(config, api),
      read,
      onChange: (key) => lookAt(key.slice(0, key.indexOf('/'))),
      observer: {
        watching(name) {
          if (name.startsWith(snapshotApi.plural)) trouble = undefined;
          observer.watching(name);
        },
        troubled(name, problem) {
          if (name.startsWith(snapshotApi.plural))
            trouble = problem.replace('of Causeway', 'of external-snapshotter');
          observer.troubled(name, problem);
        },
      },
      ...{ clock, signal },
    });
  const claims = cache(claimApi, readClaim);
  const jobs = cache(jobApi, readJob);
  const snapshots = cache(snapshotApi, readSnapshotObject);

  const documents = reconcileKind({
    ...{ config, resource: kind, observer, clock, signal },
    reconcile,
    onChange(key) {
      const [namespace = '', name = ''] = key.split('/');
      if (!documents.informer.get(key)) context.volumeMeter.gone({ namespace, name });
    },
  });

  function lookAt(namespace: string): void {
    for (const { metadata } of documents.informer.all()) {
      if (metadata.namespace === namespace) documents.look(`${namespace}/${metadata.name}`);
    }
  }

  async function reconcile(object: ClusterObject): Promise<Reconciled | undefined> {
    await Promise.all([claims.synced, jobs.synced]);
    const { name, namespace, uid } = object.metadata;
    const { apiVersion, kind: named, spec } = object;
    const checked = check(volumeReplicationSchema, named, {
      apiVersion,
      kind: named,
      metadata: { name },
      spec,
    });
    if ('findings' in checked) {
      const words = checked.findings.map(({ path, message }) => `${fieldName(path)}: ${message}`).join('. ');
      return { verdicts: refused({ reason: 'Invalid', message: words }) };
    }
    const owner: Owner = { name, namespace, uid, spec: checked.value.spec };
    const {
      conditions: _,
      observedGeneration: __,
      ...before
    } = volumeReplicationStatusSchema.safeParse(object.status).data ?? {};
    const of = <Seen>(informer: Informer<Read<Seen>>): Seen[] =>
      informer
        .all()
        .filter(({ metadata, isGoing }) => metadata.namespace === namespace && !isGoing)
        .map(({ seen }) => seen);
    const seen = { claims: of(claims), snapshots: of(snapshots), jobs: of(jobs) };
    const observed = await look(owner, seen, trouble);
    const planned = planVolumes(owner, before, observed, image);
    const [refusal] = await carryOut(namespace, planned);
    const { verdicts, figures, againAfterMs } = planned;
    context.volumeMeter.synced(owner, { missed: figures.missedIntervals, lastSync: figures.lastSyncTime });
    if (refusal) return { verdicts: refused(refusal), figures, againAfterMs: 30_000 };
    return { verdicts, figures, againAfterMs };
  }

  await aborted(signal);
  await documents.ended();
  logger.debug('volumes are left');
}

const refused = ({ reason, message }: Missing): Reconciled['verdicts'] => [
  { type: 'Ready', status: 'False', reason, message },
  { type: 'Progressing', status: 'False', reason, message },
  { type: 'Degraded', status: 'True', reason, message },
];

type Caches = Pick<Observed, 'claims' | 'snapshots' | 'jobs'>;
type Look = (owner: Owner, caches: Caches, trouble: string | undefined) => Promise<Observed>;

/** Looks at what the caches do not have: the Site, the bucket beside it, and the pods of Jobs. */
function createLook(context: ControllerContext, site: string): Look {
  const { clock, config, signal } = context;
  const core = config.makeApiClient(CoreV1Api);
  const opened = new Map<
    string,
    { readonly access: string; readonly client: S3Client; readonly arrivals: Arrivals }
  >();

  function arrivalsAt(loaded: LoadedSite, bucket: string): Arrivals {
    const { s3 } = loaded.spec;
    const access = JSON.stringify([s3.endpoint, s3.region, ...fingerprintOf(loaded.access)]);
    const known = opened.get(bucket);
    if (known?.access === access) return known.arrivals;
    known?.client.destroy();
    const client = openBucket({ ...s3, ca: loaded.access.ca }, loaded.access.credentials);
    const arrivals = createArrivals(client, bucket);
    opened.set(bucket, { access, client, arrivals });
    return arrivals;
  }

  async function arrived(owner: Owner, loaded: LoadedSite): Promise<Map<string, Arrival>> {
    const { source, destination, repository } = owner.spec;
    if (site !== destination.site) return new Map();
    const arrivals = arrivalsAt(loaded, repository.bucket);
    const base = pathOf(owner, '').replace(/\/$/, '');
    const claims = source.claim === undefined ? await arrivals.volumes(base) : [source.claim];
    const looks = claims.map(
      async (claim) => [claim, await arrivals.look(pathOf(owner, claim), source.site)] as const,
    );
    return new Map(await Promise.all(looks));
  }

  async function withTrouble(job: SeenJob, namespace: string): Promise<SeenJob> {
    if (job.state.kind === 'succeeded') return job;
    const labelSelector = `batch.kubernetes.io/job-name=${job.name}`;
    const pods = await core.listNamespacedPod({ namespace, labelSelector, limit: 20 }, within(signal));
    const trouble = troubleOfPods(JSON.parse(JSON.stringify(pods)));
    if (trouble === undefined) return job;
    const { state } = job;
    return { ...job, state: state.kind === 'failed' ? { ...state, words: trouble } : { ...state, trouble } };
  }

  return async (owner, caches, trouble) => {
    const loaded = await findSite(site, context);
    const isFound = 'spec' in loaded;
    const missing: Missing[] = isFound ? [] : [loaded];
    const { method } = owner.spec.source;
    const takesSnapshots = site === owner.spec.destination.site || method === 'Snapshot';
    if (trouble !== undefined && takesSnapshots)
      missing.push({ reason: 'SnapshotApiMissing', message: trouble });
    let arrivals = new Map<string, Arrival>();
    try {
      if (isFound) arrivals = await arrived(owner, loaded);
    } catch (error) {
      const message = `bucket ${owner.spec.repository.bucket} of site ${site} cannot be looked at: ${messageOf(error)}`;
      missing.push({ reason: 'BucketUnreadable', message });
    }
    const jobs = await Promise.all(
      caches.jobs.map((job) =>
        job.labels['causeway.dev/replication'] === owner.name ? withTrouble(job, owner.namespace) : job,
      ),
    );
    const place = isFound ? placeOf(loaded) : undefined;
    return { ...caches, jobs, site, place, missing, arrivals, now: clock.now() };
  };
}

const placeOf = ({ spec: { s3 }, access: { ca } }: LoadedSite): Observed['place'] => ({
  endpoint: s3.endpoint,
  region: s3.region,
  ...(ca === undefined ? {} : { caFile: authorityFile }),
});

/** That of the pod that this process is. */
async function imageOf({ config, namespace, settings, signal }: ControllerContext): Promise<string> {
  if (settings.moverImage !== undefined) return settings.moverImage;
  const core = config.makeApiClient(CoreV1Api);
  const pod = await core.readNamespacedPod({ namespace, name: hostname() }, within(signal));
  const [container] = pod.spec?.containers ?? [];
  if (container?.image) return container.image;
  throw new Error('the image of movers is not known: set CAUSEWAY_MOVER_IMAGE');
}
