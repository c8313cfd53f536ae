/** What every store must do, whatever it speaks to: one suite that each of them runs. */
import { afterAll, beforeAll, describe } from 'vitest';
import { describeCopying } from './store/copying.ts';
import type { Fixture, StoreFixture } from './store/fixture.ts';
import { describeListing } from './store/listing.ts';
import { describeLooking } from './store/looking.ts';
import { describeMarkers } from './store/markers.ts';
import { describeMetadata } from './store/metadata.ts';
import { describeRefusing } from './store/refusing.ts';
import { describeStacking } from './store/stacking.ts';
import { describeWriting } from './store/writing.ts';

type MakeFixture = () => Promise<StoreFixture>;

export function describeStore(name: string, makeFixture: MakeFixture): void {
  describeParts(`${name} store`, makeFixture, [
    describeWriting,
    describeCopying,
    describeRefusing,
    describeStacking,
    describeMarkers,
    describeLooking,
    describeListing,
    describeMetadata,
  ]);
}

/** Of a store whose stacks go another way than its single writes. */
export const describeStacks = (name: string, makeFixture: MakeFixture): void =>
  describeParts(`stacks ${name}`, makeFixture, [describeStacking]);

function describeParts(
  name: string,
  makeFixture: MakeFixture,
  parts: readonly ((fixture: Fixture) => void)[],
): void {
  describe(name, () => {
    let made: StoreFixture | undefined;
    const fixture = (): StoreFixture => {
      if (!made) throw new Error('the fixture is made before the first test');
      return made;
    };

    beforeAll(async () => {
      made = await makeFixture();
    }, 600_000);
    afterAll(() => made?.close());

    for (const part of parts) part(fixture);
  });
}
