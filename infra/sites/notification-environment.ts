/**
 * The environment that makes a MinIO server announce its changes to Causeway.
 *
 * Over NATS there are two targets, and a bucket notifies both. CAUSEWAY has no queue directory, so an event
 * leaves at once. CAUSEWAYSAFE keeps each event in a directory until the stream has acknowledged it, so it
 * survives an outage; MinIO looks into that directory every three seconds.
 *
 * CAUSEWAY does without JetStream: the stream takes up what is published on its subject all the same, and
 * nobody waits for it. MinIO sends with one worker a core, and each stays with an event until all its
 * targets have it, so waiting for acknowledgements delays every event, the safe copy included. On two cores
 * with 32 writers: p50 15 ms without, 2,254 ms with JetStream; with the stream missing, 0.3 ms and 4,991 ms.
 * An acknowledgement would gain nothing here: MinIO drops what this target could not send, either way.
 *
 * MinIO starts, and takes writes at full speed, with NATS down, frozen or wiped. Meanwhile CAUSEWAY loses
 * its events and CAUSEWAYSAFE delivers all of them within some four seconds of NATS's return.
 */

import { rawSubject } from '../../events/subjects.ts';

/** What the NATS user of a site's MinIO server has to do, and may: announce, and hear that it is stored. */
export const announcingRights = (site: string) => ({ publish: rawSubject(site), subscribe: '_INBOX.>' });

export interface NatsTarget {
  /** host:port */
  readonly address: string;
  readonly user?: string;
  readonly password?: string;
  /** `causeway.raw.<site>` */
  readonly subject: string;
  /** An absolute path on the MinIO server's own disk; without it there is no safe target. */
  readonly queueDir?: string;
}

export interface WebhookTarget {
  readonly endpoint: string;
  /** Sent as it is in the Authorization header, so with its `Bearer ` prefix. */
  readonly authToken?: string;
  readonly queueDir?: string;
}

export interface NotificationTargets {
  readonly nats?: NatsTarget;
  readonly webhook?: WebhookTarget;
}

export const FAST_NATS_ARN = 'arn:minio:sqs::CAUSEWAY:nats';
export const SAFE_NATS_ARN = 'arn:minio:sqs::CAUSEWAYSAFE:nats';
export const WEBHOOK_ARN = 'arn:minio:sqs::CAUSEWAY:webhook';

/** The settings by name. */
export function notificationEnvironment({ nats, webhook }: NotificationTargets): Record<string, string> {
  return {
    ...(nats && natsTarget('CAUSEWAY', nats, { jetstream: false })),
    ...(nats?.queueDir !== undefined &&
      natsTarget('CAUSEWAYSAFE', nats, { jetstream: true, queueDir: nats.queueDir })),
    ...(webhook && webhookTarget('CAUSEWAY', webhook)),
  };
}

/** The targets that a server with these settings has. */
export function notificationArns({ nats, webhook }: NotificationTargets): string[] {
  return [
    ...(nats ? [FAST_NATS_ARN] : []),
    ...(nats?.queueDir !== undefined ? [SAFE_NATS_ARN] : []),
    ...(webhook ? [WEBHOOK_ARN] : []),
  ];
}

function natsTarget(
  id: string,
  { address, user, password, subject }: NatsTarget,
  { jetstream, queueDir }: { jetstream: boolean; queueDir?: string },
): Record<string, string> {
  return settings('NATS', id, {
    ENABLE: 'on',
    ADDRESS: address,
    SUBJECT: subject,
    USERNAME: user,
    PASSWORD: password,
    JETSTREAM: jetstream ? 'on' : 'off',
    QUEUE_DIR: queueDir,
    QUEUE_LIMIT: queueDir === undefined ? undefined : '100000',
  });
}

function webhookTarget(id: string, { endpoint, authToken, queueDir }: WebhookTarget): Record<string, string> {
  return settings('WEBHOOK', id, {
    ENABLE: 'on',
    ENDPOINT: endpoint,
    AUTH_TOKEN: authToken,
    QUEUE_DIR: queueDir,
    QUEUE_LIMIT: queueDir === undefined ? undefined : '100000',
  });
}

function settings(
  kind: string,
  id: string,
  values: Record<string, string | undefined>,
): Record<string, string> {
  const lines: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) lines[`MINIO_NOTIFY_${kind}_${name}_${id}`] = value;
  }
  return lines;
}
