/** Contract: what a client may change of a version, a replica follows. */
import { describe, expect, test } from 'vitest';
import type { VersionFacts, VersionRef } from '../../../events/object-events.ts';
import { RetryableError, TerminalError } from '../../../functions/errors.ts';
import { bytes, contentOf, type Fixture, newKey, newRef } from './fixture.ts';

type Changeable = Pick<VersionFacts, 'tags' | 'retention' | 'legalHold'>;

const governance = (year: number) => ({ mode: 'GOVERNANCE', until: `${year}-01-01T00:00:00.000Z` }) as const;
const compliance = (year: number) => ({ mode: 'COMPLIANCE', until: `${year}-01-01T00:00:00.000Z` }) as const;

export function describeMetadata(fixture: Fixture): void {
  async function written(facts: Partial<VersionFacts> = {}): Promise<VersionRef> {
    const { store, buckets } = fixture();
    const ref = newRef(buckets.locked, newKey('metadata'));
    await store.write(
      ref,
      contentOf(bytes('hello'), { etag: '0123456789abcdef0123456789abcdef-2', ...facts }),
    );
    return ref;
  }

  describe('setMetadata', () => {
    const steps: readonly Changeable[] = [
      { tags: { a: '1', 'b c': '+-=._:/@' } },
      { tags: { a: '2' }, retention: governance(2090) },
      { tags: { a: '2' }, retention: governance(2095), legalHold: 'ON' },
      { tags: {}, retention: governance(2080), legalHold: 'OFF' },
      { tags: {}, legalHold: 'OFF' },
      { tags: { z: '' }, retention: compliance(2090), legalHold: 'ON' },
      { tags: { z: '' }, retention: compliance(2095), legalHold: 'ON' },
    ];

    test('follows each change, and nothing else changes', async () => {
      const { store } = fixture();
      const ref = await written();
      const before = await store.look(ref);
      if (before.state !== 'object') throw new Error('not written');

      for (const wanted of steps) {
        for (let times = 0; times < 2; times++) {
          await store.setMetadata(ref, wanted);
          const facts = { ...before.facts, ...wanted };
          expect(await store.look(ref)).toEqual({ ...before, facts });
        }
      }
    });

    test('finds COMPLIANCE as hopeless to shorten as it is', async () => {
      const { store } = fixture();
      const ref = await written({ retention: compliance(2095) });

      for (const retention of [compliance(2090), governance(2099), undefined])
        await expect(store.setMetadata(ref, { tags: {}, retention })).rejects.toThrow(TerminalError);

      expect(await store.look(ref)).toMatchObject({ facts: { retention: compliance(2095) } });
    });

    test('leaves alone retention that has ended at the source', async () => {
      const { store } = fixture();
      const ref = await written();

      await store.setMetadata(ref, { tags: { a: '1' }, retention: governance(2020) });

      expect(await store.look(ref)).toMatchObject({ facts: { tags: { a: '1' } } });
    });

    test('of a version that is not there is for later', async () => {
      const { store, buckets } = fixture();
      const marker = newRef(buckets.locked, newKey('marker'));
      await store.putMarker(marker, '2026-01-02T03:04:09Z');

      for (const ref of [marker, newRef(buckets.locked, newKey('absent'))])
        await expect(store.setMetadata(ref, { tags: { a: '1' } })).rejects.toThrow(RetryableError);
    });
  });
}
