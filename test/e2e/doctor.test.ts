/** What `causeway doctor` finds, at real sites: nothing where all is well, and each fault by its name, with the cure. */

import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import type { Check } from '../../infra/doctor/check.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { startMinio } from '../../infra/sites/minio-server.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { startProcess } from '../../infra/sites/process.ts';
import { announceChanges, createBucket, rootClient } from '../../infra/sites/setup.ts';
import { credentialsOf } from './causeway-process.ts';
import { listen, skewed } from './front.ts';
import { type Finished, runCommand } from './run-command.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let secrets: string[];

beforeAll(async () => {
  world = await startWorld(['paris', 'tokyo'], [{ name: 'photos' }, { name: 'records', objectLock: true }]);
  const { nats, sites } = world.embedded;
  secrets = [nats.password, ...sites.map(({ credentials }) => credentials.secretAccessKey.reveal())];
});
afterAll(() => world?.stop());

interface SiteOptions {
  readonly endpoint?: string;
  readonly via?: 'nats' | 'webhook';
  readonly as?: string;
}

function siteDocument(name: string, { endpoint, via = 'nats', as = name }: SiteOptions = {}): string {
  const at = endpoint ?? server(name).endpoint;
  return `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "${at}" }
  credentials: { env: ${as.toUpperCase()} }
  events: { minio: { via: ${via} } }
`;
}

const ruleDocument = (name: string, bucket: string, spec = ''): string => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
  source: { site: paris, bucket: ${bucket} }
  targets: [{ site: tokyo, bucket: ${bucket} }]
