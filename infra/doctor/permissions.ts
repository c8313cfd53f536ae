/** What Causeway may do at a site, permission by permission: asked of the site itself. */
import { type PolicyDocument, policyFor, type SiteRole } from '../sites/policies.ts';
import { listVersions } from '../stores/minio-listing.ts';
import { textOf } from '../stores/xml.ts';
import { type AccountPolicy, accountPolicy } from './account-policy.ts';
import type { Check } from './check.ts';
import { type Probe, probesOf, tagsOf } from './permission-probes.ts';
import type { Patient } from './reach.ts';
import type { BucketNeed } from './site-needs.ts';

/** MinIO does with another permission instead; AWS, and perhaps a later MinIO, asks for these. */
const notAsked: ReadonlySet<string> = new Set([
  's3:DeleteObjectVersion',
  's3:DeleteObjectVersionTagging',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
  's3:ListAllMyBuckets',
  's3:ListBucketVersions',
  's3:PutObjectVersionTagging',
]);
/** Only buckets with object lock have a use for them. */
const ofLocks: ReadonlySet<string> = new Set(['s3:PutObjectRetention']);

/** Refused before any permission was looked at. */
const refusedBefore: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'XMinioAdminBucketQuotaExceeded',
]);

type Answered = 'allowed' | 'denied' | 'unknown';

export interface Bucket {
  readonly need: BucketNeed;
  readonly objectLock: boolean;
}

export async function checkPermissions(patient: Patient, buckets: readonly Bucket[]): Promise<Check> {
  const { site, wire, deadlineMs, report } = patient;
  const policy = await accountPolicy(wire, deadlineMs);
  const found = await Promise.all(buckets.map((bucket) => missingAt(patient, bucket, policy)));
  const missing = found.filter(({ actions }) => actions.length > 0);
  const spared = [...new Set(found.flatMap(({ notNeeded }) => notNeeded))];
  const unknown = [...new Set(found.flatMap((at) => at.unknown))];
  const wanted = sitePolicy(buckets.map(({ need }) => need));
  if (missing.length > 0) {
    const list = missing.map(({ bucket, actions }) => `${bucket} lacks ${actions.join(', ')}`);
    return report.failed('permissions', list.join('; '), policyAdvice(site.metadata.name, wanted));
  }
  if (unknown.length > 0) {
    const message = `whether ${unknown.join(', ')} is there cannot be found out without changing something`;
    return report.warning('permissions', message, policyAdvice(site.metadata.name, wanted));
  }
  const note = spared.length > 0 ? ` (MinIO does without: ${spared.join(', ')})` : '';
  return report.ok('permissions', `all that replication needs${note}`);
}

async function missingAt(patient: Patient, { need, objectLock }: Bucket, policy: AccountPolicy | undefined) {
  const { bucket } = need;
  const resources = resourcesByAction(policyFor(roleOf(need), [bucket]), bucket);
  const wanted = [...resources.keys()].filter((action) => objectLock || !ofLocks.has(action));
  const probes = { ...probesOf(bucket, objectLock), ...(await tagProbe(patient, bucket)) };
  const asked = await Promise.all(
    wanted.map(async (action) => [action, await ask(patient, probes[action])] as const),
  );
  const answers = new Map(asked);
  const allowedByPolicy = (action: string): boolean | undefined =>
    policy?.allows(action, resources.get(action) ?? bucket);
  const answerOf = (action: string): Answered => {
    const answer = answers.get(action) ?? 'unknown';
    const behind = probes[action]?.behind;
    const isHidden = answer === 'denied' && behind !== undefined && answers.get(behind) !== 'allowed';
    if (answer !== 'unknown' && !isHidden) return answer;
    const allowed = allowedByPolicy(action);
    return allowed === undefined ? 'unknown' : allowed ? 'allowed' : 'denied';
  };
  const denied = wanted.filter((action) => answerOf(action) === 'denied');
  const isAskedFor = (action: string): boolean => !notAsked.has(action) || answers.get(action) === 'denied';
  return {
    bucket,
    actions: denied.filter(isAskedFor),
    notNeeded: wanted.filter((action) => !isAskedFor(action) && allowedByPolicy(action) === false),
    unknown: wanted.filter((action) => answerOf(action) === 'unknown' && !notAsked.has(action)),
  };
}

async function ask({ wire, deadlineMs }: Patient, probe: Probe | undefined): Promise<Answered> {
  if (!probe) return 'unknown';
  try {
    const answer = await wire.send({ ...probe.request, deadlineMs });
    const code = answer.headers['x-minio-error-code'] ?? textOf(answer.body.toString('utf8'), 'Code');
    if (answer.status >= 500 || refusedBefore.has(code ?? '')) return 'unknown';
    const isAllowed = probe.isAllowed?.(answer) ?? (code !== 'AccessDenied' && answer.status !== 403);
    return isAllowed ? 'allowed' : 'denied';
  } catch {
    return 'unknown';
  }
}

/** None in an empty bucket. */
async function tagProbe({ wire, deadlineMs }: Patient, bucket: string): Promise<Record<string, Probe>> {
  try {
    const listing = { prefix: '', limit: 100, metadata: false };
    const { versions } = await listVersions(wire, bucket, listing, deadlineMs);
    const version = versions.find(({ marker }) => !marker);
    return version ? { 's3:GetObjectTagging': tagsOf(bucket, version) } : {};
  } catch {
    return {};
  }
}

const roleOf = ({ isTarget }: BucketNeed): SiteRole => (isTarget ? 'target' : 'source');

/** A resource that each action of a policy is about. */
const resourcesByAction = ({ Statement }: PolicyDocument, bucket: string): ReadonlyMap<string, string> =>
  new Map(
    Statement.flatMap(({ Action, Resource }) => {
      const isOfObjects = Resource.some((resource) => resource.endsWith('/*'));
      return Action.map((action) => [action, isOfObjects ? `${bucket}/key` : bucket] as const);
    }),
  );

/** Of all buckets, each with the least that its rules need. */
export function sitePolicy(needs: readonly BucketNeed[]): PolicyDocument {
  const named = (role: SiteRole): string[] =>
    needs.filter((need) => roleOf(need) === role).map(({ bucket }) => bucket);
  const [sources, targets] = [named('source'), named('target')];
  const policies = [policyFor('target', targets), policyFor('source', sources)];
  const statements = new Map(
    policies.flatMap(({ Statement }) => Statement).map((statement) => [JSON.stringify(statement), statement]),
  );
  return { Version: '2012-10-17', Statement: [...statements.values()] };
}

function policyAdvice(site: string, policy: PolicyDocument): string {
  return [
    `give Causeway's user at ${site} this policy (mc admin policy create ${site} causeway policy.json; mc admin policy attach ${site} causeway --user ACCESS_KEY):`,
    JSON.stringify(policy, null, 2),
  ].join('\n');
}
