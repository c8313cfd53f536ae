/**
 * Leadership by a Lease, as Kubernetes' own controllers do it: one holder at a time, who renews it; the others look
 * whether it was renewed, by their own clocks, and take it when it was not for as long as it lasts. Each write names the
 * version that it was decided on, so that of two who take it at once one is refused. A holder who cannot renew gives up
 * well before another may begin.
 */

import { CustomObjectsApi, type KubeConfig, type V1PolicyRule } from '@kubernetes/client-node';
import { z } from 'zod';
import { messageOf } from '../../functions/errors.ts';
import type { Clock } from '../../functions/ports.ts';
import { pause } from '../host/pause.ts';
import { codeOf, within } from './resource.ts';

export interface LeaseOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long a holder who says nothing is left alone. */
  readonly lastsMs: number;
  readonly observer: LeaseObserver;
}

export interface LeaseObserver {
  leading(): void;
  /** Another process holds it. */
  following(holder: string): void;
  /** It is tried again. */
  troubled(problem: string): void;
}

/** All that its account has to be allowed, in its own namespace. */
export const leaseRights: readonly V1PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

const leaseSchema = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      renewTime: z.string().nullish(),
      acquireTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
      leaseDurationSeconds: z.number().nullish(),
    })
    .default({}),
});
type Lease = z.infer<typeof leaseSchema>;

/**
 * Calls `lead` each time this process becomes the leader; the signal that it is given aborts when it is no more, and then
 * it has to end. The uid is the Lease's own, which all candidates share. Resolves when the outer signal has aborted,
 * `lead` has ended and the Lease is given back.
 */
export async function whileLeading(
  options: LeaseOptions,
  lead: (signal: AbortSignal, uid: string) => Promise<void>,
): Promise<void> {
  const { config, namespace, name, identity, clock, signal, lastsMs, observer } = options;
  const renewEveryMs = lastsMs / 6;
  const api = config.makeApiClient(CustomObjectsApi);
  const at = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespace };
  /** What was seen last, and when it changed last. */
  let seen: { readonly version: string; readonly since: number } | undefined;
  let followed: string | undefined;

  const timely = (outer: AbortSignal) => within(AbortSignal.any([outer, AbortSignal.timeout(lastsMs / 3)]));
  const stamp = (): string => new Date(clock.now()).toISOString().replace('Z', '000Z');

  async function read(outer: AbortSignal): Promise<Lease | undefined> {
    try {
      return leaseSchema.parse(await api.getNamespacedCustomObject({ ...at, name }, timely(outer)));
    } catch (error) {
      if (codeOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** As it was written; undefined when somebody else wrote first. */
  async function write(
    lease: Lease | undefined,
    spec: Lease['spec'],
    outer: AbortSignal,
  ): Promise<Lease | undefined> {
    const { resourceVersion } = lease?.metadata ?? {};
    const metadata = { name, namespace, ...(resourceVersion ? { resourceVersion } : {}) };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    try {
      const written = lease
        ? api.replaceNamespacedCustomObject({ ...at, name, body }, timely(outer))
        : api.createNamespacedCustomObject({ ...at, body }, timely(outer));
      return leaseSchema.parse(await written);
    } catch (error) {
      if (codeOf(error) === 409) return undefined;
      throw error;
    }
  }

  /** Undefined when somebody else holds it. */
  async function tryToTake(): Promise<Lease | undefined> {
    const lease = await read(signal);
    const holder = lease?.spec.holderIdentity || undefined;
    if (lease && holder !== undefined && holder !== identity) {
      const { resourceVersion } = lease.metadata;
      if (seen?.version !== resourceVersion) seen = { version: resourceVersion, since: clock.now() };
      const lasts = Math.max(lastsMs, (lease.spec.leaseDurationSeconds ?? 0) * 1000);
      if (clock.now() - seen.since < lasts) {
        if (followed !== holder) observer.following(holder);
        followed = holder;
        return undefined;
      }
    }
    const now = stamp();
    const transitions = lease?.spec.leaseTransitions ?? 0;
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(lastsMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: lease ? transitions + 1 : 0,
    };
    return write(lease, spec, signal);
  }

  /** Resolves when it could not be renewed for too long, was taken, or the outer signal aborts. */
  async function renewUntilLost(): Promise<void> {
    let renewed = clock.now();
    // What is under way has the rest of the time to end.
    const giveUpAfterMs = (lastsMs * 2) / 3;
    while (!signal.aborted && clock.now() - renewed < giveUpAfterMs) {
      await pause(clock, renewEveryMs, signal);
      if (signal.aborted) return;
      try {
        const lease = await read(signal);
        if (lease && lease.spec.holderIdentity !== identity) return;
        const begun = clock.now();
        const acquireTime = lease?.spec.acquireTime ?? stamp();
        const spec = { ...lease?.spec, holderIdentity: identity, acquireTime, renewTime: stamp() };
        if (await write(lease, { leaseDurationSeconds: Math.ceil(lastsMs / 1000), ...spec }, signal))
          renewed = begun;
      } catch (error) {
        if (!signal.aborted) observer.troubled(messageOf(error));
      }
    }
  }

  async function giveBack(): Promise<void> {
    const never = new AbortController().signal;
    const lease = await read(never);
    if (lease?.spec.holderIdentity !== identity) return;
    await write(
      lease,
      { ...lease.spec, holderIdentity: '', renewTime: stamp(), leaseDurationSeconds: 1 },
      never,
    );
  }

  while (!signal.aborted) {
    const held = await tryToTake().catch((error: unknown) => {
      if (!signal.aborted) observer.troubled(messageOf(error));
      return undefined;
    });
    if (held) {
      [seen, followed] = [undefined, undefined];
      observer.leading();
      const lost = new AbortController();
      const led = lead(AbortSignal.any([signal, lost.signal]), held.metadata.uid);
      const ended = led.then(
        () => undefined,
        (error: unknown) => observer.troubled(messageOf(error)),
      );
      await Promise.race([renewUntilLost(), ended]);
      lost.abort(new Error('not the leader any more'));
      await ended;
      await giveBack().catch(() => undefined);
    }
    await pause(clock, renewEveryMs * (0.8 + Math.random() * 0.4), signal);
  }
}
