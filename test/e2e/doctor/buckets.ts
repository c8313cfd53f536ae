/** Buckets as `causeway doctor` may find them. */
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { announceChanges, createBucket, rootClient } from '../../../infra/sites/setup.ts';
import { type DoctorWorld, problems, ruleDocument } from './world.ts';

export function describeBuckets(world: () => DoctorWorld): void {
  describe('a bucket', () => {
    const rule = ruleDocument('extra', 'extra');
    const prepare = async (
      name: string,
      prepareBucket: (client: ReturnType<typeof rootClient>) => Promise<unknown>,
    ) => {
      const client = rootClient(world().server(name));
      await prepareBucket(client);
      client.destroy();
    };

    test('that is not there, one without versioning, one without object lock', async () => {
      const documents = [
        world().siteDocument('paris'),
        world().siteDocument('tokyo'),
        rule,
        ruleDocument('locked', 'locked'),
      ];
      const arns = world().server('paris').notificationArns;
      await prepare('tokyo', async (client) => {
        await client.send(new CreateBucketCommand({ Bucket: 'extra' }));
        await createBucket(client, { name: 'locked' });
      });
      const first = await world().checksOf(documents, { env: world().asRoot() });
      await prepare('paris', async (client) => {
        await createBucket(client, { name: 'extra' });
        await client.send(
          new PutBucketVersioningCommand({
            Bucket: 'extra',
            VersioningConfiguration: { Status: 'Suspended' },
          }),
        );
        await createBucket(client, { name: 'locked', objectLock: true });
        for (const name of ['extra', 'locked']) await announceChanges(client, name, arns);
      });
      const second = await world().checksOf(documents, { env: world().asRoot() });

      expect(problems(first.checks)).toMatchObject([
        { site: 'paris', check: 'bucket', status: 'failed', fix: 'mc mb --with-versioning paris/extra' },
        { site: 'paris', check: 'bucket', status: 'failed', fix: 'mc mb --with-versioning paris/locked' },
        { site: 'tokyo', check: 'bucket', status: 'failed', fix: 'mc version enable tokyo/extra' },
      ]);
      expect(problems(second.checks)).toMatchObject([
        { site: 'paris', check: 'bucket', status: 'failed', message: expect.stringContaining('suspended') },
        { site: 'tokyo', check: 'bucket', status: 'failed', message: expect.stringContaining('off') },
        {
          site: 'tokyo',
          check: 'bucket',
          status: 'warning',
          message: expect.stringContaining('object lock'),
        },
      ]);
    });

    test('that announces nothing, or not all', async () => {
      const documents = [...world().both(), ruleDocument('silent', 'silent')];
      const [fast = ''] = world().server('paris').notificationArns;
      for (const name of ['paris', 'tokyo'])
        await prepare(name, (client) => createBucket(client, { name: 'silent' }));
      const none = await world().checksOf(documents, {
        env: world().asRoot(),
        args: ['--nats', world().natsUrl],
      });
      await prepare('paris', (client) => announceChanges(client, 'silent', [fast]));
      const unsafe = await world().checksOf(documents, { env: world().asRoot() });

      const { host, port, user } = world().nats;
      expect(problems(none.checks)).toMatchObject([{ site: 'paris', check: 'events', status: 'failed' }]);
      const lines = problems(none.checks)[0]?.fix?.split('\n') ?? [];
      expect(lines).toEqual(
        expect.arrayContaining([
          "MINIO_NOTIFY_NATS_ENABLE_CAUSEWAY='on'",
          `MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAYSAFE='${host}:${port}'`,
          `MINIO_NOTIFY_NATS_USERNAME_CAUSEWAY='${user}'`,
          "MINIO_NOTIFY_NATS_SUBJECT_CAUSEWAY='causeway.raw.paris'",
          'mc event add paris/silent arn:minio:sqs::CAUSEWAY:nats --event put,delete',
          'mc event add paris/silent arn:minio:sqs::CAUSEWAYSAFE:nats --event put,delete',
        ]),
      );
      expect(none.code).toBe(1);
      expect(problems(unsafe.checks)).toMatchObject([
        {
          site: 'paris',
          check: 'events',
          status: 'warning',
          message: expect.stringMatching(/CAUSEWAYSAFE.*NATS is away/),
        },
      ]);
      expect(problems(unsafe.checks)[0]?.fix).not.toContain(
        'mc event add paris/silent arn:minio:sqs::CAUSEWAY:nats',
      );
      expect(unsafe.code).toBe(0);
    });

    test('that is to announce by webhook', async () => {
      const documents = [
        world().siteDocument('paris', { via: 'webhook' }),
        world().siteDocument('tokyo'),
        ruleDocument('photos', 'photos'),
      ];

      const { checks } = await world().checksOf(documents);

      expect(problems(checks)).toMatchObject([{ check: 'events', status: 'failed' }]);
      expect(problems(checks)[0]?.fix).toContain('/webhook/paris');
      expect(problems(checks)[0]?.fix).toContain('arn:minio:sqs::CAUSEWAY:webhook');
    });
  });
}
