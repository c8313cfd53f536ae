/** Keys of every kind that MinIO takes. The walk comes once an hour here: all this is the events' doing. */
import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Application, applicationAt } from './application.ts';
import { agreed } from './awaiting.ts';
import { links } from './rules.ts';
import { contentOf } from './snapshot.ts';
import { type Running, startWorld, type World } from './world.ts';

const hour = { scan: { every: '1h' } };
const rules = links(
  { sites: ['east', 'west'], bucket: 'photos', spec: hour },
  { name: 'folders', sites: ['east', 'west'], bucket: 'folders', direction: 'one-way', spec: hour },
);
let world: World;
let running: Running;
let east: Application;
let west: Application;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: 'photos' }, { name: 'folders' }]);
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const agreedIn = (prefix: string, bucket = 'photos') => agreed([east, west], { bucket, prefix });

const odd = [
  'with space and  two',
  ' leading space',
  'trailing space ',
  'percent%20literal',
  '%',
  '%2F',
  'a%00b',
  'plus+sign',
  `quotes'"\``,
  'amp&lt;<tag>',
  'question?x=1#fragment',
  'semi;colon:comma,at@equals=',
  'back\\slash',
  'star*bar|tilde~caret^',
  'ünïcode/日本語/😀',
  'composed \u00e9 and decomposed e\u0301',
  '\u{10ffff}',
  '\ufeffmark',
  'control\u0001character',
  'new\nline',
  'tab\tstop',
  'carriage\rreturn',
  '\u007f',
  'two..dots',
  '..leading',
  'inner/..dots',
  '.hidden/.file',
  'trailing.',
  'xl.meta',
  'null',
  'x'.repeat(255),
  Array.from({ length: 4 }, () => 'y'.repeat(224)).join('/'),
];

test('a key may be anything that MinIO takes, in each of what can happen to a version', async () => {
  for (const name of odd) {
    const key = `odd/${name}`;
    const first = await east.put('photos', key, 'first');
    const second = await east.put('photos', key, 'second');
    await east.put('photos', key, 'third');
    await east.tag(second, { turn: 'two' });
    await east.remove('photos', key);
    await east.purge(first);
  }

  const lines = await agreed([east, west], { bucket: 'photos', prefix: 'odd/' }, 60_000);

  expect(new Set(lines.map(({ key }) => key))).toEqual(new Set(odd.map((name) => `odd/${name}`)));
  expect(lines).toHaveLength(3 * odd.length);
  expect(lines.filter(({ content }) => Object.keys(content?.tags ?? {}).length > 0)).toHaveLength(odd.length);
});

test('a key that begins with a slash is what MinIO makes of it', async () => {
  await east.put('photos', '/slash/key', 'x');

  const lines = await agreedIn('slash/');

  expect(lines.map(({ key }) => key)).toEqual(['slash/key']);
});

test('a key and one beneath it may both be there, though listings hide the one', async () => {
  const upper = await east.put('photos', 'nested/a', 'upper');
  const lower = await west.put('photos', 'nested/a/b', 'lower');
  const lowest = await east.put('photos', 'nested/a/b/c', 'lowest');

  await agreedIn('nested/');

  for (const ref of [upper, lower, lowest]) {
    expect(await contentOf(west, ref)).toEqual(await contentOf(east, ref));
  }
});

test('a key that ends with a slash has no versions on MinIO: one-way, the last one arrives, and goes', async () => {
  for (let turn = 0; turn < 10; turn++) await east.put('folders', 'dir/', `turn ${turn}`);

  const there = await agreedIn('dir/', 'folders');
  await east.remove('folders', 'dir/');
  const gone = await agreedIn('dir/', 'folders');

  expect(there).toMatchObject([{ key: 'dir/', versionId: 'null', content: { md5: hash('md5', 'turn 9') } }]);
  expect(gone).toEqual([]);
});

test('nothing of all this was parked', () => {
  expect(rules.filter(({ id }) => running.telemetry.totals(id).parked > 0)).toEqual([]);
});
