/** `causeway replay`: events go back on the stream as new ones, once, to whom they concern. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CausewayEvent, deriveEvent } from '../../events/cloudevent.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { all, putEvent, setupMs } from '../contract/bus/bus-world.ts';
import { type EventsWorld, startEventsWorld } from './events-world.ts';

let world: EventsWorld;
beforeAll(async () => {
  world = await startEventsWorld();
}, setupMs);
beforeEach(() => world.reset());
afterAll(() => world?.stop());

function dueEvent(cause: CausewayEvent): CausewayEvent {
  const link = 'photos_east_west';
  const data = { link, bucket: 'photos', key: 'k', versionId: 'v1', reason: 'missing', round: 0 } as const;
  return deriveEvent({ type: 'dev.causeway.version.due.v1', data }, cause, {
    source: 'causeway:scan-retry',
    time: cause.time,
  });
}

const pending = () =>
  Promise.all(['photos_east_west', 'videos_east_west'].map((link) => world.pending(link)));

test('puts each source event back as a new event that the original caused, for every link that starts there', async () => {
  const originals = await world.publish(putEvent(), putEvent({ bucket: 'videos' }));
  await world.publish(dueEvent(putEvent()));
  await expect.poll(pending).toEqual([2, 1]);
  const lines = await world.json('replay');
  expect(lines).toMatchObject([
    { event: originals[0]?.id, type: originals[0]?.type, bucket: 'photos', key: 'k', site: 'east' },
    { event: originals[1]?.id, bucket: 'videos' },
    { summary: { replayed: 2, notReplayable: 0, dryRun: false } },
  ]);
  const copies = (await world.stored()).slice(3);
  expect(copies.map(({ event }) => event?.causationid)).toEqual(originals.map(({ id }) => id));
  expect(copies.map(({ event }) => event?.id)).toEqual([lines[0]?.as, lines[1]?.as]);
  expect(copies.map(({ event }) => event?.data)).toEqual(originals.map(({ data }) => data));
  expect(copies.map(({ event }) => event?.type)).toEqual(originals.map(({ type }) => type));
  await expect.poll(pending).toEqual([3, 2]);
});

test('again replays the originals again, and never the copies', async () => {
  await world.publish(putEvent(), putEvent());
  for (let turn = 1; turn <= 2; turn++) {
    expect((await world.json('replay')).at(-1)).toMatchObject({ summary: { replayed: 2 } });
    expect(await world.stored()).toHaveLength(2 + 2 * turn);
  }
});

test('a dry run lists what would be replayed and changes nothing', async () => {
  const [event] = await world.publish(putEvent({ key: 'a/b\u001b[31m.jpg' }));
  const lines = await world.json('replay', '--dry-run');
  expect(lines).toMatchObject([
    { event: event?.id, key: 'a/b\u001b[31m.jpg' },
    { summary: { replayed: 1, dryRun: true } },
  ]);
  expect(lines[0]).not.toHaveProperty('as');
  const { stdout, code } = await world.causeway('replay', '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('photos/a/b\\u001b[31m.jpg');
  expect(stdout).toContain('1 event would be replayed');
  expect(await world.stored()).toHaveLength(1);
});

test('times, types, keys and a link narrow it down', async () => {
  const [early] = await world.publish(putEvent({ key: 'a/1' }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const between = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const [late, odd, video] = await world.publish(
    putEvent({ key: 'a/b/2' }),
    putEvent({ key: '[x]?(y).*' }),
    putEvent({ bucket: 'videos', key: 'a/1' }),
  );
  const due = dueEvent(putEvent());
  await world.publish(due);
  const listed = async (...args: string[]) => {
    const lines = await world.json('replay', '--dry-run', ...args);
    return lines.slice(0, -1).map(({ event }) => event);
  };
  expect(await listed('--since', between)).toEqual([late?.id, odd?.id, video?.id]);
  expect(await listed('--until', between)).toEqual([early?.id]);
  expect(await listed('--since', '1h', '--key', 'a/*')).toEqual([early?.id, video?.id]);
  expect(await listed('--key', 'a/**')).toEqual([early?.id, late?.id, video?.id]);
  expect(await listed('--key', '[x]?(y).\\*')).toEqual([odd?.id]);
  expect(await listed('--type', 'dev.causeway.version.due.v1')).toEqual([due.id]);
  expect(await listed('--link', 'videos_east_west')).toEqual([video?.id]);
});

test('to one link, nobody else gets it', async () => {
  await world.publish(putEvent({ bucket: 'videos' }));
  await expect.poll(() => world.pending('videos_east_west')).toBe(1);
  const lines = await world.json('replay', '--link', 'videos_east_west');
  expect(lines[0]).toMatchObject({ link: 'videos_east_west' });
  await expect.poll(() => world.pending('videos_east_west')).toBe(2);
  expect((await world.stored()).at(-1)?.subject).toMatch(/^causeway\.link\.videos_east_west\./);
});

test('thousands of events, none twice, and nothing of its own', async () => {
  const events = Array.from({ length: 3000 }, (_, key) => putEvent({ key: `k${key}` }));
  await world.log.publish(events.map((event) => ({ event })));
  const { stdout, stderr, code } = await world.causeway('replay');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe('3,000 events replayed\n');
  const causes = (await world.stored()).slice(3000).map(({ event }) => event?.causationid);
  expect(causes.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
});

test('from dead letters: to the link that parked it, and out of the letters; what cannot be stays and says why', async () => {
  const event = putEvent({ key: 'parked' });
  await world.park(event);
  await world.park(putEvent(), 'gone_east_west');
  await world.letters.add({ reason: 'not JSON', attempts: 1, body: Buffer.from('{"half') });
  const dry = await world.json('replay', '--from-dead-letters', '--dry-run');
  expect(dry.at(-1)).toMatchObject({ summary: { replayed: 1, notReplayable: 2, dryRun: true } });
  expect(await all(readLetters(world.bus, {}))).toHaveLength(3);
  const lines = await world.json('replay', '--from-dead-letters');
  expect(lines).toMatchObject([
    { notReplayable: 'the documents make no link gone_east_west', deadLetter: 2 },
    { notReplayable: 'its body is no event', deadLetter: 3, reason: 'not JSON' },
    { event: event.id, link: 'photos_east_west', deadLetter: 1 },
    { summary: { replayed: 1, notReplayable: 2 } },
  ]);
  const [copy, ...others] = await world.stored();
  expect(others).toEqual([]);
  expect(copy?.subject).toMatch(/^causeway\.link\.photos_east_west\.ObjectCreated-Put\./);
  expect(copy?.event).toMatchObject({ causationid: event.id, data: event.data, type: event.type });
  await expect.poll(() => world.pending('photos_east_west')).toBe(1);
  expect((await all(readLetters(world.bus, {}))).map(({ sequence }) => sequence)).toEqual([2, 3]);
  expect((await world.json('replay', '--from-dead-letters')).at(-1)).toMatchObject({
    summary: { replayed: 0 },
  });
});

test('a letter that is parked again after its replay is kept again, at once', async () => {
  const event = putEvent();
  await world.park(event);
  await world.json('replay', '--from-dead-letters');
  const [copy] = await world.stored();
  if (!copy?.event) throw new Error('nothing was replayed');
  await world.park(copy.event);
  expect(await all(readLetters(world.bus, {}))).toHaveLength(1);
  expect((await world.json('replay', '--from-dead-letters')).at(-1)).toMatchObject({
    summary: { replayed: 1 },
  });
  expect(await world.stored()).toHaveLength(2);
});

test.each([
  [['--since', 'yesterday'], /--since: "yesterday" is no time/],
  [['--since', '1h', '--until', '2h'], /--until .* is before --since/],
  [['--nonsense'], /unknown option '--nonsense'/],
  [['--nats', 'http://127.0.0.1'], /--nats must be a URL such as/],
])('%j is wrong usage: exit code 2', async (args, words) => {
  const { code, stdout, stderr } = await world.causeway('replay', ...args, '--json');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(words);
});

test('says why what Causeway told itself is left out', async () => {
  const { code, stdout } = await world.causeway('replay', '--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/is not, unless --type names it: all of that follows again from the former/);
});

test('on a NATS that holds nothing of Causeway’s: exit code 1, and why', async () => {
  await world.empty();
  const { code, stderr } = await world.causeway('replay');
  expect(code).toBe(1);
  expect(stderr).toMatch(/nothing has run here yet/);
});
