/**
 * What is to be done about one finding of a walk. A listing never proves absence, so before anything is removed every
 * site that could hold the version is asked by its ID; what cannot be told apart from a loss is kept and reported.
 */
import type { Draft } from '../../events/cloudevent.ts';
import type { VersionRef } from '../../events/object-events.ts';
import type { BatchContext, ListedVersion, WalkState } from '../ports.ts';
import type { Finding } from './compare-key.ts';
import { heldBecause } from './held.ts';
import { isPlaceholder } from './placeholder.ts';
import { nullVersion } from './placing.ts';
import { lookIfReachable } from './reachable.ts';
import { matches } from './rule-match.ts';

type ScanDraft = Extract<
  Draft,
  { type: 'dev.causeway.version.due.v1' | 'dev.causeway.delete.due.v1' | 'dev.causeway.metadata.due.v1' }
>;

/** `draft`: what is to be done now. `isSuspect`: a replica without an origin, counted against the limit of a walk. */
export interface Judgement {
  readonly draft?: ScanDraft;
  readonly isSuspect?: true;
}

const nothing: Judgement = {};

export async function judge(context: BatchContext, state: WalkState, finding: Finding): Promise<Judgement> {
  const { link } = context;
  const { version } = finding;
  if (matches(link, version.key, version.facts?.tags) === 'no') return nothing;
  if (version.versionId === nullVersion && link.twoWay) return nothing;
  switch (finding.kind) {
    case 'missing':
      return missing(context, state, version, finding.modified);
    case 'metadata':
      return metadata(context, state, version, finding.replica);
    case 'extra':
      return extra(context, state, version);
    case 'content':
      // Nothing else is overwritten in place: its replica is behind.
      if (version.versionId === nullVersion) {
        const behind = { link: link.id, ...refAt(link.source.bucket, version), reason: 'differs' } as const;
        return { draft: { type: 'dev.causeway.version.due.v1', data: { ...behind, round: 0 } } };
      }
      context.meter.differs(link.id, refAt(link.target.bucket, version), finding.fields);
      return nothing;
  }
}

const refAt = (bucket: string, { key, versionId }: ListedVersion): VersionRef => ({ bucket, key, versionId });

async function missing(
  context: BatchContext,
  state: WalkState,
  version: ListedVersion,
  modified: string,
): Promise<Judgement> {
  const { link, clock, meter } = context;
  const ref = refAt(link.source.bucket, version);
  const age = clock.now() - Date.parse(version.modified);
  // Younger ones are on their way: their events are still being handled.
  if (age < link.scanEveryMs) return nothing;
  if (!link.existingObjects && version.modified < state.since) return nothing;
  if (version.marker && (!link.deleteMarkers || isPlaceholder(version))) return nothing;
  if (await mayComeFromTarget(context, state, version)) return nothing;
  if (await mayBePurgedThere(context, state, ref)) return nothing;
  if (Date.parse(version.modified) < Date.parse(state.roundStarted) && state.round > 0)
    meter.restored(link.id);
  const due = { link: link.id, ...ref, modified, reason: 'missing' } as const;
  return version.marker
    ? { draft: { type: 'dev.causeway.delete.due.v1', data: due } }
    : { draft: { type: 'dev.causeway.version.due.v1', data: { ...due, size: version.size, round: 0 } } };
}

/**
 * Two-way, a client may have purged it at the target, and the news may be under way: copied again too soon, it would
 * look as if it had never gone. It counts as missing when it was one walk ago already, and no news waits.
 */
async function mayBePurgedThere(context: BatchContext, state: WalkState, ref: VersionRef): Promise<boolean> {
  const { link, orphans } = context;
  if (!link.twoWay || state.hurry || state.round === 0) return false;
  const first = await orphans.seenIn(link.id, ref);
  if (first === undefined) await orphans.remember(link.id, ref, state.round);
  if (first === undefined || first >= state.round) return true;
  const isPatient = state.round - first < patientRounds;
  if (isPatient && (await isNewsWaiting(context, link.reverses, link.target.site))) return true;
  await orphans.forget(link.id, ref);
  return false;
}

/** After so many rounds whatever still waits is no news of this version. */
const patientRounds = 16;

async function isNewsWaiting(
  { walks }: BatchContext,
  links: readonly string[],
  site: string,
): Promise<boolean> {
  for (const link of links) if (await walks.hasNews(link, site)) return true;
  return false;
}

/** A replica that the target lacks may have been purged there, at its origin: then it is the reverse link's matter. */
async function mayComeFromTarget(
  context: BatchContext,
  state: WalkState,
  version: ListedVersion,
): Promise<boolean> {
  const { link } = context;
  const ref = refAt(link.source.bucket, version);
  const fedByTarget = link.origins.some((origin) => isSame(origin, link.target));
  if (!fedByTarget || !(await isReplica(context, 'source', version))) return false;
  const others = link.origins.filter((origin) => !isSame(origin, link.target));
  for (const other of others) {
    const look = await lookIfReachable(context.site(other.site), { ...ref, bucket: other.bucket });
    // A third site that is away must not keep these two apart; but whoever fails once is not away.
    if (look === undefined) return !(await wasAwayBefore(context, state, ref));
    // Replicas of each other prove nothing: what counts is who holds the original.
    if (look.state !== 'absent' && !look.replica) return link.fedBy.includes(other.site);
  }
  return true;
}

/** When the last walk asked about this version, some site could not be asked either. */
async function wasAwayBefore(
  { link, orphans }: BatchContext,
  state: WalkState,
  of: VersionRef,
): Promise<boolean> {
  const ref = { ...of, versionId: `${of.versionId}/away` };
  const last = await orphans.seenIn(link.id, ref);
  await orphans.remember(link.id, ref, state.round);
  return last !== undefined && last + 1 === state.round;
}

