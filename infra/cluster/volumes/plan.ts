/**
 * What is to be done for a VolumeReplication now, and what its status is to say: a pure function of what there is. Each
 * step can be repeated, and the next one is planned when its effect is seen.
 */
import type { VolumeReplicationStatus, VolumeStatus } from '../../config/resource-status.ts';
import { isOurs } from '../../config/volume-replication.ts';
import { destinationEnd } from './destination-end.ts';
import { lastSlot, missedBetween, nextOf } from './due.ts';
import { type End, lookSoonMs, nothing, type Owner, type Steps, type Subject } from './end.ts';
import { syncOf } from './names.ts';
import type { Observed } from './observed.ts';
import { releaseOthers } from './quiesce.ts';
import { strays } from './remains.ts';
import { sourceEnd } from './source-end.ts';

interface Verdict {
  readonly type: 'Ready' | 'Progressing' | 'Degraded';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export type Figures = Omit<VolumeReplicationStatus, 'conditions' | 'observedGeneration'>;

export interface PlannedVolumes extends Steps {
  readonly verdicts: readonly Verdict[];
  readonly figures: Figures;
  /** When to look again where nothing changes. */
  readonly againAfterMs: number | undefined;
}

/** Something arrives, or a claim appears, without a word from the API server. */
const lookAgainMs = 60_000;

export function planVolumes(
  owner: Owner,
  before: Figures,
  observed: Observed,
  image: string,
): PlannedVolumes {
  const { source, destination } = owner.spec;
  const { site, place } = observed;
  if (!isOurs(source.method)) {
    const message = `method ${source.method} is not one of Causeway's: it is left to another operator`;
    return { ...only(before, 'Unknown', 'NotOurs', message), ...givenUp(owner, observed) };
  }
  if (site !== source.site && site !== destination.site) {
    const message = `this cluster stands beside site ${site}: ${source.site} and ${destination.site} look after it`;
    return { ...only(before, 'Unknown', 'OtherSites', message), ...givenUp(owner, observed) };
  }
  const [missing] = observed.missing;
  if (missing) return { ...only(before, 'False', missing.reason, missing.message), againAfterMs: lookSoonMs };
  if (!place) return only(before, 'False', 'SiteMissing', `there is no Site ${site}: create it`);
  const claims = volumesOf(owner, before, observed);
  const known = new Map((before.volumes ?? []).map((volume) => [volume.claim, volume]));
  const { method } = source;
  const volumes = claims.map((claim) => {
    const { claim: _, ...status } = known.get(claim) ?? { claim };
    const subject: Subject = { owner, claim, before: status, observed: { ...observed, place }, image };
    const first = site === source.site ? [sourceEnd(subject, method)] : [];
    const after = first[0]?.status ?? status;
    const last = site === destination.site ? [destinationEnd({ ...subject, before: after })] : [];
    return { claim, ends: [...first, ...last], status: last[0]?.status ?? after };
  });
  const ends = volumes.flatMap((volume) => volume.ends);
  const others = {
    shipped: site === source.site ? claims : [],
    restored: site === destination.site ? claims : [],
  };
  const syncs = new Map(volumes.map(({ claim, ends: [end] }) => [claim, end?.sync]));
  return {
    create: ends.flatMap(({ create }) => create),
    remove: [...ends.flatMap(({ remove }) => remove), ...strays(owner, observed, others)],
    annotate: [
      ...ends.flatMap(({ annotate }) => annotate),
      ...releaseOthers(observed.claims, owner.name, syncs),
    ],
    verdicts: verdictsOf(
      owner,
      ends,
      volumes.map(({ status }) => status),
    ),
    figures: figuresOf(owner, before, observed, {
      syncs,
      volumes: volumes.map(({ claim, status }) => ({ claim, ...status })),
    }),
    againAfterMs: soonest(ends),
  };
}

/** What a document has left where it is for another operator, or another cluster, now. */
const givenUp = (owner: Owner, observed: Observed): Steps => ({
  create: [],
  remove: strays(owner, observed, { shipped: [], restored: [] }),
  annotate: releaseOthers(observed.claims, owner.name, new Map()),
});

/** By the name that each has at the source, however it went. */
function volumesOf(
  { spec: { source } }: Owner,
  before: Figures,
  { site, claims, arrivals }: Observed,
): string[] {
  if (source.claim !== undefined) return [source.claim];
  const wanted = Object.entries(source.selector?.matchLabels ?? {});
  const here = site === source.site ? claims : [];
  const chosen = here.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value));
  const names = new Set([
    ...chosen.map(({ name }) => name),
    ...(site === source.site ? [] : arrivals.keys()),
  ]);
  const kept = (before.volumes ?? []).map(({ claim }) => claim).filter((claim) => names.has(claim));
  return [...new Set([...kept, ...names])].toSorted();
}

