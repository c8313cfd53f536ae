/** A source over TLS whose objects are partly encrypted with a key that only their writer has. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectBus } from '../../infra/bus/connection.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { environment } from '../../infra/config/env.ts';
import { Secret } from '../../infra/config/secret.ts';
import { startDeployment } from '../../infra/host/deployment.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { type ServerProcess, startProcess } from '../../infra/sites/process.ts';
import { createBucket } from '../../infra/sites/setup.ts';
import { openStore, type Store } from '../../infra/stores/index.ts';
import { createLogger } from '../../infra/telemetry/log.ts';
import { createTelemetry } from '../../infra/telemetry/metrics.ts';
import { selfSigned } from '../contract/store/self-signed.ts';
import { applicationAt } from './application.ts';
import { eventually, walked } from './awaiting.ts';
import { links } from './rules.ts';
import { listVersions } from './snapshot.ts';
import { deadlines, type Running, startWorld, type World } from './world.ts';

const credentials = { accessKeyId: 'vault-access-key', secretAccessKey: 'vault-secret-key' };
const region = 'us-east-1';
const { certificate, privateKey } = selfSigned();
const rules = links({
  sites: ['vault', 'west'],
  bucket: 'photos',
  direction: 'one-way',
  spec: { scan: { every: '1s' } },
});
let world: World;
let server: ServerProcess;
let vault: Store;
let client: S3Client;
let running: Running;

beforeAll(async () => {
  world = await startWorld(['west'], [{ name: 'photos' }]);
  const dir = join(world.dir, 'vault');
  await mkdir(join(dir, 'certs'), { recursive: true });
  await writeFile(join(dir, 'certs', 'public.crt'), certificate);
  await writeFile(join(dir, 'certs', 'private.key'), privateKey);
  const port = await freePort();
  const endpoint = `https://127.0.0.1:${port}`;
  vault = openStore({
    site: 'vault',
    endpoint,
    region,
    credentials,
    deadlines,
    dialect: 'minio',
    ca: certificate,
  });
  server = await startProcess({
    name: 'MinIO of site vault',
    port,
    binary: await findBinary('minio', environment, console.error),
    args: [
      'server',
      '--quiet',
      '--address',
      `127.0.0.1:${port}`,
      '--certs-dir',
      join(dir, 'certs'),
      join(dir, 'data'),
    ],
    env: {
      HOME: dir,
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_CI_CD: 'on',
    },
    cwd: dir,
    isReady: () => vault.probe().then(() => true),
  });
  const requestHandler = { httpsAgent: new Agent({ ca: certificate }) };
  client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestHandler });
  await createBucket(client, { name: 'photos' });
  running = await deploy();
});
afterAll(async () => {
  await running?.stop();
  client?.destroy();
  await vault?.close();
  await server?.stop();
  await world?.stop();
});

async function deploy(): Promise<Running> {
  const { nats } = world.embedded;
  const login = { user: nats.user, password: new Secret(nats.password) };
  const bus = await connectBus({ servers: [`${nats.host}:${nats.port}`], tls: false, login });
  const logger = createLogger('fatal');
  const telemetry = createTelemetry(logger);
  const stores = new Map([
    ['vault', vault],
    ['west', world.store('west')],
  ]);
  const shared = { bus, links: rules, stores, deadlines, telemetry, logger };
  const deployment = await startDeployment({ ...shared, concurrency: 8, clock: systemClock, isFresh: true });
  const stop = async (): Promise<void> => {
    await deployment.stop();
    await bus.close();
  };
  return { deployment, telemetry, bus, stop };
}

test('cannot be read by anybody else: a dead letter says so, once, and all others arrive', async () => {
  const key = randomBytes(32);
  const own = {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  };
  const at = { Bucket: 'photos', Body: Buffer.from('x') };
  await client.send(new PutObjectCommand({ ...at, Key: 'secret', ...own }));
  await client.send(new PutObjectCommand({ ...at, Key: 'plain' }));
  const reasons = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { reason } of readLetters(running.bus, {})) found.push(reason);
    return found;
  };
  const west = applicationAt(world, 'west');

  await eventually(async () => {
    expect((await listVersions(west, 'photos')).map((line) => line.key)).toEqual(['plain']);
    expect(await reasons()).toContainEqual(
      expect.stringMatching(
        /^site vault: GET photos\/secret .*encrypted with a key that only its writer has \(SSE-C\), so it cannot be read$/,
      ),
    );
  });
  await walked(running, rules, 4);

  expect(await reasons()).toHaveLength(1);
});