${spec}`;

function server(name: string) {
  const found = world.embedded.sites.find((site) => site.name === name);
  if (!found) throw new Error(`no site ${name}`);
  return found.server;
}

const embedded = (): string => natsUrl(world.embedded.nats);

/** Root may do anything, at both sites: for buckets that Causeway's own user has no permission for. */
const asRoot = (): Record<string, string> =>
  Object.fromEntries(
    ['paris', 'tokyo'].flatMap((name) => [
      [`${name.toUpperCase()}_ACCESS_KEY_ID`, server(name).rootUser],
      [`${name.toUpperCase()}_SECRET_ACCESS_KEY`, server(name).rootPassword],
    ]),
  );

async function doctor(
  documents: readonly string[],
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Finished> {
  const file = join(await mkdtemp(join(world.dir, 'documents-')), 'causeway.yaml');
  await writeFile(file, documents.join('---\n'));
  const finished = await runCommand(['doctor', '-f', file, ...args], {
    ...credentialsOf(world.embedded),
    ...env,
  });
  for (const secret of secrets) expect(finished.stdout + finished.stderr).not.toContain(secret);
  return finished;
}

async function checksOf(
  ...given: Parameters<typeof doctor>
): Promise<{ code: number | null; checks: Check[] }> {
  const [documents, options = {}] = given;
  const { code, stdout } = await doctor(documents, { ...options, args: [...(options.args ?? []), '--json'] });
  const { ok, checks } = JSON.parse(stdout);
  expect(ok).toBe(code === 0);
  return { code, checks };
}

const both = (): string[] => [siteDocument('paris'), siteDocument('tokyo')];
const problems = (checks: readonly Check[]) => checks.filter(({ status }) => status !== 'ok');

test('says that all is well, and neither changes nor announces anything', async () => {
  const { user, password, host, port } = world.embedded.nats;
  const connection = await connect({ servers: `${host}:${port}`, user, pass: password });
  const heard: string[] = [];
  connection.subscribe('causeway.raw.>', { callback: (_, message) => void heard.push(message.subject) });
  await connection.flush();

  const { code, checks } = await checksOf(
    [
      ...both(),
      ruleDocument('photos', 'photos', '  direction: two-way\n'),
      ruleDocument('records', 'records'),
    ],
    { args: ['--nats', embedded()] },
  );

  expect(problems(checks)).toEqual([]);
  expect(code).toBe(0);
  expect(checks.filter(({ site }) => site === 'paris').map(({ check }) => check)).toEqual([
    'reachable',
    'dialect',
    'clock',
    'credentials',
    'bucket',
    'bucket',
    'permissions',
    'events',
    'events',
  ]);
  for (const name of ['paris', 'tokyo']) {
    const client = rootClient(server(name));
    for (const Bucket of ['photos', 'records']) {
      const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket }));
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      expect([Versions, DeleteMarkers, Uploads]).toEqual([undefined, undefined, undefined]);
    }
    client.destroy();
    expect(await queued(name)).toEqual([]);
  }
  // What is heard where something is written: else the silence would prove nothing.
  const client = rootClient(server('paris'));
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'heard', Body: 'now' }));
  await expect.poll(() => heard, { timeout: 10_000 }).toContain('causeway.raw.paris');
  expect(heard.length).toBeLessThanOrEqual(2);
  client.destroy();
  await connection.close();
});

/** Events that wait for NATS to have the stream. */
const queued = async (name: string): Promise<string[]> =>
  (await readdir(join(server(name).dir, 'events'), { recursive: true })).filter((file) =>
    file.endsWith('.event'),
  );

describe('a site', () => {
  const rule = ruleDocument('photos', 'photos');

  test('that does not answer', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const { code, checks } = await checksOf([
      siteDocument('paris', { endpoint }),
      siteDocument('tokyo'),
      rule,
    ]);

    expect(problems(checks)).toMatchObject([
      { site: 'paris', check: 'reachable', status: 'failed', fix: expect.stringContaining(endpoint) },
    ]);
    expect(checks.filter(({ site }) => site === 'tokyo').length).toBeGreaterThan(4);
    expect(code).toBe(1);
  });

  test('that is no MinIO', async () => {
    const other = await listen((_, response) => response.writeHead(404, { server: 'Apa\u009bche' }).end());
    const documents = [siteDocument('paris', { endpoint: other.endpoint }), siteDocument('tokyo'), rule];
    const { checks } = await checksOf(documents);
    const { stdout } = await doctor(documents);
    await other.close();

    expect(problems(checks)).toMatchObject([{ site: 'paris', check: 'dialect', status: 'failed' }]);
    expect(stdout).toMatch(/Apa\\u[0-9a-f]{4}che/);
  });

  test('that speaks no TLS', async () => {
    const endpoint = server('paris').endpoint.replace('http:', 'https:');
    const { checks } = await checksOf([siteDocument('paris', { endpoint }), siteDocument('tokyo'), rule]);

    expect(problems(checks)).toMatchObject([
      {
        site: 'paris',
        check: 'reachable',
        status: 'failed',
        fix: expect.stringContaining(server('paris').endpoint),
      },
    ]);
  });

  test('in another region', async () => {
    const binary = await findBinary('minio', environment, console.error);
    const far = await startMinio({
      binary,
      dir: join(world.dir, 'far'),
      name: 'far',
      env: { MINIO_SITE_REGION: 'eu-1' },
    });
    const client = rootClient({ ...far, region: 'eu-1' });
    await createBucket(client, { name: 'photos' });
    client.destroy();
    const env = { PARIS_ACCESS_KEY_ID: far.rootUser, PARIS_SECRET_ACCESS_KEY: far.rootPassword };
    const { endpoint } = far;
    const { checks } = await checksOf([siteDocument('paris', { endpoint }), siteDocument('tokyo'), rule], {
      env,
    });
    await far.stop();

    expect(problems(checks)).toMatchObject([
      { site: 'paris', check: 'bucket', status: 'failed', fix: expect.stringContaining('region: eu-1') },
    ]);
  });

  test.each([
    ['a wrong secret key', { PARIS_SECRET_ACCESS_KEY: 'not-the-secret-key' }, 'PARIS_SECRET_ACCESS_KEY'],
    ['an unknown access key', { PARIS_ACCESS_KEY_ID: 'nobody' }, 'PARIS_ACCESS_KEY_ID'],
  ])('with %s', async (_, env, named) => {
    const { code, checks } = await checksOf([...both(), rule], { env });

    expect(problems(checks)).toMatchObject([
      { site: 'paris', check: 'credentials', status: 'failed', fix: expect.stringContaining(named) },
    ]);
    expect(code).toBe(1);
  });

  test.each([
    [6_000, 'warning', 0],
    [-6_000, 'warning', 0],
    [16 * 60_000, 'failed', 1],
  ])('whose clock is %i ms off', async (offMs, status, exit) => {
    const { endpoint, close } = await skewed(server('paris').endpoint, offMs);
    const { code, checks } = await checksOf([
      siteDocument('paris', { endpoint }),
      siteDocument('tokyo'),
      rule,
    ]);
    await close();

    expect(problems(checks)).toMatchObject([{ site: 'paris', check: 'clock', status }]);
    expect(problems(checks)[0]?.message).toContain(offMs > 0 ? 'ahead' : 'behind');
    expect(code).toBe(exit);
  });
});

describe('a bucket', () => {
  const rule = ruleDocument('extra', 'extra');
  const prepare = async (
    name: string,
    prepareBucket: (client: ReturnType<typeof rootClient>) => Promise<unknown>,
  ) => {
    const client = rootClient(server(name));
    await prepareBucket(client);
    client.destroy();
  };

  test('that is not there, one without versioning, one without object lock', async () => {
    const documents = [siteDocument('paris'), siteDocument('tokyo'), rule, ruleDocument('locked', 'locked')];
    const arns = server('paris').notificationArns;
    await prepare('tokyo', async (client) => {
      await client.send(new CreateBucketCommand({ Bucket: 'extra' }));
      await createBucket(client, { name: 'locked' });
    });
    const first = await checksOf(documents, { env: asRoot() });
    await prepare('paris', async (client) => {
      await createBucket(client, { name: 'extra' });
      await client.send(
        new PutBucketVersioningCommand({ Bucket: 'extra', VersioningConfiguration: { Status: 'Suspended' } }),
      );
      await createBucket(client, { name: 'locked', objectLock: true });
      for (const name of ['extra', 'locked']) await announceChanges(client, name, arns);
    });
    const second = await checksOf(documents, { env: asRoot() });

    expect(problems(first.checks)).toMatchObject([
      { site: 'paris', check: 'bucket', status: 'failed', fix: 'mc mb --with-versioning paris/extra' },
      { site: 'paris', check: 'bucket', status: 'failed', fix: 'mc mb --with-versioning paris/locked' },
      { site: 'tokyo', check: 'bucket', status: 'failed', fix: 'mc version enable tokyo/extra' },
    ]);
    expect(problems(second.checks)).toMatchObject([
      { site: 'paris', check: 'bucket', status: 'failed', message: expect.stringContaining('suspended') },
      { site: 'tokyo', check: 'bucket', status: 'failed', message: expect.stringContaining('off') },
      { site: 'tokyo', check: 'bucket', status: 'warning', message: expect.stringContaining('object lock') },
    ]);
  });

  test('that announces nothing, or not all', async () => {
    const documents = [...both(), ruleDocument('silent', 'silent')];
    const [fast = ''] = server('paris').notificationArns;
    for (const name of ['paris', 'tokyo'])
      await prepare(name, (client) => createBucket(client, { name: 'silent' }));
    const none = await checksOf(documents, { env: asRoot(), args: ['--nats', embedded()] });
    await prepare('paris', (client) => announceChanges(client, 'silent', [fast]));
    const unsafe = await checksOf(documents, { env: asRoot() });

    const { host, port, user } = world.embedded.nats;
    expect(problems(none.checks)).toMatchObject([{ site: 'paris', check: 'events', status: 'failed' }]);
    const lines = problems(none.checks)[0]?.fix?.split('\n') ?? [];
    expect(lines).toEqual(
      expect.arrayContaining([
        "MINIO_NOTIFY_NATS_ENABLE_CAUSEWAY='on'",
        `MINIO_NOTIFY_NATS_ADDRESS_CAUSEWAYSAFE='${host}:${port}'`,
        `MINIO_NOTIFY_NATS_USERNAME_CAUSEWAY='${user}'`,
        "MINIO_NOTIFY_NATS_SUBJECT_CAUSEWAY='causeway.raw.paris'",
        'mc event add paris/silent arn:minio:sqs::CAUSEWAY:nats --event put,delete',
        'mc event add paris/silent arn:minio:sqs::CAUSEWAYSAFE:nats --event put,delete',
      ]),
    );
    expect(none.code).toBe(1);
    expect(problems(unsafe.checks)).toMatchObject([
      {
        site: 'paris',
        check: 'events',
        status: 'warning',
        message: expect.stringMatching(/CAUSEWAYSAFE.*NATS is away/),
      },
    ]);
    expect(problems(unsafe.checks)[0]?.fix).not.toContain(
      'mc event add paris/silent arn:minio:sqs::CAUSEWAY:nats',
    );
    expect(unsafe.code).toBe(0);
  });

  test('that is to announce by webhook', async () => {
    const documents = [
      siteDocument('paris', { via: 'webhook' }),
      siteDocument('tokyo'),
      ruleDocument('photos', 'photos'),
    ];

    const { checks } = await checksOf(documents);

    expect(problems(checks)).toMatchObject([{ check: 'events', status: 'failed' }]);
    expect(problems(checks)[0]?.fix).toContain('/webhook/paris');
    expect(problems(checks)[0]?.fix).toContain('arn:minio:sqs::CAUSEWAY:webhook');
  });
});

test('tells every problem of the documents at once, rules that clash among them', async () => {
  const documents = [
    siteDocument('paris'),
    siteDocument('tokyo', { endpoint: 'ftp://tokyo' }),
    ruleDocument('one', 'photos'),
    ruleDocument('two', 'records').replace('paris', 'pariss'),
    ruleDocument('three', 'photos'),
  ];

  const { code, checks } = await checksOf(documents);
  const { stdout } = await doctor(documents);

  expect(code).toBe(1);
  expect(checks.every(({ check }) => check === 'documents')).toBe(true);
  const words = checks.map(({ message, fix }) => `${message}; ${fix}`).join('\n');
  expect(words).toMatch(/Site tokyo: spec.s3.endpoint: must be a URL/);
  expect(words).toMatch(
    /ReplicationRule two: spec.source.site: there is no site "pariss"; did you mean "paris"/,
  );
  expect(words).toMatch(/ReplicationRule three: .*rule one writes to tokyo\/photos too/);
  expect(words).toMatch(/give one rule the higher priority/);
  expect(stdout).toContain('do this: did you mean "paris"?');
});

describe('NATS', () => {
  const rule = ruleDocument('photos', 'photos');

  test('that does not answer, or refuses us', async () => {
    const port = await freePort();
    const away = await checksOf([...both(), rule], { args: ['--nats', `nats://127.0.0.1:${port}`] });
    const { host, port: here } = world.embedded.nats;
    const refused = await checksOf([...both(), rule], {
      args: ['--nats', `nats://me:wrong@${host}:${here}`],
    });

    expect(problems(away.checks)).toMatchObject([{ site: null, check: 'nats', status: 'failed' }]);
    expect(problems(refused.checks)).toMatchObject([
      { site: null, check: 'nats', status: 'failed', message: expect.stringContaining('refuses') },
    ]);
    expect(away.code).toBe(1);
  });

  test('without JetStream', async () => {
    const port = await freePort();
    const plain = await startProcess({
      name: 'nats-server',
      binary: await findBinary('nats-server', environment, console.error),
      args: ['-a', '127.0.0.1', '-p', String(port)],
      env: {},
      cwd: world.dir,
      port,
      isReady: async () => {
        const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false });
        await connection.close();
        return true;
      },
    });
    const { checks } = await checksOf([...both(), rule], { args: ['--nats', `nats://127.0.0.1:${port}`] });
    await plain.stop();

    expect(problems(checks)).toMatchObject([
      { site: null, check: 'nats', status: 'failed', fix: expect.stringContaining('jetstream {') },
    ]);
  });
});

test('wrong usage exits 2', async () => {
  expect(await doctor(both(), { args: ['--nats', 'http://x'] })).toMatchObject({ code: 2, stdout: '' });
  expect((await runCommand(['doctor', '--no-such-option'])).code).toBe(2);
});
