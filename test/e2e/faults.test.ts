/** Sites and messages that fail while Causeway runs: everything goes on, says what is wrong, and nothing is lost. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyHash } from '../../events/identity.ts';
import type { Link } from '../../functions/ports.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { administrate } from './administration.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { announce, notification } from './loss.ts';
import { links } from './rules.ts';
import { listVersions } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const rules = links(
  { sites: ['east', 'west'], bucket: 'photos', direction: 'one-way', spec: { scan: { every: '1s' } } },
  { name: 'told', sites: ['east', 'west'], bucket: 'told', spec: { scan: { every: '1h' } } },
);
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: 'photos' }, { name: 'told' }]);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const of = (rule: string): Link[] => rules.filter((link) => link.rule === rule);
const failures = async (): Promise<string[]> => {
  const reasons: string[] = [];
  for await (const { state, reason } of running.deployment.world.ledger.entries()) {
    if (state === 'failed') reasons.push(reason);
  }
  return reasons;
};
const states = async (): Promise<string[]> =>
  (await running.deployment.status()).map(({ link, state, reason = '' }) => `${link} ${state}: ${reason}`);
const letters = async (): Promise<{ link: string | undefined; reason: string }[]> => {
  const found = [];
  for await (const { link, reason } of readLetters(running.bus, {})) found.push({ link, reason });
  return found;
};

describe('a message that nobody can read', () => {
  /** The next thing that happens is heard as ever. */
  const goesOn = async (key: string): Promise<void> => {
    await east.put('told', key, 'x');
    await agreed([east, west], { bucket: 'told', prefix: key });
  };
  const good = notification('ObjectCreated:Put', 'told', 'key', 'version');

  test.each<[string, unknown, RegExp]>([
    ['that is no JSON', '{"Records": [', /east: not JSON/],
    ['that is nothing', '', /east: not JSON/],
    ['that is JSON, but no notification', { hello: 'world' }, /east: not a MinIO notification: .*Records/s],
    ['whose bucket could be no bucket', notification('ObjectCreated:Put', 'a > *', 'key'), /bucket/],
    ['that names no key', notification('ObjectCreated:Put', 'told', ''), /key/],
    [
      'whose key is not escaped',
      {
        ...good,
        Records: good.Records.map((record) => ({ ...record, s3: { ...record.s3, object: { key: '%zz' } } })),
      },
      /not query-escaped/,
    ],
    ['whose key is longer than any', notification('ObjectCreated:Put', 'told', 'x'.repeat(5000)), /key/],
  ])('from a site, %s, is kept as a dead letter, and the next is heard', async (name, body, reason) => {
    await announce(running.bus, 'east', body);
    await goesOn(`raw/${name}`);

    await eventually(async () => {
      expect((await letters()).map((letter) => letter.reason)).toContainEqual(expect.stringMatching(reason));
    });
  });

  test.each([
    ['of an unknown kind', notification('ObjectCreated:SomethingNew', 'told', 'key', 'version')],
    ['of a bucket that no rule names', notification('ObjectCreated:Put', 'other-bucket', 'key', 'version')],
    ['of a version that never was', notification('ObjectCreated:Put', 'told', 'key', crypto.randomUUID())],
    ['of a removal that never was', notification('ObjectRemoved:Delete', 'told', 'key', crypto.randomUUID())],
    ['of tags of nothing', notification('ObjectCreated:PutTagging', 'told', 'key', crypto.randomUUID())],
  ])('from a site, %s, is let go, and the next is heard', async (name, body) => {
    const before = await letters();
    await announce(running.bus, 'east', body);
    await goesOn(`let-go/${name}`);
    await quiet(running, of('told'));

    expect(await letters()).toEqual(before);
    expect(await failures()).toEqual([]);
  });

  test('from a site, of an unknown kind, is counted by its name', async () => {
    await announce(running.bus, 'east', notification('ObjectCreated:Unheard', 'told', 'key', 'version'));

    await eventually(async () => {
      const ignored = await running.telemetry.registry
        .getSingleMetric('causeway_events_ignored_total')
        ?.get();
      expect(ignored?.values).toContainEqual(
        expect.objectContaining({ labels: { site: 'east', name: 'ObjectCreated:Unheard' }, value: 1 }),
      );
    });
  });

  test('on a link is kept as a dead letter, and the next is heard', async () => {
    const subject = `causeway.object.east.told.ObjectCreated-Put.${keyHash('told', 'key')}`;
    const envelope = { specversion: '1.0', id: 'one', source: 'test', time: '2026-01-01T00:00:00Z' };
    const type = 'com.amazonaws.s3.ObjectCreated:Put';
    await running.bus.jetstream.publish(subject, 'no event');
    await running.bus.jetstream.publish(
      subject,
      JSON.stringify({ ...envelope, type, data: { site: 'east' } }),
    );
    await running.bus.jetstream.publish(
      subject,
      JSON.stringify({ ...envelope, type: 'of.the.future.v9', data: {} }),
    );
    await goesOn('event/next');

    await eventually(async () => {
      const reasons = (await letters())
        .filter(({ link }) => link === 'told_east_west')
        .map(({ reason }) => reason);
      expect(reasons).toEqual([
        expect.stringMatching(/not JSON/),
        expect.stringMatching(new RegExp(`${type}: `)),
      ]);
    });
  });
});

