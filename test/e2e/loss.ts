/** Changes at a site that go unheard, and notifications of what never was, on real servers. */
import { PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import { rawSubject } from '../../events/subjects.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { announceChanges, rootClient } from '../../infra/sites/setup.ts';
import { wire } from '../../infra/stores/wire.ts';
import { siteOf } from './application.ts';
import type { World } from './world.ts';

/** What is done at the bucket meanwhile is announced nowhere. */
export async function withoutEvents(
  world: World,
  site: string,
  bucket: string,
  work: () => Promise<void>,
): Promise<void> {
  const { server } = siteOf(world, site);
  const client = rootClient(server);
  try {
    const nothing = { Bucket: bucket, NotificationConfiguration: {} };
    await client.send(new PutBucketNotificationConfigurationCommand(nothing));
    await work();
    await announceChanges(client, bucket, server.notificationArns);
  } finally {
    client.destroy();
  }
}

/** MinIO's way to remove a whole bucket, or all versions under a prefix, at one stroke and without any event. */
export async function forceDelete(
  world: World,
  site: string,
  bucket: string,
  prefix?: string,
): Promise<void> {
  const { server } = siteOf(world, site);
  const root = wire({
    site,
    endpoint: server.endpoint,
    region: server.region,
    credentials: { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword },
  });
  try {
    const answer = await root.send({
      method: 'DELETE',
      bucket,
      ...(prefix !== undefined && { key: prefix }),
      headers: { 'x-minio-force-delete': 'true' },
      deadlineMs: 10_000,
    });
    if (answer.status >= 300)
      throw new Error(`force-delete failed: ${answer.status} ${answer.body.toString()}`);
  } finally {
    await root.close();
  }
}

/** What MinIO says of an event, in as far as Causeway reads it. */
export const notification = (name: string, bucket: string, key: string, versionId?: string) => ({
  EventName: `s3:${name}`,
  Key: `${bucket}/${key}`,
  Records: [
    {
      eventName: `s3:${name}`,
      eventTime: new Date().toISOString(),
      responseElements: { 'x-amz-request-id': '' },
      s3: {
        bucket: { name: bucket },
        object: { key: encodeURIComponent(key), ...(versionId !== undefined && { versionId }) },
      },
      source: { userAgent: '' },
    },
  ],
});

/** Puts a notification where the site's own arrive. */
export async function announce({ jetstream }: Bus, site: string, body: unknown): Promise<void> {
  await jetstream.publish(rawSubject(site), typeof body === 'string' ? body : JSON.stringify(body));
}
