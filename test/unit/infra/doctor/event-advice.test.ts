import { expect, test } from 'vitest';
import { parseNatsUrl } from '../../../../infra/config/nats-url.ts';
import { eventAdvice } from '../../../../infra/doctor/event-advice.ts';
import { FAST_NATS_ARN } from '../../../../infra/sites/notification-environment.ts';

const plan = {
  site: 'paris',
  endpoint: 'http://127.0.0.1:9000',
  via: 'nats',
  nats: undefined,
  stateFile: undefined,
} as const;
const advice = (more: Partial<Parameters<typeof eventAdvice>[0]>): string =>
  eventAdvice({ ...plan, ...more }, 'photos', [FAST_NATS_ARN]);

test('names the NATS that is used, and no secret', () => {
  const text = advice({ nats: parseNatsUrl('nats://me:hidden-password@nats.example:4222') });

  expect(text).toContain("MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAY='nats.example:4222'");
  expect(text).toContain("MINIO_NOTIFY_NATS_USERNAME_CAUSEWAYSAFE='me'");
  expect(text).toContain("MINIO_NOTIFY_NATS_JETSTREAM_CAUSEWAYSAFE='on'");
  expect(text).toContain("MINIO_NOTIFY_NATS_SUBJECT_CAUSEWAY='causeway.raw.paris'");
  expect(text).toMatch(/mc event add paris\/photos arn:minio:sqs::CAUSEWAY:nats --event put,delete$/);
  expect(text).toContain('a NATS user that may publish causeway.raw.paris and subscribe _INBOX.>');
  expect(text).not.toContain('hidden-password');
  expect(text).not.toContain('cannot reach');
});

test('has what a token or TLS needs', () => {
  const text = advice({ nats: parseNatsUrl('tls://hidden-token@nats.example') });

  expect(text).toContain("MINIO_NOTIFY_NATS_TOKEN_CAUSEWAY='THE-TOKEN'");
  expect(text).toContain("MINIO_NOTIFY_NATS_TLS_CAUSEWAYSAFE='on'");
  expect(text).not.toContain('USERNAME');
  expect(text).not.toContain('hidden-token');
});

test('without a NATS, has where its own will be, and where its password is', () => {
  const text = advice({ stateFile: '/etc/.causeway/nats.json' });

  expect(text).toContain("MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAY='127.0.0.1:4333'");
  expect(text).toContain(
    "PASSWORD_CAUSEWAY='THE-PASSWORD, from /etc/.causeway/nats.json once causeway up runs'",
  );
});

test('says that a server elsewhere cannot reach this machine’s loopback', () => {
  expect(advice({ endpoint: 'https://s3.paris.example' })).toMatch(/^paris cannot reach 127\.0\.0\.1:4333/);
  expect(advice({ endpoint: 'http://localhost:9000' })).not.toContain('cannot reach');
});