describe('a target that refuses', () => {
  test('Causeway’s user is named; what was refused comes when it lets him in again', async () => {
    const user = siteOf(world, 'west').credentials.accessKeyId;
    await east.put('photos', 'before', 'x');
    await agreed([east, west], { bucket: 'photos' });
    await administrate(world, 'west', 'user', 'disable', 'site', user);
    const refs = await Promise.all(
      Array.from({ length: 10 }, (_, n) => east.put('photos', `refused/${n}`, 'x')),
    );
    await east.remove('photos', 'before');
    if (refs[0]) await east.tag(refs[0], { turn: 'two' });
    await eventually(async () => {
      expect(await states()).toContainEqual(
        expect.stringMatching(/^photos_east_west broken: site west refuses: .*Your account is disabled/),
      );
      expect(await failures()).toContainEqual(
        expect.stringMatching(/^site west refuses: PUT photos\/refused\/\d .*Your account is disabled/),
      );
    });
    await administrate(world, 'west', 'user', 'enable', 'site', user);

    expect(await agreed([east, west], { bucket: 'photos' })).toHaveLength(12);
    await eventually(async () => expect(await states()).toContainEqual('photos_east_west healthy: '));
  });

  test('a version for good is a dead letter, once; the versions after it are sent', async () => {
    await administrate(world, 'west', 'config', 'set', 'site', 'api', 'object_max_versions=2');
    for (const body of ['first', 'second', 'third']) await east.put('photos', 'many/key', body);
    await east.put('photos', 'many/next', 'x');
    const tooMany = async (): Promise<string[]> =>
      (await letters())
        .map(({ reason }) => reason)
        .filter((reason) => reason.includes('MaxVersionsExceeded'));
    await eventually(async () => expect((await tooMany()).length).toBeGreaterThan(0));
    await walked(running, of('photos'), 4);
    const said = await tooMany();
    const held = (await listVersions(west, 'photos', 'many/')).map(({ key }) => key);
    await administrate(world, 'west', 'config', 'reset', 'site', 'api', 'object_max_versions');

    expect(said).toHaveLength(1);
    expect(held).toEqual(['many/key', 'many/key', 'many/next']);
    expect(await agreed([east, west], { bucket: 'photos', prefix: 'many/' })).toHaveLength(4);
  });
});

describe('a target that stands still', () => {
  test('pauses its links; no version spends an attempt, and all go on when it moves again', async () => {
    const { server } = siteOf(world, 'west');
    const tried = () => of('told').map(({ id }) => running.telemetry.totals(id).retried);
    const before = tried();
    const changed = await east.put('photos', 'still/changed', 'x');
    const purged = await east.put('photos', 'still/purged', 'x');
    await agreed([east, west], { bucket: 'photos', prefix: 'still/' });
    process.kill(server.pid ?? 0, 'SIGSTOP');
    try {
      await Promise.all(Array.from({ length: 20 }, (_, n) => east.put('told', `still/${n}`, 'x')));
      await east.tag(changed, { turn: 'two' });
      await east.remove('photos', 'still/changed');
      await east.purge(purged);
      await eventually(async () => {
        const words = (link: string) =>
          expect.stringMatching(`^${link} paused: site west does not answer: .*no answer within 5000 ms`);
        expect(await states()).toEqual(
          expect.arrayContaining(['photos_east_west', 'told_east_west'].map(words)),
        );
      }, 60_000);
    } finally {
      process.kill(server.pid ?? 0, 'SIGCONT');
    }

    expect(await agreed([east, west], { bucket: 'told', prefix: 'still/' })).toHaveLength(20);
    expect(tried()).toEqual(before);
    const lines = await agreed([east, west], { bucket: 'photos', prefix: 'still/' }, 60_000);
    expect(lines.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'still/changed marker',
      'still/changed object',
    ]);
    expect(lines[1]?.content).toMatchObject({ tags: { turn: 'two' } });
    await eventually(async () => {
      expect(await states()).toEqual(rules.map(({ id }) => `${id} healthy: `));
    });
  });
});
