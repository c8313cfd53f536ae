/** Contract: versions that go in one stack arrive as if each had been written by itself. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { VersionFacts, VersionRef } from '../../../events/object-events.ts';
import { RetryableError, TerminalError } from '../../../functions/errors.ts';
import type { StackEntry, Stacking } from '../../../functions/ports.ts';
import {
  bodyOf,
  bytes,
  contentFrom,
  contentOf,
  expectFacts,
  type Fixture,
  listed,
  newKey,
  newRef,
  plainFacts,
} from './fixture.ts';
import { richFacts } from './writing.ts';

interface Version {
  readonly ref: VersionRef;
  readonly facts: VersionFacts;
  readonly body: Uint8Array;
}

const versionOf = (ref: VersionRef, body: Uint8Array, facts: Partial<VersionFacts> = {}): Version => ({
  ref,
  facts: plainFacts(body, facts),
  body,
});

const locks = {
  retention: { mode: 'GOVERNANCE', until: '2099-01-01T00:00:00.000Z' },
  legalHold: 'ON',
} as const;

export function describeStacking(fixture: Fixture): void {
  const stackingOf = (): Stacking => {
    const { stacking } = fixture().store;
    if (!stacking) throw new Error('the store takes no stacks');
    return stacking;
  };

  /** Resolves to those that did not go in, or were refused: they go singly. */
  async function send(versions: readonly Version[]): Promise<readonly VersionRef[]> {
    const stacking = stackingOf();
    const entries: StackEntry[] = [];
    const left: VersionRef[] = [];
    for (const { ref, facts, body } of versions) {
      try {
        const entry = await stacking.load(ref, contentFrom([body], facts));
        if (entry) entries.push(entry);
        else left.push(ref);
      } catch (error) {
        if (!(error instanceof TerminalError)) throw error;
        left.push(ref);
      }
    }
    const refused = await stacking.write(versions[0]?.ref.bucket ?? '', entries);
    return [...left, ...refused.map(({ ref }) => ref)];
  }

  async function expectThere({ ref, facts, body }: Version): Promise<void> {
    const { store } = fixture();
    const look = await store.look(ref);
    expect([ref.key, look]).toMatchObject([ref.key, { state: 'object', replica: true }]);
    if (look.state === 'object') expectFacts(look.facts, facts);
    expect(Buffer.compare(await bodyOf(await store.read(ref)), body)).toBe(0);
  }

  describe('a stack', () => {
    test('brings every version over as it was, whatever it is made of', async () => {
      const { versioned } = fixture().buckets;
      const at = (key: string): VersionRef => newRef(versioned, newKey(key));
      const random = randomBytes(200_000);
      const versions = [
        versionOf(at('rich'), bytes('hello'), { ...richFacts }),
        versionOf(at('empty'), bytes('')),
        versionOf(at('compressible'), Buffer.alloc(1024 * 1024, 'a')),
        versionOf(at('incompressible'), random),
        versionOf(at('parts'), bytes('x'), { etag: '0123456789abcdef0123456789abcdef-2' }),
        ...['with space', 'per%20cent+plus', 'ünï/日本語 🦆', '-dash', `"quoted"&<b>='`, 'a/b/c.tar'].map(
          (key) => versionOf(at(key), bytes(key)),
        ),
      ];

      expect(await send(versions)).toEqual([]);

      for (const version of versions) await expectThere(version);
    });

    test('of what cannot be compressed arrives as well', async () => {
      const { versioned } = fixture().buckets;
      const versions = [1, 511, 512, 513, 70_000].map((size) =>
        versionOf(newRef(versioned, newKey('random')), randomBytes(size)),
      );

      expect(await send(versions)).toEqual([]);

      for (const version of versions) await expectThere(version);
    });

    test('keeps the order of a key’s versions, to the nanosecond', async () => {
      const { store, buckets } = fixture();
      const key = newKey('hot');
      const versions = Array.from({ length: 12 }, (_, n) =>
        versionOf(newRef(buckets.versioned, key), bytes(`turn ${n}`), {
          modified: `2026-01-02T03:04:05.1230000${String(n).padStart(2, '0')}Z`,
        }),
      );

      expect(await send(versions)).toEqual([]);

      expect((await listed(store, buckets.versioned, key)).map(({ versionId }) => versionId)).toEqual(
        versions.map(({ ref }) => ref.versionId).toReversed(),
      );
    });

    test('that is sent again changes nothing', async () => {
      const { store, buckets } = fixture();
      const key = newKey('again');
      const versions = Array.from({ length: 8 }, (_, n) =>
        versionOf(newRef(buckets.versioned, `${key}/${n % 4}`), bytes(`${n}`), { tags: { turn: `${n}` } }),
      );
      await send(versions);
      const before = await listed(store, buckets.versioned, key);

      expect(await send(versions)).toEqual([]);

      expect(before).toHaveLength(8);
      expect(await listed(store, buckets.versioned, key)).toEqual(before);
    });

    test('reports what the site cannot take; that holds up nothing else', async () => {
      const { buckets, refusedKeys } = fixture();
      const good = Array.from({ length: 9 }, (_, n) =>
        versionOf(newRef(buckets.versioned, newKey('good')), bytes(`${n}`)),
      );
      const bad = [
        ...refusedKeys.map((key) => versionOf(newRef(buckets.versioned, key), bytes('x'))),
        versionOf(newRef(buckets.versioned, newKey('locked')), bytes('x'), locks),
      ];
      const [first, ...others] = good;
      if (!first) throw new Error('no version');

      const left = await send([first, ...bad, ...others]);

      expect(left.map(({ key }) => key).sort()).toEqual(bad.map(({ ref }) => ref.key).sort());
      for (const version of good) await expectThere(version);
    });

    test.for<[string, Partial<VersionFacts>]>([
      ['a retention', { retention: locks.retention }],
      ['a legal hold', { legalHold: 'ON' }],
      ['a legal hold that is off', { legalHold: 'OFF' }],
      ['both', locks],
    ])('brings %s over, or leaves the version to go singly', async ([, held]) => {
      const { store, buckets } = fixture();
      const version = versionOf(newRef(buckets.locked, newKey('locked')), bytes('x'), held);

      const left = await send([version]);

      if (left.length === 0) await expectThere(version);
      else expect(await store.look(version.ref)).toMatchObject({ state: 'absent' });
    });

    test('takes nothing of what is too large for it', async () => {
      const { largestEntry, load } = stackingOf();
      const ref = newRef(fixture().buckets.versioned, newKey('large'));
      let taken = 0;
      async function* chunks(): AsyncGenerator<Uint8Array> {
        taken += 1;
        yield bytes('x');
      }

      const entry = await load(
        ref,
        contentFrom(chunks(), plainFacts(bytes('x'), { size: largestEntry + 1 })),
      );

      expect([entry, taken]).toEqual([undefined, 0]);
    });

    test('takes in only content that is what its version says', async () => {
      const ref = newRef(fixture().buckets.versioned, newKey('wrong'));

      const loaded = stackingOf().load(ref, contentOf(bytes('other'), plainFacts(bytes('hello'))));

      await expect(loaded).rejects.toThrow(RetryableError);
    });

    test('for a bucket that is not there is refused, entry by entry', async () => {
      const versions = [1, 2, 3].map((n) =>
        versionOf(newRef('no-such-bucket', newKey('lost')), bytes(`${n}`)),
      );

      expect(await send(versions)).toEqual(versions.map(({ ref }) => ref));
    });
  });
}
