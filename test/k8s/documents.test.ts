/** Sites and rules as custom resources of a real API server, followed by `causeway up --kubernetes` under its own account. */
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CoreV1Api, CustomObjectsApi } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linksLeft, sitesLeft } from '../../infra/bus/forget.ts';
import { countMessages } from '../../infra/bus/read-stream.ts';
import { bucketNames } from '../../infra/bus/streams.ts';
import { aborted } from '../../infra/cluster/aborted.ts';
import { whileLeading } from '../../infra/cluster/lease.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import { eventually } from '../e2e/awaiting.ts';
import { setupMs } from './cluster.ts';
import {
  type ControllerProcess,
  type ControllerWorld,
  conditionOf,
  type DocumentKind,
  namespace,
  says,
  startControllerWorld,
} from './controller-world.ts';

let world: ControllerWorld;
let controller: ControllerProcess;
beforeAll(async () => {
  world = await startControllerWorld(['paris', 'tokyo'], [{ name: 'photos' }, { name: 'songs' }]);
  controller = await world.start();
}, setupMs);
afterAll(() => world?.stop(), 60_000);

const siteSpec = (name: string) => ({
  s3: { endpoint: world.site(name).server.endpoint },
  credentials: { secretName: `${name}-keys` },
  events: { minio: { via: 'nats' } },
});
const ruleSpec = (bucket: string) => ({
  source: { site: 'paris', bucket },
  targets: [{ site: 'tokyo', bucket }],
  scan: { every: '1s' },
});
const photos = ['ReplicationRule', 'photos'] as const;
const songs = ['ReplicationRule', 'songs'] as const;
const linkOf = (rule: string): string => `${rule}_paris_tokyo`;

const client = (site: string) => rootClient(world.site(site).server);
const core = () => world.cluster.apiServer.admin.makeApiClient(CoreV1Api);
let count = 0;
async function arrives(bucket: string): Promise<void> {
  count += 1;
  const at = { Bucket: bucket, Key: `object-${count}` };
  await client('paris').send(new PutObjectCommand({ ...at, Body: at.Key }));
  await eventually(async () => {
    const found = await client('tokyo').send(new GetObjectCommand(at));
    expect(await found.Body?.transformToString()).toBe(at.Key);
  });
}
const isGone = (kind: DocumentKind, name: string, withinMs = 15_000) =>
  eventually(async () => expect(await world.get(kind, name)).toBeUndefined(), withinMs);
const starts = (of: ControllerProcess): unknown[] =>
  of.log.flatMap(({ msg, link }) => (msg === 'the link starts' ? [link] : []));

const left = async (): Promise<string[]> => (await linksLeft(world.bus)).map(({ name }) => name);

/** What of a rule is on NATS. */
async function traces(rule: string): Promise<string[]> {
  const links = (await left()).filter((link) => link.startsWith(`${rule}_`));
  const buckets = [bucketNames.ledger, bucketNames.walks, bucketNames.orphans, bucketNames.status];
  const keys = await Promise.all(
    buckets.map(async (bucket) => {
      const subjects = [`$KV.${bucket}.${linkOf(rule)}`, `$KV.${bucket}.${linkOf(rule)}.>`];
      return (await countMessages(world.bus, `KV_${bucket}`, subjects)) > 0 ? [bucket] : [];
    }),
  );
  return [...links, ...keys.flat()];
}
const leavesNothing = (rule: string) =>
  eventually(async () => expect(await traces(rule)).toEqual([]), 15_000);

test('what a rule lacks is said in its status, and it works as soon as all is there', async () => {
  await world.create(...photos, ruleSpec('photos'));
  await says(
    world,
    photos,
    'Ready',
    'False SiteMissing: there is no Site paris in namespace causeway: create it',
  );

  await world.create('Site', 'paris', siteSpec('paris'));
  await world.create('Site', 'tokyo', siteSpec('tokyo'));
  const missing =
    'there is no Secret paris-keys in namespace causeway: create it with accessKeyId and secretAccessKey';
  await says(
    world,
    ['Site', 'paris'],
    'Ready',
    `False SecretMissing: spec.credentials.secretName: ${missing}`,
  );
  await says(world, photos, 'Degraded', 'True SiteNotReady: Site paris:');

  await world.setSecret('paris-keys', 'paris');
  await world.setSecret('tokyo-keys', 'tokyo', { secretAccessKey: 'not-the-secret' });
  await says(world, ['Site', 'paris'], 'Ready', 'True Reachable');
  await says(
    world,
    ['Site', 'tokyo'],
    'Ready',
    'False CredentialsRefused: the secret key is not that of this access key',
  );

  await world.setSecret('tokyo-keys', 'tokyo');
  await says(world, ['Site', 'tokyo'], 'Ready', 'True Reachable');
  await says(world, photos, 'Ready', 'True Replicating: 1 link works');
  await says(world, photos, 'Progressing', 'False');
  await arrives('photos');
  const { items } = await core().listNamespacedEvent({ namespace });
  const told = items.filter(({ involvedObject }) => involvedObject.name === 'photos');
  expect(told.map(({ type, reason }) => `${type} ${reason}`)).toEqual(
    expect.arrayContaining(['Warning SiteMissing', 'Warning SiteNotReady', 'Normal Replicating']),
  );
});

