/** A bucket that a rule names: whether it is there, versioned, and can hold what the other side holds. */
import type { Answer, WireRequest } from '../stores/wire.ts';
import { scan, textOf } from '../stores/xml.ts';
import type { Check } from './check.ts';
import type { Patient } from './reach.ts';
import type { BucketNeed } from './site-needs.ts';

export interface BucketFound {
  readonly checks: readonly Check[];
  /** Whether more can be asked about it. */
  readonly isThere: boolean;
  /** Undefined where it cannot be asked. */
  readonly objectLock: boolean | undefined;
}

export async function checkBucket(patient: Patient, { bucket }: BucketNeed): Promise<BucketFound> {
  const { site, wire, deadlineMs, report } = patient;
  const at = `${site.metadata.name}/${bucket}`;
  const ask = (query: string): Promise<Answer> =>
    wire.send({ method: 'GET', bucket, query: { [query]: '' }, deadlineMs } satisfies WireRequest);
  const [versioning, lock] = await Promise.all([ask('versioning'), ask('object-lock')]);
  const text = versioning.body.toString('utf8');
  const code = textOf(text, 'Code') ?? '';
  if (code === 'NoSuchBucket') {
    const made = report.failed('bucket', `${bucket} is not there`, `mc mb --with-versioning ${at}`);
    return { checks: [made], isThere: false, objectLock: undefined };
  }
  const objectLock =
    lock.status === 200
      ? textOf(lock.body.toString('utf8'), 'ObjectLockEnabled') === 'Enabled'
      : lock.status === 404
        ? false
        : undefined;
  const found = (check: Check): BucketFound => ({ checks: [check], isThere: true, objectLock });
  if (code === 'AuthorizationHeaderMalformed') {
    const region = textOf(text, 'Region') ?? /expecting '([^']+)'/.exec(text)?.[1];
    const fix = region ? `in the Site document: s3: { region: ${region} }` : 'correct s3.region';
    const check = report.failed('bucket', `${bucket}: the site is in another region`, fix);
    return { checks: [check], isThere: false, objectLock };
  }
  if (versioning.status !== 200) {
    const why = code === 'AccessDenied' ? 'may not be asked (see permissions)' : `cannot be asked: ${code}`;
    return found(report.failed('bucket', `${bucket}: whether it has versioning ${why}`));
  }
  const status = textOf(text, 'Status');
  if (status !== 'Enabled') {
    const now = status === 'Suspended' ? 'suspended' : 'off';
    return found(
      report.failed(
        'bucket',
        `${bucket}: versioning is ${now}, and replication needs it`,
        `mc version enable ${at}`,
      ),
    );
  }
  const unversioned = exclusions(text);
  if (unversioned.length > 0) {
    const message = `${bucket}: versioning leaves out ${unversioned.join(', ')}: only the last state there can be replicated, and one-way only`;
    return found(report.warning('bucket', message, `mc version enable ${at}, without its --exclude options`));
  }
  return found(
    report.ok('bucket', `${bucket} is there, with versioning${objectLock ? ' and object lock' : ''}`),
  );
}

/** MinIO's own: prefixes without versions. */
function exclusions(xml: string): string[] {
  const found: string[] = [];
  scan(xml, {
    leaf(name, value) {
      if (name === 'Prefix') found.push(`prefix ${value}`);
      if (name === 'ExcludeFolders' && value === 'true') found.push('folders');
    },
  });
  return found;
}
