/** An upload that has not ended: who may go on with it, and when it is given up. */
import { beforeEach, expect, test } from 'vitest';
import { RetryableError } from '../../../../functions/errors.ts';
import type { LinkContext, ObjectStore } from '../../../../functions/ports.ts';
import { replicateOne } from '../../../../functions/replication/one-version.ts';
import {
  abandonOldUploads,
  abandonUpload,
  writeResuming,
} from '../../../../functions/replication/resuming.ts';
import type { BegunUpload, RememberedUpload, Resume } from '../../../../functions/uploads.ts';
import { put } from '../../../contract/hosts/case.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';

const begun: BegunUpload = { uploadId: 'one', partSize: 5_242_880, identity: 'same' };
const ref = { bucket: 'photos', key: 'in/film', versionId: 'v1' };
const hour = 3_600_000;
let world: HostWorld;
let known: RememberedUpload | undefined;
let abandoned: string[];

beforeEach(() => {
  world = createHostWorld();
  known = undefined;
  abandoned = [];
});

function contextOf(
  write: (resume: Resume) => ReturnType<ObjectStore['write']>,
  sliceMs?: number,
): LinkContext {
  const context = world.contextOf(world.link);
  return {
    ...context,
    emit: async () => undefined,
    deadlines: { ...context.deadlines, sliceMs },
    target: {
      ...world.stores.west,
      write: (_ref, _content, resume) =>
        resume ? write(resume) : Promise.reject(new Error('nothing to resume with')),
      abandon: async (_ref, { uploadId }) => void abandoned.push(uploadId),
    },
    uploads: {
      recall: async () => known,
      remember: async (_link, _ref, upload) => {
        known = upload;
      },
      forget: async () => {
        known = undefined;
      },
      async *unheldSince(_link, since) {
        if (known && known.heldUntil < since) yield [ref, known];
      },
    },
  };
}

async function content() {
  const found = await world.stores.east.read(put(world, 'east', 'in/film'));
  if (!found) throw new Error('absent');
  return found;
}

test('while one attempt is at it, another is told to come again', async () => {
  const going = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<'written'>();
  const first = writeResuming(
    contextOf(async (resume) => {
      await resume.hold(begun);
      going.resolve();
      return ending.promise;
    }),
    ref,
    await content(),
  );
  await going.promise;
  // Held on and on, not only for as long as one promise lasts.
  for (let seconds = 0; seconds < 30; seconds++) await world.clock.advance(1000);
  const other = contextOf(async (resume) => ((await resume.begun()) ? 'written' : 'already'));

  await expect(writeResuming(other, ref, await content())).rejects.toMatchObject({
    name: 'RetryableError',
    afterMs: expect.toSatisfy((ms: number) => ms > 5_000 && ms <= 10_000),
  });

  ending.resolve('written');
  await first;
});

test('what a killed attempt held is free when its promise has ended', async () => {
  known = { ...begun, heldUntil: world.clock.now() + 10_000 };
  const context = contextOf(async (resume) => ((await resume.begun()) ? 'written' : 'already'));
  await world.clock.advance(10_001);

  expect(await writeResuming(context, ref, await content())).toBe('written');
});

test('what failed is free for the next attempt at once', async () => {
  const failing = contextOf(async (resume) => {
    await resume.hold(begun);
    throw new RetryableError('the link broke');
  });
  await expect(writeResuming(failing, ref, await content())).rejects.toThrow('the link broke');
  let found: BegunUpload | undefined;
  const next = contextOf(async (resume) => {
    found = await resume.begun();
    await resume.forget();
    return 'written';
  });

  await writeResuming(next, ref, await content());

  expect(found).toMatchObject(begun);
  expect(known).toBeUndefined();
});

test('a slice that is over goes on by an event, which says all that is known', async () => {
  const context = contextOf(async (resume) => {
    await resume.hold(begun);
    expect(resume.isTimeOver()).toBe(false);
    await world.clock.advance(60_000);
    return resume.isTimeOver() ? 'unfinished' : 'written';
  }, 60_000);
  const { versionId } = put(world, 'east', 'in/film', 'a long one');
  const modified = '2026-01-02T03:04:05.000000007Z';

  const outcome = await replicateOne(context, { key: 'in/film', versionId, modified, via: ['north'] });

  const data = { link: world.link.id, bucket: 'photos', key: 'in/film', versionId, modified, size: 10 };
  const due = { ...data, via: ['north', 'east'], reason: 'unfinished', round: 0 };
  expect(outcome).toMatchObject({
    kind: 'done',
    emitted: [{ type: 'dev.causeway.version.due.v1', data: due }],
  });
});

test('without slices it goes on to the end', async () => {
  const context = contextOf(async (resume) => {
    await world.clock.advance(24 * hour);
    return resume.isTimeOver() ? 'unfinished' : 'written';
  });

  expect(await writeResuming(context, ref, await content())).toBe('written');
});

test('the upload of a version that the source has no more goes with it', async () => {
  known = { ...begun, heldUntil: 0 };
  const context = contextOf(async () => 'written');
  const { versionId } = put(world, 'east', 'in/film');
  world.clients.east.deleteVersion({ ...ref, versionId });

  await replicateOne(context, { key: 'in/film', versionId, isFresh: true });

  expect([abandoned, known]).toEqual([['one'], undefined]);
  await abandonUpload(context, ref);
  expect(abandoned).toEqual(['one']);
});

test('one that nobody went on with for a day is given up; a younger one is not', async () => {
  const context = contextOf(async () => 'written');
  known = { ...begun, heldUntil: world.clock.now() };
  await world.clock.advance(23 * hour);
  await abandonOldUploads(context);
  expect(abandoned).toEqual([]);

  await world.clock.advance(2 * hour);
  await abandonOldUploads(context);
  expect([abandoned, known]).toEqual([['one'], undefined]);
});
