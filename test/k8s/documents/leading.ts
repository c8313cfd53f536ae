/** Of several controllers one leads. */
import { CustomObjectsApi } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { aborted } from '../../../infra/cluster/aborted.ts';
import { whileLeading } from '../../../infra/cluster/lease.ts';
import { systemClock } from '../../../infra/host/system-clock.ts';
import { eventually } from '../../e2e/awaiting.ts';
import { namespace } from '../controller-world.ts';
import { type DocumentsWorld, linkOf, photos, starts } from './world.ts';

export function describeLeading(world: () => DocumentsWorld): void {
  test('of two one leads; when it is killed, the other takes over', async () => {
    const second = await world().start();
    await eventually(() => expect(second.log.map(({ msg }) => msg)).toContain('another process leads'));
    expect(starts(second)).toEqual([]);
    await world().controller.kill();
    await eventually(() => expect(starts(second)).toContain(linkOf('photos')));
    await world().arrives('photos');
    world().controller = second;

    await world().change(...photos, { scan: { every: '2s' } });
    await eventually(async () => {
      const { metadata, status } = (await world().get(...photos)) ?? {};
      expect(status?.observedGeneration).toBe(metadata?.generation);
    });
  });

  test('of many candidates never two lead at once, and one who is silent is waited for', async () => {
    const config = world().cluster.apiServer.admin;
    const [name, lastsMs] = ['candidates', 1500];
    const at = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespace };
    const spec = {
      holderIdentity: 'dead',
      leaseDurationSeconds: 1,
      renewTime: '2026-01-01T00:00:00.000000Z',
    };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
    await config.makeApiClient(CustomObjectsApi).createNamespacedCustomObject({ ...at, body });
    const begun = Date.now();
    const led: string[] = [];
    let [leading, most] = [0, 0];
    const candidates = ['a', 'b', 'c', 'd'].map((identity) => {
      const end = new AbortController();
      const observer = { leading: () => undefined, following: () => undefined, troubled: () => undefined };
      const options = {
        config,
        namespace,
        name,
        identity,
        clock: systemClock,
        signal: end.signal,
        lastsMs,
        observer,
      };
      return whileLeading(options, async (signal) => {
        led.push(identity);
        leading += 1;
        most = Math.max(most, leading);
        expect(Date.now() - begun).toBeGreaterThanOrEqual(lastsMs);
        // Its work is done: the next may.
        end.abort();
        await aborted(signal);
        leading -= 1;
      });
    });
    await Promise.all(candidates);

    expect(led.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(most).toBe(1);
  });
}