const isSame = (one: { site: string; bucket: string }, other: { site: string; bucket: string }): boolean =>
  one.site === other.site && one.bucket === other.bucket;

/** Listings do not tell it of markers; HEAD does. */
async function isReplica(
  context: BatchContext,
  side: 'source' | 'target',
  version: ListedVersion,
): Promise<boolean> {
  if (version.replica !== undefined) return version.replica;
  const look = await context[side].look(refAt(context.link[side].bucket, version));
  return look.state !== 'absent' && look.replica;
}

/**
 * Tags that differ are the target's own business while a client's change there may be under way: two-way, a
 * difference counts when it was there one walk ago already and nothing is pending in either direction, nor on its way
 * to the target from elsewhere.
 */
async function metadata(
  context: BatchContext,
  state: WalkState,
  version: ListedVersion,
  replica: ListedVersion,
): Promise<Judgement> {
  const { link, orphans } = context;
  if (!link.metadataChanges) return nothing;
  const draft = {
    type: 'dev.causeway.metadata.due.v1',
    data: { link: link.id, ...refAt(link.source.bucket, version), reason: 'differs' },
  } as const;
  if (!link.twoWay) return { draft };
  if (replica.replica !== true || !(await speaksForOrigin(context, version))) return nothing;
  // Apart from what is remembered of the version itself.
  const ref = { ...refAt(link.target.bucket, version), versionId: `${version.versionId}/metadata` };
  const first = await orphans.seenIn(link.id, ref);
  if (first === undefined || first >= state.round) {
    if (first === undefined) await orphans.remember(link.id, ref, state.round);
    return nothing;
  }
  const isPatient = state.round - first < patientRounds;
  if (isPatient && (await isNewsWaiting(context, [link.id], link.source.site))) return nothing;
  if (isPatient && (await isNewsWaiting(context, link.reverses, link.target.site))) return nothing;
  // A change that came to the target half-way: until its request is done with, it does not go on.
  for (const { id, source } of isPatient ? link.beside : []) {
    if (await isNewsWaiting(context, [id], source)) return nothing;
  }
  await orphans.forget(link.id, ref);
  return { draft };
}

/** The origin's word counts, and of two replicas that of the one which has it from the origin's side. */
async function speaksForOrigin(context: BatchContext, version: ListedVersion): Promise<boolean> {
  const { link } = context;
  if (version.replica !== true) return version.replica === false;
  for (const { site, bucket } of link.upstream) {
    const look = await lookIfReachable(context.site(site), refAt(bucket, version));
    // Where the origin itself feeds the target, its own link sees to it.
    if (look?.state === 'object' && !look.replica) return !link.fedBy.includes(site);
  }
  return false;
}

/** A replica whose origin does not list it: purged while nobody heard, or the origin lost it. */
async function extra(context: BatchContext, state: WalkState, version: ListedVersion): Promise<Judgement> {
  const { link, orphans, meter } = context;
  if (!link.versionPurges || (version.marker && !link.deleteMarkers)) return nothing;
  if (!isPlaceholder(version) && !(await isReplica(context, 'target', version))) return nothing;
  const ref = refAt(link.target.bucket, version);
  if (!(await goneEverywhere(context, state, version))) {
    await orphans.forget(link.id, ref);
    return nothing;
  }
  const first = await orphans.seenIn(link.id, ref);
  if (first === undefined) await orphans.remember(link.id, ref, state.round);
  // The round between has counted all there are: many at once may have begun to go while the first one looked.
  if (first === undefined || first + 1 >= state.round) return { isSuspect: true };
  // Many at once are no purges that nobody heard of, but an origin that lost its data.
  const isLoss = Math.max(state.suspects, state.suspectsBefore) > Math.max(100, state.counted / 100);
  if (state.frozen || isLoss) {
    meter.orphan(link.id, ref);
    return { isSuspect: true };
  }
  // Until that ends nothing can be done; asked each time, it would be a dead letter each time.
  if (heldBecause(await context.target.look(ref), context.clock.now())) {
    meter.orphan(link.id, ref);
    return nothing;
  }
  await orphans.forget(link.id, ref);
  const data = { link: link.id, ...refAt(link.source.bucket, version), reason: 'missing' } as const;
  return { draft: { type: 'dev.causeway.delete.due.v1', data }, isSuspect: true };
}

/**
 * Some site that could be the origin answers 404, and none speaks for the version: they answer 404 too, or hold no
 * more than a replica that the same rule gave them, which is judged like this one. Each silent site's bucket must be
 * older than the version: one that is younger than its replicas was made anew, and its silence proves nothing.
 */
async function goneEverywhere(
  context: BatchContext,
  state: WalkState,
  version: ListedVersion,
): Promise<boolean> {
  const { link } = context;
  const origins = [link.source, ...link.origins].filter((origin) => !isSame(origin, link.target));
  let isGone = false;
  for (const origin of origins) {
    const store = context.site(origin.site);
    const look = await lookIfReachable(store, refAt(origin.bucket, version));
    if (look === undefined || (look.state === 'absent' && look.missing === 'bucket')) return false;
    if (look.state !== 'absent') {
      if (!look.replica) return false;
      continue;
    }
    const created = isSame(origin, link.source)
      ? state.sourceCreated
      : (await store?.bucket(origin.bucket))?.created;
    const isYounger = created === undefined || Date.parse(created) > Date.parse(version.modified);
    if (isYounger && !isPlaceholder(version)) {
      context.meter.orphan(link.id, refAt(link.target.bucket, version));
      return false;
    }
    isGone = true;
  }
  return isGone;
}
