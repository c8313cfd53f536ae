/**
 * Writes the versions of a stack to the site beside it, and tells what that site now shows of each.
 *
 * on:        a stack was sent (over HTTP, by the link's stacking)
 * answers:   stack.written: for each entry its ETag, size and time as the site shows them, or why it is not there
 * guarantee: as replicate's, for each entry by itself: exactly these facts or nothing at all, content checked before,
 *            and other content under the same version ID is never overwritten. A repeat changes nothing.
 */
import type { StackWritten } from '../events/stack-events.ts';
import type { ReceiverDefinition } from './define.ts';
import { messageOf, RefusedError, SiteUnavailableError, TerminalError } from './errors.ts';
import type { ObjectStore, StackEntry } from './ports.ts';
import { bucketMissing } from './replication/placing.ts';
import { contentOf } from './replication/stack-content.ts';

const writesAtOnce = 16;
const mostWords = 500;

type Told = StackWritten['entries'][number];

export const receiveStack: ReceiverDefinition = {
  name: 'receive-stack',
  on: 'dev.causeway.stack.sent.v1',
  answers: 'dev.causeway.stack.written.v1',
  async handle(entries, store) {
    const told = new Map<StackEntry, Told>();
    const keys = Map.groupBy(entries, ({ ref }) => ref.key).values();
    const writeOn = async (): Promise<void> => {
      // Versions of one key oldest first: in their order.
      for (const versions of keys) {
        for (const entry of versions) told.set(entry, await writeOne(store, entry));
      }
    };
    await Promise.all(Array.from({ length: writesAtOnce }, writeOn));
    return { entries: entries.flatMap((entry) => told.get(entry) ?? []) };
  },
};

async function writeOne(store: ObjectStore, entry: StackEntry): Promise<Told> {
  const { key, versionId } = entry.ref;
  try {
    const { etag, size, modified } = await written(store, entry);
    return { key, versionId, state: 'written', etag, size, modified };
  } catch (error) {
    if (error instanceof SiteUnavailableError) throw error;
    const again = !(error instanceof TerminalError || error instanceof RefusedError);
    return { key, versionId, state: 'failed', reason: messageOf(error).slice(0, mostWords), again };
  }
}

/** What the site shows of it afterwards. */
async function written(store: ObjectStore, entry: StackEntry) {
  const { ref, facts } = entry;
  const before = await store.look(ref);
  if (before.state === 'absent' && before.missing === 'bucket') throw bucketMissing(store.site, ref.bucket);
  const isOther =
    before.state === 'marker' ||
    (before.state === 'object' && (before.facts.etag !== facts.etag || before.facts.size !== facts.size));
  if (isOther) throw new TerminalError(`${store.site} holds something else under version ${ref.versionId}`);
  await store.write(ref, contentOf(entry));
  const after = await store.look(ref);
  if (after.state === 'object') return after.facts;
  throw new Error(`${store.site} does not keep what it confirmed`);
}
