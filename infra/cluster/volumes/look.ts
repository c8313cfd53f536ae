/** Looks at what the caches do not have: the Site, the bucket beside it, the pods of Jobs, the image of movers. */
import { hostname } from 'node:os';
import type { S3Client } from '@aws-sdk/client-s3';
import { CoreV1Api } from '@kubernetes/client-node';
import { messageOf } from '../../../functions/errors.ts';
import type { LoadedSite } from '../../config/documents.ts';
import { openBucket } from '../../volumes/open-volume.ts';
import type { ControllerContext } from '../controller.ts';
import { within } from '../resource.ts';
import { fingerprintOf } from '../secrets.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import type { Cached } from './caches.ts';
import { type Owner, pathOf } from './end.ts';
import { authorityFile } from './manifests.ts';
import { label } from './names.ts';
import type { Arrival, Missing, Observed, SeenJob } from './observed.ts';
import { troubleOfPods } from './read.ts';
import { refusalOf } from './refusal.ts';
import { findSite } from './site.ts';

export interface Look {
  /** `missing`: what is known to be, before anything is looked at. */
  at(owner: Owner, cached: Cached, missing: readonly Missing[]): Promise<Observed>;
  /** Of the movers: that of the pod that this process is, where no setting says another. */
  image(): Promise<string | Missing>;
}

export function createLook(context: ControllerContext, site: string): Look {
  const { clock, config, namespace, settings, signal } = context;
  const core = config.makeApiClient(CoreV1Api);
  const opened = new Map<
    string,
    { readonly access: string; readonly client: S3Client; readonly arrivals: Arrivals }
  >();
  let known = settings.moverImage;

  function arrivalsAt(loaded: LoadedSite, bucket: string): Arrivals {
    const { s3 } = loaded.spec;
    const access = JSON.stringify([s3.endpoint, s3.region, ...fingerprintOf(loaded.access)]);
    const before = opened.get(bucket);
    if (before?.access === access) return before.arrivals;
    before?.client.destroy();
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

  async function withTrouble(job: SeenJob, of: string): Promise<SeenJob> {
    if (job.state.kind === 'succeeded') return job;
    const labelSelector = `batch.kubernetes.io/job-name=${job.name}`;
    const pods = await core.listNamespacedPod({ namespace: of, labelSelector, limit: 20 }, within(signal));
    const trouble = troubleOfPods(JSON.parse(JSON.stringify(pods)));
    if (trouble === undefined) return job;
    const { state } = job;
    return { ...job, state: state.kind === 'failed' ? { ...state, words: trouble } : { ...state, trouble } };
  }

  return {
    async at(owner, cached, known) {
      const loaded = await findSite(site, context);
      const isFound = 'spec' in loaded;
      const missing: Missing[] = isFound ? [...known] : [loaded, ...known];
      let arrivals = new Map<string, Arrival>();
      try {
        if (isFound) arrivals = await arrived(owner, loaded);
      } catch (error) {
        const message = `bucket ${owner.spec.repository.bucket} of site ${site} cannot be looked at: ${messageOf(error)}`;
        missing.push({ reason: 'BucketUnreadable', message });
      }
      const jobs = await Promise.all(
        cached.jobs.map((job) =>
          job.labels[label.replication] === owner.name ? withTrouble(job, owner.namespace) : job,
        ),
      );
      const place = isFound ? placeOf(loaded) : undefined;
      return { ...cached, jobs, site, place, missing, arrivals, now: clock.now() };
    },
    async image() {
      if (known !== undefined) return known;
      let why = 'the pod of this process does not say it';
      try {
        const pod = await core.readNamespacedPod({ namespace, name: hostname() }, within(signal));
        known = pod.spec?.containers[0]?.image;
      } catch (error) {
        const refusal = refusalOf('looking for the pod of this process', error);
        if (!refusal) throw error;
        why = refusal.message;
      }
      const message = `the image of movers is not known: set CAUSEWAY_MOVER_IMAGE (${why})`;
      return known ?? { reason: 'MoverImageUnknown', message };
    },
  };
}

const placeOf = ({ spec: { s3 }, access: { ca } }: LoadedSite): Observed['place'] => ({
  endpoint: s3.endpoint,
  region: s3.region,
  ...(ca === undefined ? {} : { caFile: authorityFile }),
});
