/** What every store must do, whatever it speaks to: one suite that each of them runs. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { StoreFixture } from './store/fixture.ts';
import { describeListing } from './store/listing.ts';
import { describeLooking } from './store/looking.ts';
import { describeMarkers } from './store/markers.ts';
import { describeMetadata } from './store/metadata.ts';
import { describeRefusing } from './store/refusing.ts';
import { describeWriting } from './store/writing.ts';

export function describeStore(name: string, makeFixture: () => Promise<StoreFixture>): void {
  describe(`${name} store`, () => {
    let made: StoreFixture | undefined;
    const fixture = (): StoreFixture => {
      if (!made) throw new Error('the fixture is made before the first test');
      return made;
    };

    beforeAll(async () => {
      made = await makeFixture();
    }, 600_000);
    afterAll(() => made?.close());

    describeWriting(fixture);
    describeRefusing(fixture);
    describeMarkers(fixture);
    describeLooking(fixture);
    describeListing(fixture);
    describeMetadata(fixture);
  });
}
