/** Whether a bucket's changes reach Causeway as they happen, and what is lost where they do not. */
import { FAST_NATS_ARN, SAFE_NATS_ARN, WEBHOOK_ARN } from '../sites/notification-environment.ts';
import { textOf } from '../stores/xml.ts';
import { announcementsOf, gapsOf, withRegion } from './announcements.ts';
import type { Check } from './check.ts';
import { type EventPlan, eventAdvice } from './event-advice.ts';
import type { Patient } from './reach.ts';
import type { BucketNeed } from './site-needs.ts';

export interface EventContext extends Pick<EventPlan, 'nats' | 'stateFile'> {
  /** Whether the deployment has taken notifications of the site; undefined where none has run. */
  readonly hasNotified: boolean | undefined;
  readonly hasWebhookToken: boolean;
}

const losses: Readonly<Record<string, string>> = {
  [FAST_NATS_ARN]: 'each event waits in the queue directory, which MinIO looks into every 3 s',
  [SAFE_NATS_ARN]: 'what happens while NATS is away, or MinIO crashes, is found by the scan only',
};

export async function checkEvents(patient: Patient, need: BucketNeed, context: EventContext): Promise<Check> {
  const { site, wire, deadlineMs, report } = patient;
  const { bucket } = need;
  const { events } = site.spec;
  const scanned = `the scan alone finds changes: a sixteenth of the bucket every ${need.scanEveryMs / 1000} s`;
  if (events.from === 'none') {
    return report.ok('events', `${bucket}: the Site document asks for none; ${scanned}`);
  }
  const ask = (query: string) => wire.send({ method: 'GET', bucket, query: { [query]: '' }, deadlineMs });
  const [notification, location] = await Promise.all([ask('notification'), ask('location')]);
  if (notification.status !== 200) {
    return report.failed('events', `${bucket}: what it announces may not be asked (see permissions)`);
  }
  const region = textOf(location.body.toString('utf8'), 'LocationConstraint') ?? '';
  const announcements = announcementsOf(notification.body.toString('utf8'));
  const wanted = events.via === 'nats' ? [FAST_NATS_ARN, SAFE_NATS_ARN] : [WEBHOOK_ARN];
  const gaps = new Map(wanted.map((arn) => [arn, gapsOf(announcements, arn, need.prefixes)]));
  const plan = { site: site.metadata.name, endpoint: site.spec.s3.endpoint, via: events.via, ...context };
  const fix = (arns: readonly string[]): string =>
    eventAdvice(
      plan,
      bucket,
      arns.map((arn) => withRegion(arn, region)),
    );

  const absent = wanted.filter((arn) => gaps.get(arn) === undefined);
  if (absent.length === wanted.length) {
    const message = `${bucket} announces nothing to Causeway, though the Site document says events come by ${events.via}; ${scanned}`;
    return report.failed('events', message, fix(wanted));
  }
  const partly = wanted.filter((arn) => (gaps.get(arn) ?? []).length > 0);
  if (partly.length > 0) {
    const missing = [...new Set(partly.flatMap((arn) => gaps.get(arn) ?? []))];
    const message = `${bucket} does not announce ${missing.join(', ')}: the scan alone finds these`;
    return report.warning('events', message, fix(partly));
  }
  const [first] = absent;
  if (first !== undefined) {
    const message = `${bucket} announces nothing to ${first}: ${losses[first] ?? scanned}`;
    return report.warning('events', message, fix(absent));
  }
  if (events.via === 'webhook' && !context.hasWebhookToken) {
    return report.warning(
      'events',
      `${bucket} announces its changes to the webhook, which takes none without a token`,
      "set CAUSEWAY_WEBHOOK_TOKEN for causeway up, as in the server's MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_CAUSEWAY",
    );
  }
  return report.ok('events', `${bucket} announces its changes${arrivals(context.hasNotified)}`);
}

function arrivals(hasNotified: boolean | undefined): string {
  if (hasNotified === undefined) return '';
  return hasNotified ? ', and some have arrived' : '; none has arrived yet';
}