test.each([
  ['Site', 'x_y', () => siteSpec('paris'), 'metadata.name'],
  [
    'Site',
    'osaka',
    () => ({ ...siteSpec('paris'), credentials: {} }),
    'must name exactly one of env, file and secretName',
  ],
  [
    'Site',
    'osaka',
    () => ({ ...siteSpec('paris'), s3: { endpoint: 'paris' } }),
    'must be a URL such as https://s3.paris.example',
  ],
  ['Site', 'osaka', () => ({ ...siteSpec('paris'), more: 1 }), 'unknown field'],
  [
    'ReplicationRule',
    'wrong',
    () => ({ ...ruleSpec('photos'), targets: [] }),
    'should have at least 1 items',
  ],
  [
    'ReplicationRule',
    'wrong',
    () => ({ ...ruleSpec('photos'), targets: [{ site: 'paris', bucket: 'photos' }] }),
    'is the same bucket as spec.source',
  ],
  ['ReplicationRule', 'wrong', () => ({ ...ruleSpec('photos'), scan: { every: '1w' } }), 'spec.scan.every'],
  ['ReplicationRule', 'wrong', () => ({ ...ruleSpec('UPPER') }), 'spec.source.bucket'],
] as const)('the API server refuses a %s %s, and says why', async (kind, name, spec, words) => {
  await expect(world.create(kind, name, spec())).rejects.toThrow(words);
});

test('what only shows beside other documents, or at a site, is said in the status', async () => {
  await client('paris').send(new CreateBucketCommand({ Bucket: 'plain' }));
  await world.create('ReplicationRule', 'rival', {
    ...ruleSpec('songs'),
    targets: [{ site: 'tokyo', bucket: 'photos' }],
  });
  await world.create('ReplicationRule', 'typo', {
    ...ruleSpec('songs'),
    targets: [{ site: 'tokio', bucket: 'songs' }],
  });
  await world.create('ReplicationRule', 'denied', {
    ...ruleSpec('songs'),
    source: { site: 'paris', bucket: 'plain' },
  });
  await says(
    world,
    ['ReplicationRule', 'rival'],
    'Ready',
    'False Conflict: spec.targets[0]: rule photos writes to tokyo/photos too',
  );
  await says(
    world,
    ['ReplicationRule', 'typo'],
    'Ready',
    'False SiteMissing: there is no Site tokio in namespace causeway: create it, or did you mean "tokyo"?',
  );
  await says(
    world,
    ['ReplicationRule', 'denied'],
    'Ready',
    'False PermissionMissing: Site paris: plain lacks',
  );

  const { rootUser, rootPassword } = world.site('paris').server;
  await world.setSecret('paris-root', 'paris', { accessKeyId: rootUser, secretAccessKey: rootPassword });
  await world.create('Site', 'root', { ...siteSpec('paris'), credentials: { secretName: 'paris-root' } });
  await world.change('ReplicationRule', 'denied', { source: { site: 'root', bucket: 'plain' } });
  await says(
    world,
    ['ReplicationRule', 'denied'],
    'Ready',
    'False VersioningOff: Site root: plain: versioning is off',
  );
  expect(conditionOf(await world.get(...photos), 'Ready')).toBe('True Replicating');

  for (const name of ['rival', 'typo', 'denied']) await world.remove('ReplicationRule', name);
  await world.remove('Site', 'root');
  for (const name of ['rival', 'typo', 'denied']) await isGone('ReplicationRule', name);
  await isGone('Site', 'root');
  await leavesNothing('denied');
});

test('what is added, changed and removed runs so, and other links go on', async () => {
  const before = starts(controller).filter((link) => link === linkOf('photos')).length;
  await world.create(...songs, ruleSpec('songs'));
  await says(world, songs, 'Ready', 'True Replicating');
  await arrives('songs');

  await world.change(...songs, { direction: 'two-way' });
  await says(world, songs, 'Ready', 'True Replicating: 2 links work');
  const changed = await world.get(...songs);
  expect(changed?.status.observedGeneration).toBe(changed?.metadata.generation);
  await world.change(...songs, { direction: 'one-way' });
  await eventually(async () => expect(await left()).not.toContain('songs_tokyo_paris'));

  await world.remove(...songs);
  await isGone(...songs);
  await leavesNothing('songs');
  expect(starts(controller).filter((link) => link === linkOf('photos')).length).toBe(before);
});

