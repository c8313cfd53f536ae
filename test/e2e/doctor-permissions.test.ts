/** Each permission is taken away in turn at a real MinIO: doctor names it, or MinIO does without. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectTaggingCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revealed } from '../../infra/cli/session.ts';
import { environment } from '../../infra/config/env.ts';
import { linksOf } from '../../infra/config/links.ts';
import { loadDocuments } from '../../infra/config/load.ts';
import type { Check } from '../../infra/doctor/check.ts';
import { examine } from '../../infra/doctor/examine.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { createUser } from '../../infra/sites/create-user.ts';
import { type MinioServer, startMinio } from '../../infra/sites/minio-server.ts';
import { type PolicyDocument, policyFor } from '../../infra/sites/policies.ts';
import { rootClient, setUpSite } from '../../infra/sites/setup.ts';
import { wire } from '../../infra/stores/wire.ts';
import { runCommand } from './run-command.ts';

const user = { accessKey: 'doctor-patient', secretKey: 'a-secret-of-the-patient' };
const buckets = [{ name: 'photos' }, { name: 'records', objectLock: true }];
const whole = policyFor(
  'target',
  buckets.map(({ name }) => name),
);
const actions = [...new Set(whole.Statement.flatMap(({ Action }) => Action))];

let dir: string;
let server: MinioServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-permissions-'));
  const binary = await findBinary('minio', environment, console.error);
  server = await startMinio({ binary, dir: join(dir, 'paris'), name: 'paris' });
  await setUpSite({ server, buckets, role: 'target' });
  const sites = ['paris', 'tokyo'].map(
    (name) => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "${name === 'paris' ? server.endpoint : 'http://127.0.0.1:1'}" }
  credentials: { env: PARIS }
`,
  );
  const rules = buckets.map(
    ({ name }) => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
  source: { site: tokyo, bucket: ${name} }
  targets: [{ site: paris, bucket: ${name} }]
`,
  );
  await writeFile(join(dir, 'causeway.yaml'), [...sites, ...rules].join('---\n'));
});
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

const without = (...left: readonly string[]): PolicyDocument => ({
  ...whole,
  Statement: whole.Statement.map((statement) => ({
    ...statement,
    Action: statement.Action.filter((action) => !left.includes(action)),
  })).filter(({ Action }) => Action.length > 0),
});

const env = { PARIS_ACCESS_KEY_ID: user.accessKey, PARIS_SECRET_ACCESS_KEY: user.secretKey };

async function give(policy: PolicyDocument): Promise<void> {
  const { endpoint, rootUser, rootPassword } = server;
  await createUser({ endpoint, rootUser, rootPassword }, { ...user, policyName: 'patient', policy });
}

async function permissions(policy: PolicyDocument): Promise<Check | undefined> {
  await give(policy);
  const loaded = await loadDocuments([join(dir, 'causeway.yaml')], env);
  if (!loaded.ok) throw new Error('the documents are wrong');
  const { documents } = loaded;
  const examination = examine({
    documents,
    links: linksOf(documents),
    nats: undefined,
    ownNatsDir: undefined,
    hasWebhookToken: false,
    deadlineMs: 5_000,
    now: Date.now,
    openWire: ({ metadata, spec, access }) =>
      wire({
        site: metadata.name,
        endpoint: spec.s3.endpoint,
        region: spec.s3.region,
        credentials: revealed(access.credentials),
      }),
  });
  let found: Check | undefined;
  for await (const check of examination) {
    if (check.site === 'paris' && check.check === 'permissions') found = check;
  }
  return found;
}

test('the command names what is missing, and exits 1', async () => {
  await give(without('s3:ReplicateObject'));

  const { code, stdout } = await runCommand(['doctor', '-f', join(dir, 'causeway.yaml')], env);

  expect(code).toBe(1);
  expect(stdout).toMatch(/^failed +paris +permissions: photos lacks s3:ReplicateObject; records lacks/m);
  expect(stdout).toMatch(/^ +do this: give Causeway's user at paris this policy/m);
});

test('with all of them all is well', async () => {
  expect(await permissions(whole)).toMatchObject({ status: 'ok', message: 'all that replication needs' });
});

/** MinIO asks for none of these while the others are there. */
const spared = [
  's3:DeleteObjectVersion',
  's3:DeleteObjectVersionTagging',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
  's3:ListAllMyBuckets',
  's3:ListBucketVersions',
  's3:PutObjectVersionTagging',
];

describe.each(actions.filter((action) => !spared.includes(action)))('%s', (action) => {
  test('is named, with the policy that has it', async () => {
    const found = await permissions(without(action));

    const ofLocks = action === 's3:PutObjectRetention';
    expect(found).toMatchObject({
      status: 'failed',
      message: ofLocks ? `records lacks ${action}` : `photos lacks ${action}; records lacks ${action}`,
    });
    const policy: PolicyDocument = JSON.parse(found?.fix?.slice(found.fix.indexOf('\n{')) ?? '');
    expect(policy.Statement).toEqual(whole.Statement);
  });
});

test.each([
  [['s3:GetObject', 's3:GetObjectVersion']],
  [['s3:ListBucket', 's3:ListBucketVersions', 's3:ListAllMyBuckets', 's3:GetBucketLocation']],
  [['s3:PutObject', 's3:ReplicateObject', 's3:DeleteObject', 's3:ReplicateDelete']],
])('%s are named together', async (left) => {
  const found = await permissions(without(...left));

  for (const action of left) expect(found?.message).toContain(action);
});

test('what MinIO does without is told, and is no fault', async () => {
  const found = await permissions(without(...spared.filter((action) => action !== 's3:GetObjectVersion')));

  expect(found).toMatchObject({ status: 'ok' });
  expect(found?.message).toContain('MinIO does without: s3:ListAllMyBuckets');
});

test('where an object is there, reading its tags is tried, and nothing about it changes', async () => {
  const client = rootClient(server);
  const at = { Bucket: 'photos', Key: 'cat.jpg' };
  await client.send(new PutObjectCommand({ ...at, Body: 'a cat', Tagging: 'kind=cat' }));
  const before = await client.send(new HeadObjectCommand(at));

  expect((await permissions(without('s3:GetObjectTagging')))?.message).toContain(
    'photos lacks s3:GetObjectTagging',
  );
  expect(await permissions(whole)).toMatchObject({ status: 'ok' });

  const after = await client.send(new HeadObjectCommand(at));
  expect([after.VersionId, after.LastModified]).toEqual([before.VersionId, before.LastModified]);
  expect((await client.send(new GetObjectTaggingCommand(at))).TagSet).toEqual([
    { Key: 'kind', Value: 'cat' },
  ]);
  client.destroy();
});
