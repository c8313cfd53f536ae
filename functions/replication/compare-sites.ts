/**
 * Compares everything at both ends of a link, as a stream: the walk, with what differs confirmed. A site that fails
 * for a moment is asked again from the last key that was done with.
 */
import { RefusedError, RetryableError } from '../errors.ts';
import { type ComparedKey, type Comparison, compareVersions } from './compare-versions.ts';
import { inOrder } from './in-order.ts';
import { walk } from './walk.ts';

/** Keys that are looked at beside each other. */
const keysAtOnce = 16;
/** Content is read from both sides, by fewer. */
const keysReadAtOnce = 4;
const triesInARow = 5;
const firstWaitMs = 500;

/** Every key that the rule may concern, in the order of their UTF-8 bytes. */
export async function* compareSites(comparison: Comparison): AsyncGenerator<ComparedKey> {
  const { link, source, target, clock, deep } = comparison;
  const sides = {
    source: { store: source, bucket: link.source.bucket },
    target: { store: target, bucket: link.target.bucket },
  };
  let cursor = '';
  let failures = 0;
  for (;;) {
    try {
      const listed = walk(sides, link.filter.prefix, cursor);
      const limit = deep ? keysReadAtOnce : keysAtOnce;
      for await (const compared of inOrder(listed, limit, (key) => compareVersions(comparison, key))) {
        yield compared;
        cursor = compared.key;
        failures = 0;
      }
      return;
    } catch (error) {
      failures += 1;
      const mayPass = error instanceof RetryableError && !(error instanceof RefusedError);
      if (!mayPass || failures >= triesInARow) throw error;
      await clock.sleep(firstWaitMs * 2 ** failures);
    }
  }
}
