/**
 * A user and its policy at a MinIO server, made by one request: the import of what `mc admin cluster iam export`
 * gives. `mc admin` takes three to do it, and in each that holds a secret both sides stretch a key, at 64 MiB.
 */
import { hash } from 'node:crypto';
import { signer } from '../stores/signature.ts';
import type { PolicyDocument } from './policies.ts';
import { zip } from './zip.ts';

const DEADLINE_MS = 30_000;
const REGION = 'us-east-1';

export interface AdminAccess {
  readonly endpoint: string;
  readonly rootUser: string;
  readonly rootPassword: string;
}

export interface NewUser {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly policyName: string;
  readonly policy: PolicyDocument;
}

/** Makes the user and the policy, or sets them anew, and gives the policy to the user. */
export async function createUser(admin: AdminAccess, user: NewUser): Promise<void> {
  const { accessKey, secretKey, policyName, policy } = user;
  const archive = zip({
    'iam-assets/policies.json': JSON.stringify({ [policyName]: policy }),
    'iam-assets/users.json': JSON.stringify({ [accessKey]: { secretKey, status: 'enabled' } }),
    'iam-assets/user_mappings.json': JSON.stringify({ [accessKey]: { version: 1, policy: policyName } }),
  });
  const root = { accessKey: admin.rootUser, secretKey: admin.rootPassword };
  const refused = await refusal(admin.endpoint, root, 'PUT', '/minio/admin/v3/import-iam', archive);
  // The answer does not tell of a user that could not be made.
  const why = refused ?? unlessDenied(await refusal(admin.endpoint, user, 'GET', '/'));
  if (why !== undefined) throw new Error(`user ${accessKey} could not be made at ${admin.endpoint}: ${why}`);
}

/** Who is denied a request is known. */
const unlessDenied = (code: string | undefined) => (code === 'AccessDenied' ? undefined : code);

/** The error code that a request is answered with, if any. */
async function refusal(
  endpoint: string,
  { accessKey, secretKey }: Pick<NewUser, 'accessKey' | 'secretKey'>,
  method: string,
  path: string,
  body?: Buffer,
): Promise<string | undefined> {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const sign = signer({ credentials, region: REGION, host: new URL(endpoint).host });
  const sum = { 'x-amz-content-sha256': hash('sha256', body ?? '') };
  const response = await fetch(`${endpoint}${path}`, {
    method,
    headers: sign({ method, path, query: '', headers: sum }),
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...(body && { body: new Uint8Array(body) }),
  });
  const answer = await response.text();
  if (response.ok) return undefined;
  const [, json, xml] = /"Code":"(\w+)"|<Code>(\w+)</.exec(answer) ?? [];
  return json ?? xml ?? `HTTP ${response.status}`;
}