test('while objects arrive, the status is written seldom', async () => {
  const versionsOf = async () => (await world.get(...photos))?.metadata.resourceVersion;
  const seen = new Set([await versionsOf()]);
  for (let turn = 0; turn < 20; turn++) {
    await arrives('photos');
    seen.add(await versionsOf());
  }

  // One at most for figures that are due.
  expect(seen.size).toBeLessThanOrEqual(2);
});

test('a site that goes away is said, and its return', async () => {
  await world.site('tokyo').server.kill();
  await says(world, photos, 'Ready', 'False');
  await says(world, ['Site', 'tokyo'], 'Ready', 'False Unreachable');
  await world.site('tokyo').server.start();

  await says(world, ['Site', 'tokyo'], 'Ready', 'True Reachable');
  await says(world, photos, 'Ready', 'True Replicating');
});

test('what runs goes on while the API server is away, and what changes then is taken up when it is back', async () => {
  const { apiServer } = world.cluster;
  const before = starts(controller).length;
  await apiServer.kill();
  await arrives('photos');
  await apiServer.start();
  await world.create(...songs, ruleSpec('songs'));

  await says(world, songs, 'Ready', 'True Replicating');
  await arrives('songs');
  // The links that ran were not touched, though nobody could say who leads.
  expect(starts(controller).slice(before)).toEqual([linkOf('songs')]);
});

test('of two one leads; when it is killed, the other takes over', async () => {
  const second = await world.start();
  await eventually(() => expect(second.log.map(({ msg }) => msg)).toContain('another process leads'));
  expect(starts(second)).toEqual([]);
  await controller.kill();
  await eventually(() => expect(starts(second)).toContain(linkOf('photos')));
  await arrives('photos');
  controller = second;

  await world.change(...photos, { scan: { every: '2s' } });
  await eventually(async () => {
    const { metadata, status } = (await world.get(...photos)) ?? {};
    expect(status?.observedGeneration).toBe(metadata?.generation);
  });
});

test('of many candidates never two lead at once, and one who is silent is waited for', async () => {
  const config = world.cluster.apiServer.admin;
  const [name, lastsMs] = ['candidates', 1500];
  const at = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespace };
  const spec = { holderIdentity: 'dead', leaseDurationSeconds: 1, renewTime: '2026-01-01T00:00:00.000000Z' };
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
  await config.makeApiClient(CustomObjectsApi).createNamespacedCustomObject({ ...at, body });
  const begun = Date.now();
  const led: string[] = [];
  let [leading, most] = [0, 0];
  const candidates = ['a', 'b', 'c', 'd'].map((identity) => {
    const end = new AbortController();
    const observer = { leading: () => undefined, following: () => undefined, troubled: () => undefined };
    const options = {
      config,
      namespace,
      name,
      identity,
      clock: systemClock,
      signal: end.signal,
      lastsMs,
      observer,
    };
    return whileLeading(options, async (signal) => {
      led.push(identity);
      leading += 1;
      most = Math.max(most, leading);
      expect(Date.now() - begun).toBeGreaterThanOrEqual(lastsMs);
      // Its work is done: the next may.
      end.abort();
      await aborted(signal);
      leading -= 1;
    });
  });
  await Promise.all(candidates);

  expect(led.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect(most).toBe(1);
});

test('what is removed by force while nobody looks is taken away by the next who leads', async () => {
  await world.stopAll();
  await world.force(...songs);
  expect(await left()).toContain(linkOf('songs'));
  controller = await world.start();

  await leavesNothing('songs');
  await says(world, photos, 'Ready', 'True Replicating');
  await world.create(...songs, ruleSpec('songs'));
});

test('a rule goes while NATS is away, and what it left goes when NATS is back', async () => {
  await world.embedded.nats.kill();
  await says(world, songs, 'Ready', 'False NatsAway');
  await world.remove(...songs);
  await isGone(...songs, 30_000);
  await world.embedded.nats.start();

  await leavesNothing('songs');
  await says(world, photos, 'Ready', 'True Replicating');
});

test('whatever goes first, and whoever is away, all of them go and leave nothing', async () => {
  await world.site('tokyo').server.kill();
  await world.removeSecret('tokyo-keys');
  await world.remove('Site', 'paris');
  await isGone('Site', 'paris');
  await says(world, photos, 'Ready', 'False SiteMissing');
  await world.remove(...photos);
  await isGone(...photos);
  await world.remove('Site', 'tokyo');
  await isGone('Site', 'tokyo');

  await leavesNothing('photos');
  expect(await left()).toEqual([]);
  expect(await sitesLeft(world.bus)).toEqual([]);
  expect(await world.stopAll()).toEqual([0]);
});
