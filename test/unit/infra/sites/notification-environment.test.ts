/** The settings that make MinIO announce its changes. */
import { expect, test } from 'vitest';
import {
  notificationArns,
  notificationEnvironment,
} from '../../../../infra/sites/notification-environment.ts';

const nats = {
  address: '10.0.0.7:4222',
  user: 'minio',
  password: 'secret-one',
  subject: 'causeway.raw.paris',
};

test('gives two NATS targets, of which only the safe one waits on disk and for acknowledgements', () => {
  expect(notificationEnvironment({ nats: { ...nats, queueDir: '/data/events' } })).toEqual({
    MINIO_NOTIFY_NATS_ENABLE_CAUSEWAY: 'on',
    MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAY: '10.0.0.7:4222',
    MINIO_NOTIFY_NATS_SUBJECT_CAUSEWAY: 'causeway.raw.paris',
    MINIO_NOTIFY_NATS_USERNAME_CAUSEWAY: 'minio',
    MINIO_NOTIFY_NATS_PASSWORD_CAUSEWAY: 'secret-one',
    MINIO_NOTIFY_NATS_JETSTREAM_CAUSEWAY: 'off',
    MINIO_NOTIFY_NATS_ENABLE_CAUSEWAYSAFE: 'on',
    MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAYSAFE: '10.0.0.7:4222',
    MINIO_NOTIFY_NATS_SUBJECT_CAUSEWAYSAFE: 'causeway.raw.paris',
    MINIO_NOTIFY_NATS_USERNAME_CAUSEWAYSAFE: 'minio',
    MINIO_NOTIFY_NATS_PASSWORD_CAUSEWAYSAFE: 'secret-one',
    MINIO_NOTIFY_NATS_JETSTREAM_CAUSEWAYSAFE: 'on',
    MINIO_NOTIFY_NATS_QUEUE_DIR_CAUSEWAYSAFE: '/data/events',
    MINIO_NOTIFY_NATS_QUEUE_LIMIT_CAUSEWAYSAFE: '100000',
  });
});

test('leaves out the safe target without a directory, and credentials where there are none', () => {
  const { address, subject } = nats;

  expect(notificationEnvironment({ nats: { address, subject } })).toEqual({
    MINIO_NOTIFY_NATS_ENABLE_CAUSEWAY: 'on',
    MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAY: address,
    MINIO_NOTIFY_NATS_SUBJECT_CAUSEWAY: subject,
    MINIO_NOTIFY_NATS_JETSTREAM_CAUSEWAY: 'off',
  });
});

test('gives a webhook target', () => {
  const webhook = {
    endpoint: 'http://causeway:8080/events/paris',
    authToken: 'Bearer t',
    queueDir: '/data/events',
  };

  expect(notificationEnvironment({ webhook })).toEqual({
    MINIO_NOTIFY_WEBHOOK_ENABLE_CAUSEWAY: 'on',
    MINIO_NOTIFY_WEBHOOK_ENDPOINT_CAUSEWAY: 'http://causeway:8080/events/paris',
    MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_CAUSEWAY: 'Bearer t',
    MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_CAUSEWAY: '/data/events',
    MINIO_NOTIFY_WEBHOOK_QUEUE_LIMIT_CAUSEWAY: '100000',
  });
});

test('names the targets that a server with these settings has', () => {
  expect(notificationArns({})).toEqual([]);
  expect(notificationArns({ nats })).toEqual(['arn:minio:sqs::CAUSEWAY:nats']);
  expect(notificationArns({ nats: { ...nats, queueDir: '/e' }, webhook: { endpoint: 'http://c' } })).toEqual([
    'arn:minio:sqs::CAUSEWAY:nats',
    'arn:minio:sqs::CAUSEWAYSAFE:nats',
    'arn:minio:sqs::CAUSEWAY:webhook',
  ]);
});
