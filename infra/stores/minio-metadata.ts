/**
 * Changing tags, retention and legal hold of a replica that exists (cmd/object-handlers.go): with the replication
 * header no notification is sent, and the version stays a REPLICA. Only what differs is sent. The locks' own rules
 * hold here, unlike when a replica is written or purged: GOVERNANCE is shortened with a header (for which MinIO asks
 * no more than s3:PutObjectRetention), COMPLIANCE not at all, and none is set that has ended already.
 */
import type { VersionFacts, VersionRef } from '../../events/object-events.ts';
import { at, contentMd5, type Means, REPLICATION } from './minio-replica.ts';
import type { WireRequest } from './wire.ts';
import { escapeXml } from './xml.ts';

export type Changeable = Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>;

export async function changeMetadata(
  means: Means,
  ref: VersionRef,
  { current, wanted }: { current: Changeable; wanted: Changeable },
): Promise<void> {
  if (!sameTags(current.tags, wanted.tags)) await putTags(means, ref, wanted.tags);
  if (!sameRetention(current.retention, wanted.retention))
    await change(
      means,
      ref,
      'retention',
      retentionXml(wanted.retention),
      // Asked for only where it is needed: who lacks that permission may not even extend with it.
      isWeaker(current.retention, wanted.retention) ? { 'x-amz-bypass-governance-retention': 'true' } : {},
    );
  const hold = wanted.legalHold ?? 'OFF';
  if ((current.legalHold ?? 'OFF') !== hold)
    await change(means, ref, 'legal-hold', `<LegalHold><Status>${hold}</Status></LegalHold>`);
}

export async function putTags(means: Means, ref: VersionRef, tags: VersionFacts['tags']): Promise<void> {
  const set = Object.entries(tags).map(
    ([name, value]) => `<Tag><Key>${escapeXml(name)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  await change(
    means,
    ref,
    'tagging',
    set.length > 0 ? `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>` : undefined,
  );
}

/** Puts the subresource, or deletes it. */
async function change(
  { wire, deadlines }: Means,
  ref: VersionRef,
  subresource: string,
  xml: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const body = xml === undefined ? undefined : Buffer.from(xml);
  const request: WireRequest = {
    ...at(ref, { [subresource]: '', versionId: ref.versionId }),
    method: body ? 'PUT' : 'DELETE',
    headers: { ...REPLICATION, ...headers, ...(body && { 'content-md5': contentMd5(body) }) },
    ...(body && { body }),
    deadlineMs: deadlines.requestMs,
  };
  const answer = await wire.send(request);
  if (answer.status >= 300) throw await wire.refusal(request, answer);
}

function sameTags(one: VersionFacts['tags'], other: VersionFacts['tags']): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

type Retention = VersionFacts['retention'];

const effective = (retention: Retention): Retention =>
  retention && Date.parse(retention.until) > Date.now() ? retention : undefined;

/** What has ended protects nothing, and cannot be set. */
function sameRetention(current: Retention, wanted: Retention): boolean {
  const [one, other] = [effective(current), effective(wanted)];
  if (!one || !other) return one === other;
  return one.mode === other.mode && Date.parse(one.until) === Date.parse(other.until);
}

function isWeaker(current: Retention, wanted: Retention): boolean {
  const [one, other] = [effective(current), effective(wanted)];
  return one?.mode === 'GOVERNANCE' && (other?.mode !== 'GOVERNANCE' || other.until < one.until);
}

function retentionXml(wanted: Retention): string {
  const retention = effective(wanted);
  if (!retention) return '<Retention/>';
  return `<Retention><Mode>${retention.mode}</Mode><RetainUntilDate>${retention.until}</RetainUntilDate></Retention>`;
}
