/** Sites as `causeway doctor` may find them. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environment } from '../../../infra/config/env.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { startMinio } from '../../../infra/sites/minio-server.ts';
import { freePort } from '../../../infra/sites/ports.ts';
import { createBucket, rootClient } from '../../../infra/sites/setup.ts';
import { listen, skewed } from '../front.ts';
import { type DoctorWorld, problems, ruleDocument } from './world.ts';

export function describeSites(world: () => DoctorWorld): void {
  describe('a site', () => {
    const rule = ruleDocument('photos', 'photos');

    test('that does not answer', async () => {
      const endpoint = `http://127.0.0.1:${await freePort()}`;
      const { code, checks } = await world().checksOf([
        world().siteDocument('paris', { endpoint }),
        world().siteDocument('tokyo'),
        rule,
      ]);

      expect(problems(checks)).toMatchObject([
        { site: 'paris', check: 'reachable', status: 'failed', fix: expect.stringContaining(endpoint) },
      ]);
      expect(checks.filter(({ site }) => site === 'tokyo').length).toBeGreaterThan(4);
      expect(code).toBe(1);
    });

    test('that is no MinIO', async () => {
      const other = await listen((_, response) => response.writeHead(404, { server: 'Apa\u009bche' }).end());
      const documents = [
        world().siteDocument('paris', { endpoint: other.endpoint }),
        world().siteDocument('tokyo'),
        rule,
      ];
      const { checks } = await world().checksOf(documents);
      const { stdout } = await world().doctor(documents);
      await other.close();

      expect(problems(checks)).toMatchObject([{ site: 'paris', check: 'dialect', status: 'failed' }]);
      expect(stdout).toMatch(/Apa\\u[0-9a-f]{4}che/);
    });

    test('that speaks no TLS', async () => {
      const endpoint = world().server('paris').endpoint.replace('http:', 'https:');
      const { checks } = await world().checksOf([
        world().siteDocument('paris', { endpoint }),
        world().siteDocument('tokyo'),
        rule,
      ]);

      expect(problems(checks)).toMatchObject([
        {
          site: 'paris',
          check: 'reachable',
          status: 'failed',
          fix: expect.stringContaining(world().server('paris').endpoint),
        },
      ]);
    });

    test('in another region', async () => {
      const binary = await findBinary('minio', environment, console.error);
      const far = await startMinio({
        binary,
        dir: join(world().dir, 'far'),
        name: 'far',
        env: { MINIO_SITE_REGION: 'eu-1' },
      });
      const client = rootClient({ ...far, region: 'eu-1' });
      await createBucket(client, { name: 'photos' });
      client.destroy();
      const env = { PARIS_ACCESS_KEY_ID: far.rootUser, PARIS_SECRET_ACCESS_KEY: far.rootPassword };
      const { endpoint } = far;
      const { checks } = await world().checksOf(
        [world().siteDocument('paris', { endpoint }), world().siteDocument('tokyo'), rule],
        {
          env,
        },
      );
      await far.stop();

      expect(problems(checks)).toMatchObject([
        { site: 'paris', check: 'bucket', status: 'failed', fix: expect.stringContaining('region: eu-1') },
      ]);
    });

    test.each([
      ['a wrong secret key', { PARIS_SECRET_ACCESS_KEY: 'not-the-secret-key' }, 'PARIS_SECRET_ACCESS_KEY'],
      ['an unknown access key', { PARIS_ACCESS_KEY_ID: 'nobody' }, 'PARIS_ACCESS_KEY_ID'],
    ])('with %s', async (_, env, named) => {
      const { code, checks } = await world().checksOf([...world().both(), rule], { env });

      expect(problems(checks)).toMatchObject([
        { site: 'paris', check: 'credentials', status: 'failed', fix: expect.stringContaining(named) },
      ]);
      expect(code).toBe(1);
    });

    test.each([
      [6_000, 'warning', 0],
      [-6_000, 'warning', 0],
      [16 * 60_000, 'failed', 1],
    ])('whose clock is %i ms off', async (offMs, status, exit) => {
      const { endpoint, close } = await skewed(world().server('paris').endpoint, offMs);
      const { code, checks } = await world().checksOf([
        world().siteDocument('paris', { endpoint }),
        world().siteDocument('tokyo'),
        rule,
      ]);
      await close();

      expect(problems(checks)).toMatchObject([{ site: 'paris', check: 'clock', status }]);
      expect(problems(checks)[0]?.message).toContain(offMs > 0 ? 'ahead' : 'behind');
      expect(code).toBe(exit);
    });
  });
}
