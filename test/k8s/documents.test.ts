/** Sites and rules as custom resources of a real API server, followed by `causeway up --kubernetes` under its own account. */
import { afterAll, beforeAll } from 'vitest';
import { setupMs } from './cluster.ts';
import { describeChanging } from './documents/changing.ts';
import { describeLeading } from './documents/leading.ts';
import { describeLeaving } from './documents/leaving.ts';
import { describeSaid } from './documents/said.ts';
import { type DocumentsWorld, startDocumentsWorld } from './documents/world.ts';

let made: DocumentsWorld | undefined;
const world = (): DocumentsWorld => {
  if (!made) throw new Error('the world is made before the first test');
  return made;
};
beforeAll(async () => {
  made = await startDocumentsWorld();
}, setupMs);
afterAll(() => made?.stop(), 60_000);

// One history: each goes on with what the one before has left.
describeSaid(world);
describeChanging(world);
describeLeading(world);
describeLeaving(world);
