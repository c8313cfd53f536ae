/**
 * What a reader of the documentation may ask for and this version does not do. None of it is in the schemas, so
 * that nothing is accepted and then ignored; the words here are what the user gets instead of "unknown field".
 */

const fields: Readonly<Record<string, string>> = {
  'Site spec.limits': 'limits are not in this version',
  'Site spec.events.sqs':
    'events from SQS are not in this version: leave events out, and the scan finds changes',
  'ReplicationRule spec.placement': 'placement is not in this version: list the targets under spec.targets',
};

const values: Readonly<Record<string, string>> = {
  'Site spec.s3.dialect versioned': 'this version speaks to MinIO only: dialect is minio or auto',
  'Site spec.s3.dialect plain': 'this version speaks to MinIO only: dialect is minio or auto',
  'ReplicationRule spec.mode metadata-only': 'metadata-only is not in this version: mode is full',
};

const lookUp = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** `field` as it is shown: spec.limits. */
export const refusedField = (kind: string, field: string): string | undefined =>
  lookUp(fields, `${kind} ${field}`);

export const refusedValue = (kind: string, field: string, value: string): string | undefined =>
  lookUp(values, `${kind} ${field} ${value}`);
