/** `causeway dead-letters`: what was parked, and why, harmless to look at. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { putEvent, setupMs } from '../contract/bus/bus-world.ts';
import { type EventsWorld, startEventsWorld } from './events-world.ts';

let world: EventsWorld;
beforeAll(async () => {
  world = await startEventsWorld();
}, setupMs);
beforeEach(() => world.reset());
afterAll(() => world?.stop());

test('none', async () => {
  const { code, stdout } = await world.causeway('dead-letters');
  expect([code, stdout]).toEqual([0, 'no dead letters\n']);
  expect((await world.causeway('dead-letters', '--json')).stdout).toBe('');
});

test('lists what was parked and why; what cannot be read is shortened and made harmless', async () => {
  const event = putEvent({ key: 'a\u001b]0;owned\u0007b' });
  await world.park(event, 'photos_east_west', 'west holds something\nelse');
  await world.letters.add({
    reason: 'not JSON',
    attempts: 1,
    body: Buffer.from(`\u001b[2J${'x'.repeat(9000)}`),
  });
  const { code, stdout } = await world.causeway('dead-letters');
  expect(code).toBe(0);
  expect(stdout).toContain('photos_east_west  replicate  3 attempts');
  expect(stdout).toContain('west holds something\\u000aelse');
  expect(stdout).toContain(`photos/a\\u001b]0;owned\\u0007b  version`);
  expect(stdout).toContain(`event ${event.id}`);
  expect(stdout).toContain('no link  1 attempt');
  expect(stdout).toContain('not an event: \\u001b[2Jxxx');
  expect(stdout).toMatch(/2 dead letters\n$/);
  expect(stdout.length).toBeLessThan(2000);
  const [one, two] = await world.json('dead-letters');
  expect(one).toMatchObject({
    link: 'photos_east_west',
    function: 'replicate',
    reason: 'west holds something\nelse',
    attempts: 3,
    type: event.type,
    event: event.id,
    bucket: 'photos',
    key: 'a\u001b]0;owned\u0007b',
    sequence: 1,
  });
  expect(one).not.toHaveProperty('body');
  expect(two).toMatchObject({ reason: 'not JSON', body: expect.stringMatching(/^.{400,600}$/s) });
});

test('of a link, of a rule, of a link that the documents no longer make; the last few', async () => {
  for (const key of ['1', '2', '3']) await world.park(putEvent({ key }));
  await world.park(putEvent({ key: '4' }), 'photos_west_east');
  await world.park(putEvent({ key: '5' }), 'videos_east_west');
  await world.park(putEvent({ key: '6' }), 'old_east_west');
  const keys = async (...args: string[]) => (await world.json('dead-letters', ...args)).map(({ key }) => key);
  expect(await keys('--link', 'photos_east_west')).toEqual(['1', '2', '3']);
  expect(await keys('--link', 'photos')).toEqual(['1', '2', '3', '4']);
  expect(await keys('--link', 'old_east_west')).toEqual(['6']);
  expect(await keys('--limit', '2')).toEqual(['5', '6']);
  expect(await keys('--limit', '2', '--link', 'photos')).toEqual(['3', '4']);
  expect(await keys('--limit', '99')).toHaveLength(6);
});

test.each([
  [['--link', 'photo'], /did you mean "photos"/],
  [['--limit', '0'], /--limit: must be a whole number from 1/],
])('%j is wrong usage: exit code 2', async (args, words) => {
  const { code, stderr } = await world.causeway('dead-letters', ...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(words);
});
