/**
 * What is to be done about one finding of a walk. A listing never proves absence, so before anything is removed every
 * site that could hold the version is asked by its ID; what cannot be told apart from a loss is kept and reported.
 */
import type { Draft } from '../../events/cloudevent.ts';
import type { VersionRef } from '../../events/object-events.ts';
import type { LinkContext, ListedVersion, WalkState } from '../ports.ts';
import type { Finding } from './compare-key.ts';
import { nullVersion } from './placing.ts';
import { matches } from './rule-match.ts';

type ScanDraft = Extract<
  Draft,
  { type: 'dev.causeway.version.due.v1' | 'dev.causeway.delete.due.v1' | 'dev.causeway.metadata.due.v1' }
>;

/** Undefined where nothing is to be done (yet). `purge` counts against the walk's limit. */
export type Judgement = { readonly draft: ScanDraft; readonly purge: boolean } | undefined;

export async function judge(context: LinkContext, state: WalkState, finding: Finding): Promise<Judgement> {
  const { link } = context;
  const { version } = finding;
  if (matches(link, version.key, version.facts?.tags) === 'no') return undefined;
  if (version.versionId === nullVersion && link.twoWay) return undefined;
  switch (finding.kind) {
    case 'missing':
      return missing(context, state, version, finding.modified);
    case 'metadata':
      return metadata(context, state, version, finding.replica);
    case 'extra':
      return extra(context, state, version);
    case 'content':
      context.meter.differs(link.id, refAt(link.target.bucket, version), finding.fields);
      return undefined;
  }
}

const refAt = (bucket: string, { key, versionId }: ListedVersion): VersionRef => ({ bucket, key, versionId });

async function missing(
  context: LinkContext,
  state: WalkState,
  version: ListedVersion,
  modified: string,
): Promise<Judgement> {
  const { link, clock, meter } = context;
  const ref = refAt(link.source.bucket, version);
  const age = clock.now() - Date.parse(version.modified);
  // Younger ones are on their way: their events are still being handled.
  if (age < link.scanEveryMs) return undefined;
  if (!link.existingObjects && version.modified < state.since) return undefined;
  if (version.marker ? !link.deleteMarkers : false) return undefined;
  if (await mayComeFromTarget(context, ref, version)) return undefined;
  if (Date.parse(version.modified) < Date.parse(state.roundStarted) && state.round > 0)
    meter.restored(link.id);
  const due = { link: link.id, ...ref, modified, reason: 'missing' } as const;
  return version.marker
    ? { draft: { type: 'dev.causeway.delete.due.v1', data: due }, purge: false }
    : { draft: { type: 'dev.causeway.version.due.v1', data: { ...due, round: 0 } }, purge: false };
}

/** A replica that the target lacks may have been purged there, at its origin: then it is the reverse link's matter. */
async function mayComeFromTarget(
  context: LinkContext,
  ref: VersionRef,
  version: ListedVersion,
): Promise<boolean> {
  const { link } = context;
  const fedByTarget = link.origins.some((origin) => isSame(origin, link.target));
  if (!fedByTarget || !(await isReplica(context, 'source', version))) return false;
  const others = link.origins.filter((origin) => !isSame(origin, link.target));
  for (const other of others) {
    const look = await context.site(other.site)?.look({ ...ref, bucket: other.bucket });
    if (look && look.state !== 'absent') return false;
  }
  return true;
}

const isSame = (one: { site: string; bucket: string }, other: { site: string; bucket: string }): boolean =>
  one.site === other.site && one.bucket === other.bucket;

/** Listings do not tell it of markers; HEAD does. */
async function isReplica(
  context: LinkContext,
  side: 'source' | 'target',
  version: ListedVersion,
): Promise<boolean> {
  if (version.replica !== undefined) return version.replica;
  const look = await context[side].look(refAt(context.link[side].bucket, version));
  return look.state !== 'absent' && look.replica;
}

/**
 * Tags that differ are the target's own business while a client's change there may be under way: two-way, a
 * difference counts when it was there one walk ago already and nothing is pending in either direction.
 */
async function metadata(
  context: LinkContext,
  state: WalkState,
  version: ListedVersion,
  replica: ListedVersion,
): Promise<Judgement> {
  const { link, orphans, walks } = context;
  if (!link.metadataChanges) return undefined;
  const draft = {
    type: 'dev.causeway.metadata.due.v1',
    data: { link: link.id, ...refAt(link.source.bucket, version), reason: 'differs' },
  } as const;
  if (!link.twoWay) return { draft, purge: false };
  // The origin's word counts.
  if (version.replica !== false || replica.replica !== true) return undefined;
  const ref = refAt(link.target.bucket, version);
  const first = await orphans.seenIn(link.id, ref);
  if (first === undefined || first >= state.round) {
    if (first === undefined) await orphans.remember(link.id, ref, state.round);
    return undefined;
  }
  const reverse = `${link.rule}_${link.target.site}_${link.source.site}`;
  if ((await walks.backlog(link.id)) + (await walks.backlog(reverse)) > 0) return undefined;
  await orphans.forget(link.id, ref);
  return { draft, purge: false };
}

/** A replica whose origin does not list it: purged while nobody heard, or the origin lost it. */
async function extra(context: LinkContext, state: WalkState, version: ListedVersion): Promise<Judgement> {
  const { link, orphans, meter } = context;
  if (!link.versionPurges || (version.marker && !link.deleteMarkers)) return undefined;
  if (!(await isReplica(context, 'target', version))) return undefined;
  const ref = refAt(link.target.bucket, version);
  if (!(await goneEverywhere(context, version))) {
    await orphans.forget(link.id, ref);
    return undefined;
  }
  const first = await orphans.seenIn(link.id, ref);
  if (first === undefined) {
    await orphans.remember(link.id, ref, state.round);
    return undefined;
  }
  if (first >= state.round) return undefined;
  if (state.frozen || state.purged >= Math.max(100, state.counted / 100)) {
    meter.orphan(link.id, ref);
    return undefined;
  }
  await orphans.forget(link.id, ref);
  const data = { link: link.id, ...refAt(link.source.bucket, version), reason: 'missing' } as const;
  return { draft: { type: 'dev.causeway.delete.due.v1', data }, purge: true };
}

/**
 * Every site that could be the origin answers 404, and one of their buckets is older than the version: a bucket that
 * is younger than its replicas was made anew, and its silence proves nothing.
 */
async function goneEverywhere(context: LinkContext, version: ListedVersion): Promise<boolean> {
  const { link } = context;
  const origins = [link.source, ...link.origins].filter((origin) => !isSame(origin, link.target));
  let older = false;
  for (const origin of origins) {
    const store = context.site(origin.site);
    if (!store) return false;
    const look = await store.look(refAt(origin.bucket, version));
    if (look.state !== 'absent' || look.missing === 'bucket') return false;
    const bucket = await store.bucket(origin.bucket);
    older ||= bucket !== undefined && Date.parse(bucket.created) <= Date.parse(version.modified);
  }
  if (!older) context.meter.orphan(link.id, refAt(link.target.bucket, version));
  return older;
}
