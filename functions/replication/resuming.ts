/**
 * Large versions go in parts, and what is stored of them outlives the attempt: its upload is remembered, and the next
 * attempt goes on with it. One attempt at a time holds an upload, by a promise that ends soon after its process.
 */
import type { VersionRef } from '../../events/object-events.ts';
import { RetryableError } from '../errors.ts';
import type { BatchContext, Content } from '../ports.ts';
import type { BegunUpload, Resume } from '../uploads.ts';

/** As long as it takes until what a killed process worked on comes again. */
const heldMs = 10_000;
const holdAgainMs = 3_000;
/** MinIO removes an upload a day after it began, whatever became of it. */
const abandonedMs = 24 * 3_600_000;

/** The target's write(), which goes on where an earlier attempt stopped, and stops when its slice of time is over. */
export async function writeResuming(
  context: BatchContext,
  ref: VersionRef,
  content: Content,
): Promise<'written' | 'already' | 'unfinished'> {
  const { link, target, uploads, clock, deadlines } = context;
  const { sliceMs = Number.POSITIVE_INFINITY } = deadlines;
  const stopAt = clock.now() + sliceMs;
  let held: BegunUpload | undefined;
  let holding: AbortController | undefined;
  const remember = async (heldUntil: number): Promise<void> => {
    if (held) await uploads.remember(link.id, ref, { ...held, heldUntil });
  };
  const keepHolding = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.sleep(holdAgainMs, signal);
      await remember(clock.now() + heldMs).catch(() => undefined);
    }
  };
  const resume: Resume = {
    async begun() {
      const known = await uploads.recall(link.id, ref);
      const leftMs = (known?.heldUntil ?? 0) - clock.now();
      if (leftMs > 0) throw new RetryableError('another attempt is sending it', { afterMs: leftMs });
      return known;
    },
    async hold(upload) {
      held = upload;
      await remember(clock.now() + heldMs);
      if (holding) return;
      holding = new AbortController();
      // Ends by the signal.
      keepHolding(holding.signal).catch(() => undefined);
    },
    async forget() {
      held = undefined;
      await uploads.forget(link.id, ref);
    },
    isTimeOver: () => clock.now() >= stopAt,
  };
  try {
    return await target.write(ref, content, resume);
  } finally {
    holding?.abort();
    // Without it the next attempt waits a little longer.
    await remember(clock.now()).catch(() => undefined);
  }
}

/** The version that was being sent is not wanted any more. */
export async function abandonUpload({ link, target, uploads }: BatchContext, ref: VersionRef): Promise<void> {
  const known = await uploads.recall(link.id, ref);
  if (!known) return;
  await target.abandon(ref, known);
  await uploads.forget(link.id, ref);
}

/** Uploads that nobody has gone on with for a day: nobody will. */
export async function abandonOldUploads(context: BatchContext): Promise<void> {
  const { link, uploads, clock } = context;
  for await (const [ref, upload] of uploads.unheldSince(link.id, clock.now() - abandonedMs)) {
    await context.target.abandon(ref, upload);
    await uploads.forget(link.id, ref);
  }
}
