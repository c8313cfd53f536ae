/**
 * Brings a version to the target. Content that the target is known to hold is copied there, and does not cross the link
 * again. What is known comes from this process's own reads and from confirmed writes, by SHA-256 and never by an ETag;
 * ETags only tell whether it pays to read first what need not be sent, so that unique content is read once. Whatever
 * speaks against a copy, the content is sent.
 */
import type { VersionFacts } from '../../events/object-events.ts';
import type { Copying, Digest } from '../content.ts';
import { SiteUnavailableError } from '../errors.ts';
import type { BatchContext, Content } from '../ports.ts';
import { digestOf, watched } from './digest.ts';
import { nullVersion, type Place } from './placing.ts';
import { writeResuming } from './resuming.ts';

export interface Brought {
  /** `unfinished`: its slice of time was over. */
  readonly answer: 'written' | 'already' | 'unfinished';
  /** With which it was written. */
  readonly facts: VersionFacts;
}

/** Undefined where the source no longer has it. */
export async function bring(
  context: BatchContext,
  place: Place,
  opened: Content,
): Promise<Brought | undefined> {
  const { target, contents } = context;
  const { copying } = target;
  if (!copying || place.target.versionId === nullVersion || !copying.takes(place.target, opened)) {
    return { answer: await writeResuming(context, place.target, opened), facts: opened.facts };
  }
  const turn = contents.turn(target.site, opened.facts);
  if (turn.kind === 'first') {
    try {
      return await copyOrSend(context, place, opened, copying);
    } finally {
      turn.release();
    }
  }
  // Nobody holds a connection while he waits.
  opened.discard();
  await turn.done;
  const again = await reopened(context, place, opened);
  return again && copyOrSend(context, place, again, copying);
}

async function copyOrSend(
  context: BatchContext,
  place: Place,
  opened: Content,
  copying: Copying,
): Promise<Brought | undefined> {
  const { target, contents } = context;
  let content: Content | undefined = opened;
  try {
    if (await contents.mayHave(target.site, opened.facts)) {
      const digest = await digestOf(opened, copying.pieceBytes(opened.facts));
      const answer = digest && (await copied(context, place, opened.facts, { digest, copying }));
      if (answer) return { answer, facts: opened.facts };
      content = await reopened(context, place, opened);
      if (!content) return undefined;
    }
    const passing = watched(content);
    const answer = await writeResuming(context, place.target, passing.content);
    const id = passing.id();
    const { facts } = content;
    if (answer === 'written' && id) {
      await contents.remember(target.site, id, { ...place.target, etag: facts.etag }, facts);
    }
    return { answer, facts };
  } finally {
    content?.discard();
  }
}

/** What was read already is read again. */
async function reopened(
  { source }: BatchContext,
  place: Place,
  { facts: { modified } }: Content,
): Promise<Content | undefined> {
  const content = await source.read(place.source);
  return content && { ...content, facts: { ...content.facts, modified } };
}

/** Undefined where the target has no such content, or will not copy it. */
async function copied(
  { link, target, contents, meter }: BatchContext,
  place: Place,
  facts: VersionFacts,
  { digest, copying }: { readonly digest: Digest; readonly copying: Copying },
): Promise<Exclude<Brought['answer'], 'unfinished'> | undefined> {
  const { site } = target;
  const from = await contents.find(site, digest);
  if (!from) return undefined;
  const { bucket, key, versionId } = place.target;
  const isItself = from.bucket === bucket && from.key === key && from.versionId === versionId;
  // An attempt whose end nobody heard of may have written it, and two-way a client may have changed its tags since.
  if (isItself || link.twoWay) {
    const seen = await target.look(place.target);
    if (seen.state === 'object' && seen.facts.etag === facts.etag && seen.facts.size === facts.size)
      return 'already';
    if (isItself || seen.state !== 'absent') return undefined;
  }
  try {
    const answer = await copying.copy(place.target, facts, from, digest);
    if (answer) {
      // Again, so that what is used stays in the index; and as this version tells it.
      await contents.remember(site, digest, from, facts);
      if (answer === 'written') meter.copied(link.id, facts.size);
      return answer;
    }
  } catch (error) {
    if (error instanceof SiteUnavailableError) throw error;
  }
  await contents.forget(site, digest);
  return undefined;
}
