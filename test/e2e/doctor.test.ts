/** What `causeway doctor` finds, at real sites: nothing where all is well, and each fault by its name, with the cure. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rootClient } from '../../infra/sites/setup.ts';
import { describeBuckets } from './doctor/buckets.ts';
import { describeNats } from './doctor/nats.ts';
import { describeSites } from './doctor/sites.ts';
import { type DoctorWorld, problems, ruleDocument, startDoctorWorld } from './doctor/world.ts';
import { runCommand } from './run-command.ts';

let made: DoctorWorld | undefined;
const world = (): DoctorWorld => {
  if (!made) throw new Error('the world is made before the first test');
  return made;
};

beforeAll(async () => {
  made = await startDoctorWorld();
});
afterAll(() => made?.stop());

test('says that all is well, and neither changes nor announces anything', async () => {
  const { user, password, host, port } = world().nats;
  const connection = await connect({ servers: `${host}:${port}`, user, pass: password });
  const heard: string[] = [];
  connection.subscribe('causeway.raw.>', { callback: (_, message) => void heard.push(message.subject) });
  await connection.flush();

  const { code, checks } = await world().checksOf(
    [
      ...world().both(),
      ruleDocument('photos', 'photos', '  direction: two-way\n'),
      ruleDocument('records', 'records'),
    ],
    { args: ['--nats', world().natsUrl] },
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
    const client = rootClient(world().server(name));
    for (const Bucket of ['photos', 'records']) {
      const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket }));
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      expect([Versions, DeleteMarkers, Uploads]).toEqual([undefined, undefined, undefined]);
    }
    client.destroy();
    expect(await queued(name)).toEqual([]);
  }
  // What is heard where something is written: else the silence would prove nothing.
  const client = rootClient(world().server('paris'));
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'heard', Body: 'now' }));
  await expect.poll(() => heard, { timeout: 10_000 }).toContain('causeway.raw.paris');
  expect(heard.length).toBeLessThanOrEqual(2);
  client.destroy();
  await connection.close();
});

/** Events that wait for NATS to have the stream. */
const queued = async (name: string): Promise<string[]> =>
  (await readdir(join(world().server(name).dir, 'events'), { recursive: true })).filter((file) =>
    file.endsWith('.event'),
  );

describeSites(world);
describeBuckets(world);
describeNats(world);

test('tells every problem of the documents at once, rules that clash among them', async () => {
  const documents = [
    world().siteDocument('paris'),
    world().siteDocument('tokyo', { endpoint: 'ftp://tokyo' }),
    ruleDocument('one', 'photos'),
    ruleDocument('two', 'records').replace('paris', 'pariss'),
    ruleDocument('three', 'photos'),
  ];

  const { code, checks } = await world().checksOf(documents);
  const { stdout } = await world().doctor(documents);

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

test('wrong usage exits 2', async () => {
  expect(await world().doctor(world().both(), { args: ['--nats', 'http://x'] })).toMatchObject({
    code: 2,
    stdout: '',
  });
  expect((await runCommand(['doctor', '--no-such-option'])).code).toBe(2);
});
