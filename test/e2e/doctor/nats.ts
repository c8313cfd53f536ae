/** NATS as `causeway doctor` may find it. */
import { connect } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { environment } from '../../../infra/config/env.ts';
import { findBinary } from '../../../infra/sites/binaries.ts';
import { freePort } from '../../../infra/sites/ports.ts';
import { startProcess } from '../../../infra/sites/process.ts';
import { type DoctorWorld, problems, ruleDocument } from './world.ts';

export function describeNats(world: () => DoctorWorld): void {
  describe('NATS', () => {
    const rule = ruleDocument('photos', 'photos');

    test('that does not answer, or refuses us', async () => {
      const port = await freePort();
      const away = await world().checksOf([...world().both(), rule], {
        args: ['--nats', `nats://127.0.0.1:${port}`],
      });
      const { host, port: here } = world().nats;
      const refused = await world().checksOf([...world().both(), rule], {
        args: ['--nats', `nats://me:wrong@${host}:${here}`],
      });

      expect(problems(away.checks)).toMatchObject([{ site: null, check: 'nats', status: 'failed' }]);
      expect(problems(refused.checks)).toMatchObject([
        { site: null, check: 'nats', status: 'failed', message: expect.stringContaining('refuses') },
      ]);
      expect(away.code).toBe(1);
    });

    test('without JetStream', async () => {
      const port = await freePort();
      const plain = await startProcess({
        name: 'nats-server',
        binary: await findBinary('nats-server', environment, console.error),
        args: ['-a', '127.0.0.1', '-p', String(port)],
        env: {},
        cwd: world().dir,
        port,
        isReady: async () => {
          const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false });
          await connection.close();
          return true;
        },
      });
      const { checks } = await world().checksOf([...world().both(), rule], {
        args: ['--nats', `nats://127.0.0.1:${port}`],
      });
      await plain.stop();

      expect(problems(checks)).toMatchObject([
        { site: null, check: 'nats', status: 'failed', fix: expect.stringContaining('jetstream {') },
      ]);
    });
  });
}
