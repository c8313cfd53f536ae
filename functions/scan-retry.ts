/**
 * Proves that the sites agree: each interval one slice of the walk through both listings, and the ledger's due work.
 *
 * on:        scan.due, each interval for each link
 * emits:     version.due (many together: versions.due), delete.due, metadata.due for what differs; scan.due to go on
 *            at once when in a hurry
 * guarantee: what no event told is found all the same, within sixteen intervals; at once after a first start, a lost
 *            stream or a restored source. Never takes a listing's silence for absence. The cursor moves on only when
 *            what was found is on the stream.
 */
import type { Draft } from '../events/cloudevent.ts';
import { defineFunction, done } from './define.ts';
import { RefusedError } from './errors.ts';
import type { BucketInfo, LinkContext, WalkState } from './ports.ts';
import { compareKey } from './replication/compare-key.ts';
import { judge } from './replication/judge.ts';
import { packed } from './replication/packing.ts';
import { bucketMissing } from './replication/placing.ts';
import { abandonOldUploads } from './replication/resuming.ts';
import { carriesMarker } from './replication/rule-match.ts';
import { walk } from './replication/walk.ts';

/** A slice is a sixteenth of the last round, but a small bucket is walked whole. */
const slices = 16;
const smallestSlice = 1000;
const timeBudgetMs = 15_000;
/** Beyond this the walk waits: what it would find is mostly on its way. */
const backlogLimit = 10_000;
const emitAtOnce = 500;

export const scanRetry = defineFunction({
  name: 'scan-retry',
  on: ['dev.causeway.scan.due.v1'],
  emits: [
    'dev.causeway.version.due.v1',
    'dev.causeway.versions.due.v1',
    'dev.causeway.delete.due.v1',
    'dev.causeway.metadata.due.v1',
    'dev.causeway.scan.due.v1',
  ],
  async handle(event, context) {
    const { link, walks, retries, clock } = context;
    const age = clock.now() - Date.parse(event.data.slot);
    if (age > 2 * link.scanEveryMs + timeBudgetMs) return done('a later slice is due already');
    const released = await retries.releaseDue(link.id);
    await abandonOldUploads(context);
    const state = await currentState(context);
    if ((await walks.backlog(link.id)) > backlogLimit) return done('waits for the backlog');
    const { next, found } = await walkSlice(context, state);
    await walks.save(link.id, next);
    const note = `${found} found, ${released} due again`;
    if (!next.hurry) return done(note);
    const slot = new Date(clock.now()).toISOString();
    return done(note, { type: 'dev.causeway.scan.due.v1', data: { link: link.id, slot } });
  },
});

/** What the walk remembers, or a fresh start where that no longer holds. */
async function currentState(context: LinkContext): Promise<WalkState> {
  const { link, walks, clock } = context;
  const [known, stream, source, target] = await Promise.all([
    walks.load(link.id),
    walks.streamIdentity(link.id),
    usableBucket(context, 'source'),
    usableBucket(context, 'target'),
  ]);
  const now = new Date(clock.now()).toISOString();
  const same =
    known?.stream === stream &&
    known.sourceCreated === source.created &&
    known.targetCreated === target.created;
  if (known && same) return known;
  return {
    round: known?.round ?? 0,
    cursor: undefined,
    counted: known?.counted ?? 0,
    counting: 0,
    suspects: 0,
    suspectsBefore: known?.suspectsBefore ?? 0,
    roundStarted: now,
    hurry: true,
    frozen: known !== undefined && (known.frozen || known.sourceCreated !== source.created),
    since: known?.since ?? now,
    stream,
    sourceCreated: source.created,
    targetCreated: target.created,
  };
}

async function usableBucket(context: LinkContext, side: 'source' | 'target'): Promise<BucketInfo> {
  const { site, bucket } = context.link[side];
  const info = await context[side].bucket(bucket);
  if (!info) throw bucketMissing(site, bucket);
  if (info.versioning !== 'enabled') {
    throw new RefusedError(
      site,
      'VersioningOff',
      `bucket ${bucket} needs versioning enabled, it is ${info.versioning}`,
    );
  }
  return info;
}

async function walkSlice(
  context: LinkContext,
  state: WalkState,
): Promise<{ next: WalkState; found: number }> {
  const { link, source, target, clock } = context;
  const sides = {
    source: { store: source, bucket: link.source.bucket },
    target: { store: target, bucket: link.target.bucket },
  };
  const budget = state.hurry
    ? Number.POSITIVE_INFINITY
    : Math.max(smallestSlice, Math.ceil(state.counted / slices));
  const deadline = clock.now() + timeBudgetMs;
  let { cursor, counting, suspects } = state;
  let found = 0;
  let walked = 0;
  let drafts: Draft[] = [];
  const flush = async () => {
    const { stacking } = target;
    if (drafts.length > 0) await context.emit(stacking ? packed(link, drafts, stacking) : drafts);
    drafts = [];
  };
  let ended = true;
  for await (const listed of walk(sides, link.filter.prefix, cursor ?? '')) {
    const isMarkerOurs = carriesMarker(link, listed.key, listed.source);
    for (const finding of compareKey(listed)) {
      if (finding.version.marker && !isMarkerOurs) continue;
      const judgement = await judge(context, { ...state, suspects }, finding);
      if (judgement.isSuspect) suspects += 1;
      if (!judgement.draft) continue;
      found += 1;
      drafts.push(judgement.draft);
    }
    if (drafts.length >= emitAtOnce) await flush();
    cursor = listed.key;
    walked += listed.source.length + listed.target.length;
    if (walked >= budget || clock.now() >= deadline) {
      ended = false;
      break;
    }
  }
  await flush();
  counting += walked;
  const now = new Date(clock.now()).toISOString();
  const next: WalkState = ended
    ? {
        ...state,
        round: state.round + 1,
        cursor: undefined,
        counted: counting,
        counting: 0,
        suspects: 0,
        suspectsBefore: suspects,
        roundStarted: now,
        hurry: false,
      }
    : { ...state, cursor, counting, suspects };
  return { next, found };
}
