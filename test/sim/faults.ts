/**
 * What goes wrong in one world, drawn from its seed. Each kind is on or off for a whole world, so that some worlds are
 * calm, some have one trouble in quantity, and some have all at once.
 */
import type { Random } from './random.ts';

/** Probabilities a request. */
export interface RequestFaults {
  /** Takes up to its deadline. */
  readonly slow: number;
  readonly busy: number;
  /** Never arrives. */
  readonly lost: number;
  /** Takes effect, but its answer does not arrive. */
  readonly unanswered: number;
  /** Takes effect after the caller gave up. */
  readonly late: number;
  /** Arrives twice. */
  readonly twice: number;
  /** The caller dies the moment it takes effect, or just before. */
  readonly crash: number;
  /** A read's content breaks off, or is not what was written. */
  readonly garbled: number;
}

export interface Faults {
  readonly sites: RequestFaults;
  readonly nats: RequestFaults;
  /** Acknowledgements that the stream does not get. */
  readonly ackLost: number;
  readonly notifications: {
    readonly dropped: number;
    readonly doubled: number;
    /** Kept at the site for seconds, so that others overtake it. */
    readonly delayed: number;
  };
  /** How often each happens in a world. */
  readonly siteOutages: number;
  readonly natsOutages: number;
  readonly crashes: number;
  /** A process stands still, and goes on as if no time had passed. */
  readonly pauses: number;
  readonly stops: number;
  readonly streamLosses: number;
  /** With the stream, what is kept beside it is lost too. */
  readonly bucketsLost: boolean;
  readonly processes: number;
}

const calm: RequestFaults = {
  slow: 0,
  busy: 0,
  lost: 0,
  unanswered: 0,
  late: 0,
  twice: 0,
  crash: 0,
  garbled: 0,
};

export const noFaults: Faults = {
  sites: calm,
  nats: calm,
  ackLost: 0,
  notifications: { dropped: 0, doubled: 0, delayed: 0 },
  siteOutages: 0,
  natsOutages: 0,
  crashes: 0,
  pauses: 0,
  stops: 0,
  streamLosses: 0,
  bucketsLost: false,
  processes: 1,
};

export function drawFaults(random: Random): Faults {
  if (random.chance(0.05)) return noFaults;
  const intensity = random.pick([0.01, 0.03, 0.08]);
  const rate = (): number => (random.chance(0.4) ? intensity * (0.3 + random.next()) : 0);
  const times = (probability: number, most: number): number =>
    random.chance(probability) ? random.between(1, most) : 0;
  return {
    sites: {
      slow: rate(),
      busy: rate(),
      lost: rate(),
      unanswered: rate(),
      late: rate(),
      twice: rate(),
      crash: rate() / 4,
      garbled: rate(),
    },
    nats: { ...calm, slow: rate(), lost: rate(), unanswered: rate(), crash: rate() / 4 },
    ackLost: rate(),
    notifications: {
      dropped: random.chance(0.3) ? 0.02 + 0.2 * random.next() : 0,
      doubled: random.chance(0.3) ? 0.3 * random.next() : 0,
      delayed: random.chance(0.4) ? 0.5 * random.next() : 0,
    },
    siteOutages: times(0.3, 3),
    natsOutages: times(0.2, 2),
    crashes: times(0.3, 4),
    pauses: times(0.15, 2),
    stops: times(0.15, 2),
    streamLosses: times(0.12, 2),
    bucketsLost: random.chance(0.5),
    processes: random.chance(0.4) ? 2 : 1,
  };
}

/**
 * Only the walk makes these good: an event lost for good, a request that arrives twice by itself or is sent after a
 * standstill. It does not see nested keys, which listings hide.
 */
export const needsWalk = ({ notifications, streamLosses, sites, pauses }: Faults): boolean =>
  notifications.dropped + streamLosses + sites.twice + pauses > 0;

/** Only what goes wrong, in words. */
export function describe(faults: Faults): string[] {
  const flatten = (value: object, prefix: string): string[] =>
    Object.entries(value).flatMap(([name, part]: [string, unknown]) => {
      if (typeof part === 'object' && part !== null) return flatten(part, `${name} `);
      return part
        ? [`${prefix}${name}${typeof part === 'number' ? ` ${Math.round(part * 1000) / 1000}` : ''}`]
        : [];
    });
  return flatten(faults, '');
}