function only(before: Figures, status: Verdict['status'], reason: string, message: string): PlannedVolumes {
  const degraded = status === 'False' ? 'True' : 'False';
  return {
    ...nothing,
    verdicts: [
      { type: 'Ready', status, reason, message },
      { type: 'Progressing', status: 'False', reason, message },
      { type: 'Degraded', status: degraded, reason, message },
    ],
    figures: before,
    againAfterMs: undefined,
  };
}

const urgency: readonly End['state'][] = ['idle', 'waiting', 'working', 'failed'];

function verdictsOf(
  owner: Owner,
  ends: readonly End[],
  volumes: readonly Omit<VolumeStatus, 'claim'>[],
): Verdict[] {
  const [worst] = ends.toSorted((one, other) => urgency.indexOf(other.state) - urgency.indexOf(one.state));
  if (!worst) {
    const message = 'no claim has the labels of spec.source.selector';
    return only({}, 'False', 'NoVolumes', message).verdicts.slice();
  }
  const { state, reason, message } = worst;
  const isComplete = volumes.every(({ shipped, restored, latestImage }) =>
    restored ? latestImage !== undefined : shipped !== undefined,
  );
  const isBusy = state === 'working' || state === 'waiting';
  const words = owner.spec.paused && state === 'idle' ? { reason: 'Paused', message } : { reason, message };
  return [
    { type: 'Ready', status: isComplete && state !== 'failed' ? 'True' : 'False', ...words },
    { type: 'Progressing', status: isBusy ? 'True' : 'False', ...words },
    { type: 'Degraded', status: state === 'failed' ? 'True' : 'False', ...words },
  ];
}

function figuresOf(
  { spec }: Owner,
  before: Figures,
  { site, now }: Observed,
  {
    syncs,
    volumes,
  }: {
    readonly syncs: ReadonlyMap<string, string | undefined>;
    readonly volumes: readonly VolumeStatus[];
  },
): Figures {
  const isDestination = site === spec.destination.site;
  const last = volumes
    .flatMap(({ shipped, restored }) => (isDestination ? restored : shipped) ?? [])
    .toSorted((one, other) => one.completedAt.localeCompare(other.completedAt))
    .at(-1);
  const { schedule, manual } = spec.trigger;
  const isSource = site === spec.source.site;
  const next = isSource && schedule !== undefined && !spec.paused ? nextOf(schedule, now) : undefined;
  const word = manual === undefined ? undefined : syncOf('manual', manual);
  const isDone =
    word !== undefined && volumes.length > 0 && volumes.every(({ shipped }) => shipped?.sync === word);
  const missed = volumes.map((volume) => missedUntilNow(volume, syncs.get(volume.claim), schedule, now));
  const [only, ...others] = volumes;
  const image = others.length === 0 ? only?.latestImage : undefined;
  return {
    lastSyncTime: last?.completedAt,
    lastSyncDuration: last && durationOf(last),
    nextSyncTime: next === undefined ? undefined : `${new Date(next).toISOString().slice(0, 19)}Z`,
    lastManualSync: isDone ? manual : before.lastManualSync,
    missedIntervals:
      isSource && schedule !== undefined ? missed.reduce((sum, one) => sum + one, 0) : undefined,
    latestImage:
      image === undefined
        ? undefined
        : { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: image },
    volumes: [...volumes],
  };
}

/** What is under way, or fails, has left out what has come since: a figure that grew at its end alone would warn nobody. */
function missedUntilNow(
  { missed = 0, shipped }: VolumeStatus,
  sync: string | undefined,
  schedule: string | undefined,
  now: number,
): number {
  if (schedule === undefined || sync === undefined || sync === shipped?.sync) return missed;
  const last = lastSlot(schedule, now) ?? sync;
  return missed + missedBetween(schedule, shipped?.sync, sync) + missedBetween(schedule, sync, last);
}

const durationOf = ({
  startedAt,
  completedAt,
}: {
  readonly startedAt: string;
  readonly completedAt: string;
}): string => `${Math.max(0, Math.round((Date.parse(completedAt) - Date.parse(startedAt)) / 1000))}s`;

/** Arrivals and pods of Jobs are looked at when it is time; the rest tells of itself. */
function soonest(ends: readonly End[]): number {
  const times = ends.flatMap(({ againAfterMs }) => againAfterMs ?? []);
  const isBusy = ends.some(({ state }) => state === 'working' || state === 'waiting');
  return Math.min(isBusy ? lookSoonMs : lookAgainMs, ...times);
}
