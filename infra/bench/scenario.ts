/** What a scenario is: one round of it, with one product, gives figures. */

import type { MinioServer } from '../sites/minio-server.ts';
import type { NatsServer } from '../sites/nats-server.ts';
import type { CpuMeter, Processes } from './cpu.ts';
import type { SlowWire } from './toxiproxy.ts';

/** What is measured, the same for every round. */
export interface Plan {
  readonly objects: number;
  readonly objectBytes: number;
  /**
   * What is in them: bytes that cannot be compressed, or JSON that can; of so many bytes, or of up to so many. Of
   * `repeats`, four of five contents are in an object before.
   */
  readonly content?: 'random' | 'json' | 'random-sizes' | 'repeats';
  /** PUTs offered a second; 0: as fast as the source takes them. */
  readonly ratePerSecond: number;
  /** Between source and target, there and back. */
  readonly rttMs: number;
  /** Of what passes each way; undefined: as much as the machine can. */
  readonly linkBytesPerSecond?: number;
  readonly walkEverySeconds?: number;
  /** By default one. */
  readonly targets?: number;
  /** Of each product. */
  readonly rounds: number;
  /** A round that takes longer ends with what has arrived by then. */
  readonly limitMs: number;
}

/** A site that is sent to. */
export interface Far {
  readonly target: MinioServer;
  /** The target as it is reached from the source's side: through the round trip. */
  readonly farTarget: string;
  readonly wire: SlowWire;
}

/** A bucket of the source's that its targets are to hold, under the same name. */
export interface Rule {
  readonly bucket: string;
  readonly targets: readonly Far[];
}

/** The servers of one round, fresh: nothing of an earlier round can be in them. The first target is named apart. */
export interface Stage extends Far {
  readonly dir: string;
  readonly source: MinioServer;
  /** Where the product needs events. */
  readonly nats: NatsServer | undefined;
  /** Of the first rule, which leads to all targets. */
  readonly bucket: string;
  /** Where there are several targets, a second rule leads to the first of them alone. */
  readonly rules: readonly Rule[];
  /** How often Causeway compares; it leaves what is younger to its event. */
  readonly walkEverySeconds: number;
}

export type PeerName = 'minio-replication' | 'rclone' | 'rclone-tuned' | 'mc-mirror';

export interface Product {
  readonly name: 'causeway' | PeerName;
  /** In tables. */
  readonly title: string;
  readonly needsEvents: boolean;
  /** Users, rules, whatever is there before replication runs. */
  prepare(stage: Stage): Promise<Prepared>;
}

export interface Prepared {
  /** Resolves when what is written from now on is replicated. */
  run(): Promise<void>;
  /** Sends what the source held before. The time counts from the call. */
  catchUp(): Promise<void>;
  /** Resolves when it has nothing left to do, or in vain after a while: what follows an arrival costs CPU too. */
  settled(signal: AbortSignal): Promise<void>;
  /** Beside the stage's servers; it is there once `run` or `catchUp` was called. */
  processes(): Processes;
  stop(): Promise<void>;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Digits after the point. */
  readonly digits: number;
}

/** By the figures' names; one that could not be taken is left out. */
export type Measured = Readonly<Record<string, number>>;

export interface Trial {
  readonly plan: Plan;
  readonly stage: Stage;
  readonly product: Product;
  readonly cpu: CpuMeter;
  readonly signal: AbortSignal;
  /** What started has to be stopped when the round is over. */
  readonly cleanup: AsyncDisposableStack;
}

export interface Outcome {
  readonly figures: Measured;
  /** Versions that had not arrived when the round ended. */
  readonly missing: number;
  /** Milliseconds of CPU by process, where the system tells. */
  readonly cpuMs?: Readonly<Record<string, number>> | undefined;
  /** Longest time between two looks at the target, but for one in a hundred. */
  readonly resolutionMs: number;
}

type Size = Omit<Plan, 'rttMs' | 'rounds'> & Partial<Pick<Plan, 'rttMs'>>;

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** The first is what it is compared with unless another is asked for. */
  readonly peers: readonly [PeerName, ...PeerName[]];
  readonly defaults: Size;
  readonly quick: Partial<Size>;
  /** The first is what the scenario is about. */
  readonly figures: readonly [Figure, ...Figure[]];
  round(trial: Trial): Promise<Outcome>;
}

/** All that is sent to. */
export const farsOf = ({ rules }: Stage): readonly Far[] => [
  ...new Set(rules.flatMap(({ targets }) => targets)),
];

/** The servers' and the product's own. */
export function processesOf(stage: Stage, prepared: Prepared): Processes {
  const targets = farsOf(stage).map(({ target }) => [target.name, target.pid]);
  const servers = {
    source: stage.source.pid,
    ...Object.fromEntries(targets),
    'nats-server': stage.nats?.pid,
  };
  const running = Object.entries(servers).flatMap(([name, pid]) => (pid === undefined ? [] : [[name, pid]]));
  return { ...Object.fromEntries(running), ...prepared.processes() };
}
