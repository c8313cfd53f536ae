/** When something is stored, said to be there, and restored; what restic does is test/e2e/volumes'. */
import { expect, test } from 'vitest';
import type { VolumeFunction } from '../../../../functions/define.ts';
import { restoreSnapshot } from '../../../../functions/restore-snapshot.ts';
import { shipSnapshot } from '../../../../functions/ship-snapshot.ts';
import { candidates, compare, wordsFor } from '../../../../functions/volumes/arrival.ts';
import { readShipmentName, shipmentName } from '../../../../functions/volumes/shipment-name.ts';
import { Bucket, dueEvent, oneByOne, shippedEvent } from './bench.ts';

const ship: VolumeFunction = shipSnapshot;
const restore: VolumeFunction = restoreSnapshot;

test('a shipment is written last, and lists every file that is there', async () => {
  const bucket = new Bucket();

  const outcome = await ship.handle(dueEvent(), bucket.at('paris'));

  expect(bucket.done).toEqual(['prepare', 'store', 'write']);
  const [shipment] = bucket.shipments.values();
  expect(await Array.fromAsync(shipment?.files() ?? [])).toEqual(
    await Array.fromAsync(oneByOne(bucket.files)),
  );
  expect(outcome).toMatchObject({ kind: 'done', emitted: [{ data: { needs: { files: 2, bytes: 11 } } }] });
});

test('what was shipped is not shipped again', async () => {
  const bucket = new Bucket();
  const first = await ship.handle(dueEvent(), bucket.at('paris'));
  bucket.done.length = 0;

  const second = await ship.handle(dueEvent(), bucket.at('paris'));

  expect(bucket.done).toEqual([]);
  expect(second).toMatchObject({ kind: 'done', note: 'shipped before' });
  expect(second.kind === 'done' && second.emitted).toEqual(first.kind === 'done' && first.emitted);
});

test('what nothing keeps goes, with its shipment, before the next is stored', async () => {
  const bucket = new Bucket();
  bucket.before('paris', 'old', '1');
  const kept = bucket.before('paris', 'newer', '2');
  bucket.kept = [kept.snapshot];

  await ship.handle(dueEvent(), bucket.at('paris'));

  expect(bucket.done).toEqual(['forget', 'remove', 'prune', 'store', 'write']);
  expect([...bucket.shipments.values()].map(({ shipped }) => shipped.sync)).toEqual(['newer', 'one']);
});

test('as long as no more are there than stay, the repository is not asked what goes', async () => {
  const bucket = new Bucket();
  bucket.before('paris', 'old', '1');

  await ship.handle(dueEvent(), bucket.at('paris'));

  expect(bucket.done).toEqual(['store', 'write']);
});

test('nothing is pruned while a snapshot of the other site is kept', async () => {
  const bucket = new Bucket();
  bucket.before('paris', 'old', '1');
  const theirs = bucket.before('tokyo', 'theirs', '2');
  bucket.before('paris', 'newer', '3');
  bucket.kept = [theirs.snapshot];

  await ship.handle(dueEvent(), bucket.at('paris'));

  expect(bucket.done).not.toContain('prune');
});

test('nothing is removed while somebody else works in the repository', async () => {
  const bucket = new Bucket();
  bucket.before('paris', 'old', '1');
  bucket.before('paris', 'newer', '2');
  bucket.kept = undefined;

  await ship.handle(dueEvent(), bucket.at('paris'));

  expect(bucket.done).toEqual(['forget', 'store', 'write']);
});

test('a repository that another site wrote last is taken over first', async () => {
  const bucket = new Bucket();
  bucket.kept = [bucket.before('paris', 'theirs', '1').snapshot];

  await ship.handle(dueEvent(), bucket.at('tokyo'));
  expect(bucket.done).toEqual(['adopt', 'store', 'write']);
  bucket.done.length = 0;
  await ship.handle(dueEvent('two'), bucket.at('tokyo'));

  expect(bucket.done).not.toContain('adopt');
});

test('it is restored when all is there, and not before', async () => {
  const bucket = new Bucket();
  await ship.handle(dueEvent(), bucket.at('paris'));
  const [shipment] = bucket.shipments.values();
  const shipped = shipment?.shipped ?? bucket.before('paris', 'none', '1');
  const all = bucket.files;
  bucket.done.length = 0;
  const tries = [all.slice(1), all.slice(0, 1), all.map(({ name, size }) => ({ name, size: size - 1 }))];
  for (const files of tries) {
    bucket.files = files;
    expect(await restore.handle(shippedEvent(shipped), bucket.at('tokyo'))).toMatchObject({ kind: 'retry' });
  }
  expect(bucket.done).toEqual([]);

  bucket.files = [...all, { name: 'data/more', size: 1 }];
  const outcome = await restore.handle(shippedEvent(shipped), bucket.at('tokyo'));

  expect(bucket.done).toEqual(['restore 01']);
  expect(outcome).toMatchObject({ kind: 'done', emitted: [{ data: { at: 'tokyo', sync: 'one' } }] });
});

test('a shipment that is not there is waited for', async () => {
  const bucket = new Bucket();
  const shipped = bucket.before('paris', 'gone', '1');
  bucket.shipments.clear();

  expect(await restore.handle(shippedEvent(shipped), bucket.at('tokyo'))).toMatchObject({ kind: 'retry' });
});

test('what was shipped from here is not put over what has come since', () => {
  const bucket = new Bucket();
  const listed = [
    bucket.before('tokyo', 'theirs', '1'),
    bucket.before('tokyo', 'newer', '2'),
    bucket.before('paris', 'ours', '3'),
  ].flatMap(({ shipment }) => readShipmentName(shipment) ?? []);

  expect(candidates(listed, 'tokyo').map(({ sync }) => sync)).toEqual(['newer', 'theirs']);
});

test('what is missing is counted, and some of it named; what else is there is no matter', async () => {
  const file = (name: string, size = 1) => ({ name, size });
  const listed = ['a', 'c', 'e', 'g', 'i'].map((name) => file(name));
  const there = [file('a'), file('b'), file('c', 2), file('h'), file('i')];

  const compared = await compare(oneByOne(listed), oneByOne(there));

  expect(compared).toEqual({ files: 5, missing: 3, names: ['c', 'e', 'g'] });
  expect(wordsFor(compared)).toBe('3 of 5 files have not arrived: c, e, g');
  expect(await compare(oneByOne(listed), oneByOne([]))).toMatchObject({ missing: 5, names: ['a', 'c', 'e'] });
});

test('the name of a shipment says what it is, and nothing else is one', () => {
  const about = {
    site: 'paris',
    sync: '20260102',
    takenAt: '2026-01-02T03:04:05.006Z',
    snapshot: '0a'.repeat(32),
  };
  const name = shipmentName(about);

  expect(readShipmentName(name)).toEqual({ ...about, shipment: name });
  for (const other of ['', 'config', 'shipments/', `${name}.bak`, name.replace('_', '-')]) {
    expect(readShipmentName(other)).toBeUndefined();
  }
});
