/**
 * Sends many small versions that a walk found missing, in stacks.
 *
 * on:        versions.due
 * emits:     what replicate emits for each of them; version.due for each that could not be sent
 * guarantee: as replicate's, for each version by itself: one that fails goes on alone and holds up no other
 */
import { type DraftOf, defineFunction, done, type Outcome } from './define.ts';
import { SiteUnavailableError } from './errors.ts';
import type { Sends } from './replication/sending.ts';
import { stackUp } from './replication/stacking.ts';

export const replicateMany = defineFunction({
  name: 'replicate-many',
  on: ['dev.causeway.versions.due.v1'],
  emits: ['dev.causeway.version.due.v1', 'dev.causeway.version.sent.v1', 'dev.causeway.delete.due.v1'],
  // Enough to read one stack while others are on their way; each holds up to a stack's bytes.
  atOnce: 4,
  async handle({ data: { link, versions } }, context): Promise<Outcome<Sends>> {
    const outcomes = await Promise.allSettled(stackUp(versions, context));
    const emitted: DraftOf<Sends>[] = [];
    let sent = 0;
    for (const [index, outcome] of outcomes.entries()) {
      const version = versions[index];
      if (!version) continue;
      if (outcome.status === 'fulfilled' && outcome.value.kind === 'done') {
        sent += 1;
        emitted.push(...outcome.value.emitted);
        continue;
      }
      // The whole site is away: so is everything else of this event.
      if (outcome.status === 'rejected' && outcome.reason instanceof SiteUnavailableError)
        throw outcome.reason;
      const due = {
        ...version,
        link,
        bucket: context.link.source.bucket,
        reason: 'missing',
        round: 0,
      } as const;
      emitted.push({ type: 'dev.causeway.version.due.v1', data: due });
    }
    return done(`${sent} of ${versions.length} sent together`, ...emitted);
  },
});
