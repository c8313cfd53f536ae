/**
 * The controller of VolumeReplications, in every namespace: what is there is looked at when something of it changed, and
 * the next steps are taken. It keeps nothing between two looks that the cluster or the bucket does not say.
 */

import { fieldName } from '../../config/problems.ts';
import { volumeReplicationStatusSchema } from '../../config/resource-status.ts';
import { check } from '../../config/schema-findings.ts';
import { volumeReplicationSchema } from '../../config/volume-replication.ts';
import { aborted } from '../aborted.ts';
import { type ClusterObject, keyOf } from '../cluster-object.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { kindRights, type Reconciled, reconcileKind } from '../reconcile-kind.ts';
import { lookedAt, made, patched, startCaches } from './caches.ts';
import { createCarryOut } from './carry-out.ts';
import { type Changed, concerns } from './concerns.ts';
import { nothing, type Owner } from './end.ts';
import { createLook } from './look.ts';
import type { Missing } from './observed.ts';
import { planVolumes } from './plan.ts';
import { askerOf, releaseOthers } from './quiesce.ts';
import { refusalOf } from './refusal.ts';

const kind = { group: 'causeway.dev', version: 'v1alpha1', plural: 'volumereplications' } as const;
const following = ['get', 'list', 'watch'];

export const volumes: Controller = {
  name: 'volumes',
  rights: {
    // The image of movers is that of the controller's own pod.
    own: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    everywhere: [
      ...kindRights(kind.group, kind.plural),
      ...made.map(({ group, plural }) => ({
        apiGroups: [group],
        resources: [plural],
        verbs: [...following, 'create', 'delete', ...(plural === patched.plural ? ['patch'] : [])],
      })),
      ...lookedAt.map(({ group, plural }) => ({ apiGroups: [group], resources: [plural], verbs: following })),
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      // Objects that go with a document name it as an owner that is waited for.
      { apiGroups: [kind.group], resources: [`${kind.plural}/finalizers`], verbs: ['update'] },
    ],
  },
  run: runVolumes,
};

/** What was refused may be allowed, without a word about it. */
const afterRefusalMs = 15_000;

async function runVolumes(context: ControllerContext): Promise<void> {
  const { config, site, logger, observer, clock, signal, volumeMeter } = context;
  if (site === undefined) {
    logger.info('no site was named that this cluster stands beside: volumes are not replicated');
    return;
  }
  const carryOut = createCarryOut(config, signal);
  const look = createLook(context, site);
  const caches = startCaches(context, lookAt);
  const documents = reconcileKind({
    ...{ config, resource: kind, observer, clock, signal },
    async reconcile(object) {
      try {
        return await reconcile(object, site);
      } catch (error) {
        const refusal = refusalOf('looking after it', error);
        if (!refusal) throw error;
        return { verdicts: hindered(refusal), againAfterMs: afterRefusalMs };
      }
    },
    async gone(key) {
      const [namespace = '', name = ''] = key.split('/');
      volumeMeter.gone({ namespace, name });
      await caches.looked;
      const annotate = releaseOthers(caches.of(namespace).claims, name, new Map());
      const [refusal] = await carryOut(namespace, { ...nothing, annotate });
      if (refusal) throw new Error(refusal.message);
    },
  });

  function lookAt(namespace: string | undefined, what?: Changed): void {
    for (const document of documents.informer.all()) {
      const { name, namespace: of } = document.metadata;
      const isMeant =
        what === undefined || (of === namespace && concerns(what, { name, spec: document.spec }));
      if (isMeant || namespace === undefined) documents.look(keyOf(document));
    }
    // A claim may hold still for a document that went while nobody looked.
    const asker = what && askerOf(what);
    if (asker !== undefined) documents.look(`${namespace}/${asker}`);
  }

  async function reconcile(object: ClusterObject, site: string): Promise<Reconciled> {
    await caches.looked;
    const { name, namespace, uid, generation } = object.metadata;
    const { apiVersion, kind: named, spec } = object;
    const checked = check(volumeReplicationSchema, named, {
      apiVersion,
      kind: named,
      metadata: { name },
      spec,
    });
    if ('findings' in checked) {
      const words = checked.findings.map(({ path, message }) => `${fieldName(path)}: ${message}`).join('. ');
      return { verdicts: hindered({ reason: 'Invalid', message: words }) };
    }
    const owner: Owner = { name, namespace, uid, generation, spec: checked.value.spec };
    const {
      conditions: _,
      observedGeneration: __,
      ...before
    } = volumeReplicationStatusSchema.safeParse(object.status).data ?? {};
    const image = await look.image();
    if (typeof image !== 'string') return { verdicts: hindered(image), againAfterMs: afterRefusalMs };
    const missing = caches.missing(needsSnapshots(owner, site));
    const observed = await look.at(owner, caches.of(namespace), missing);
    const planned = planVolumes(owner, before, observed, image);
    const [refusal] = await carryOut(namespace, planned);
    const { verdicts, figures, againAfterMs } = planned;
    volumeMeter.synced(owner, { missed: figures.missedIntervals, lastSync: figures.lastSyncTime });
    if (refusal) return { verdicts: hindered(refusal), figures, againAfterMs: afterRefusalMs };
    return { verdicts, figures, againAfterMs };
  }

  await aborted(signal);
  await documents.ended();
  volumeMeter.left();
  logger.debug('volumes are left');
}

const needsSnapshots = ({ spec: { source, destination, trigger } }: Owner, site: string): boolean =>
  site === destination.site || source.method === 'Snapshot' || trigger.snapshots !== undefined;

const hindered = ({ reason, message }: Missing): Reconciled['verdicts'] => [
  { type: 'Ready', status: 'False', reason, message },
  { type: 'Progressing', status: 'False', reason, message },
  { type: 'Degraded', status: 'True', reason, message },
];
