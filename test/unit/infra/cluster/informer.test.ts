/** The cache of an informer is what the cluster holds, whatever the watch goes through. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ClusterObject, readObject } from '../../../../infra/cluster/cluster-object.ts';
import { type Informer, startInformer } from '../../../../infra/cluster/informer.ts';
import type { Change, Listing, Resource } from '../../../../infra/cluster/resource.ts';
import { type ManualClock, manualClock, settled } from '../../../contract/hosts/manual-clock.ts';

interface Watching {
  readonly from: string;
  readonly take: (change: Change, object: unknown) => void;
  /** Ends it: where the next may go on, or that a listing is needed. */
  readonly end: PromiseWithResolvers<string | undefined>;
}

let clock: ManualClock;
let stop: AbortController;
let informer: Informer<ClusterObject>;
let listings: (Listing | Error)[];
let watches: Watching[];
let told: string[];

const object = (name: string, resourceVersion: string, uid = name) => ({
  metadata: { name, namespace: 'causeway', uid, resourceVersion },
});
const listing = (resourceVersion: string, ...items: unknown[]): Listing => ({ items, resourceVersion });

beforeEach(() => {
  clock = manualClock(0);
  stop = new AbortController();
  [listings, watches, told] = [[], [], []];
});
afterEach(() => stop.abort());

async function start(...first: (Listing | Error)[]): Promise<void> {
  listings.push(...first);
  const resource: Resource = {
    async list() {
      const next = listings.shift();
      if (next instanceof Error) throw next;
      if (!next) throw new Error('away');
      return next;
    },
    get: () => Promise.reject(new Error('not asked')),
    watch(from, take) {
      const end = Promise.withResolvers<string | undefined>();
      watches.push({ from, take, end });
      return end.promise;
    },
  };
  informer = startInformer({
    name: 'sites.causeway.dev',
    resource,
    read: readObject,
    onChange: (key) => told.push(key),
    observer: { watching: () => told.push('watching'), troubled: (_name, problem) => told.push(problem) },
    clock,
    signal: stop.signal,
  });
  await settled();
}
const versions = (): string[] =>
  informer.all().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
const watching = (): Watching => {
  const last = watches.at(-1);
  if (!last) throw new Error('nothing is watched');
  return last;
};

test('it holds what is listed, and what is watched from there on', async () => {
  await start(listing('10', object('a', '5'), object('b', '6')));
  await informer.synced;
  watching().take('MODIFIED', object('a', '11'));
  watching().take('DELETED', object('b', '12'));
  watching().take('ADDED', object('c', '13'));

  expect(watching().from).toBe('10');
  expect(versions()).toEqual(['a 11', 'c 13']);
  expect(told).toEqual(['causeway/a', 'causeway/b', 'watching', 'causeway/a', 'causeway/b', 'causeway/c']);
});

test('a watch that ends goes on where it was; one that cannot (410 Gone) begins with a listing', async () => {
  await start(listing('10', object('a', '5')), listing('30', object('b', '25')));
  watching().end.resolve('20');
  await clock.advance(250);
  expect(watching().from).toBe('20');
  watching().end.resolve(undefined);
  await clock.advance(250);

  expect(watching().from).toBe('30');
  expect(versions()).toEqual(['b 25']);
  expect(told.slice(-3)).toEqual(['causeway/b', 'causeway/a', 'watching']);
});

test('after a failure it lists again, and says once what is wrong', async () => {
  await start(new Error('refused'), new Error('refused'), listing('10', object('a', '5')));
  await clock.advance(2000);

  expect(told).toEqual(['refused', 'causeway/a', 'watching']);
});

test('what a write answered is there at once, and older news does not undo it', async () => {
  await start(listing('10', object('a', '5')));
  informer.note(object('a', '12'));
  watching().take('MODIFIED', object('a', '11'));
  expect(versions()).toEqual(['a 12']);
  watching().take('ADDED', object('a', '9', 'another'));

  expect(versions()).toEqual(['a 9']);
});

test('what a write answered about an object that has gone meanwhile does not bring it back', async () => {
  await start(listing('10', object('a', '5')));
  watching().take('DELETED', object('a', '12'));
  informer.note(object('a', '11'));

  expect(versions()).toEqual([]);
});

test('a listing counts, even where versions went back', async () => {
  await start(listing('10', object('a', '9')), listing('4', object('a', '3')));
  watching().end.resolve(undefined);
  await clock.advance(250);

  expect(versions()).toEqual(['a 3']);
});
