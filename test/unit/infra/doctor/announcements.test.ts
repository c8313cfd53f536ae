import { describe, expect, test } from 'vitest';
import { announcementsOf, gapsOf, withRegion } from '../../../../infra/doctor/announcements.ts';
import { FAST_NATS_ARN, SAFE_NATS_ARN } from '../../../../infra/sites/notification-environment.ts';

const all = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'];

const queue = (arn: string, events: readonly string[], filters = ''): string =>
  `<QueueConfiguration><Id>1</Id>${filters && `<Filter><S3Key>${filters}</S3Key></Filter>`}${events
    .map((event) => `<Event>${event}</Event>`)
    .join('')}<Queue>${arn}</Queue></QueueConfiguration>`;
const filter = (name: string, value: string): string =>
  `<FilterRule><Name>${name}</Name><Value>${value}</Value></FilterRule>`;
const announced = (...queues: readonly string[]) =>
  announcementsOf(`<NotificationConfiguration>${queues.join('')}</NotificationConfiguration>`);

test('are read as MinIO tells them', () => {
  const found = announced(queue(FAST_NATS_ARN, all, filter('prefix', 'a&amp;b/') + filter('suffix', '.jpg')));

  expect(found).toEqual([{ arn: FAST_NATS_ARN, events: all, prefix: 'a&b/', suffix: '.jpg' }]);
  expect(announcementsOf('<NotificationConfiguration/>')).toEqual([]);
});

describe('a target', () => {
  const gaps = (queues: readonly string[], prefixes: readonly string[] = ['']) =>
    gapsOf(announced(...queues), FAST_NATS_ARN, prefixes);

  test('that is told of everything has no gap, wherever its server says it is', () => {
    expect(gaps([queue(FAST_NATS_ARN, all)])).toEqual([]);
    expect(gaps([queue(withRegion(FAST_NATS_ARN, 'eu-1'), all)])).toEqual([]);
    expect(gaps([queue(FAST_NATS_ARN, all, filter('prefix', 'a/'))], ['a/', 'a/b'])).toEqual([]);
    expect(gaps(all.map((event) => queue(FAST_NATS_ARN, [event])))).toEqual([]);
  });

  test('that is told of nothing is another thing than one with gaps', () => {
    expect(gaps([])).toBeUndefined();
    expect(gaps([queue(SAFE_NATS_ARN, all)])).toBeUndefined();
  });

  test('lacks events, or keys', () => {
    expect(gaps([queue(FAST_NATS_ARN, ['s3:ObjectCreated:*'])])).toEqual([
      's3:ObjectRemoved:Delete',
      's3:ObjectRemoved:DeleteMarkerCreated',
    ]);
    expect(gaps([queue(FAST_NATS_ARN, ['s3:ObjectCreated:Put', 's3:ObjectRemoved:*'])])).toContain(
      's3:ObjectCreated:CompleteMultipartUpload',
    );
    expect(gaps([queue(FAST_NATS_ARN, all, filter('prefix', 'a/'))], ['a/', 'b/'])?.[0]).toBe(
      's3:ObjectCreated:Put under b/',
    );
    expect(gaps([queue(FAST_NATS_ARN, all, filter('suffix', '.jpg'))])).not.toEqual([]);
  });
});
