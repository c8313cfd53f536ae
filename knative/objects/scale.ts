/** How much of each function there is: events at a time in one pod, pods, and how long one event may take. */

export interface Scale {
  /** Events that one pod works on at once. */
  readonly concurrency: number;
  /** With 0, the first event after a quiet minute waits for a pod to start. */
  readonly leastPods: 0 | 1;
  readonly mostPods: number;
  /** Knative allows 600. */
  readonly seconds: number;
  readonly cpu: string;
  readonly memory: string;
}

const usual: Scale = {
  concurrency: 32,
  leastPods: 1,
  mostPods: 20,
  seconds: 120,
  cpu: '100m',
  memory: '256Mi',
};

/** What differs from the usual. */
const own: Readonly<Record<string, Partial<Scale>>> = {
  // Bodies pass through: in parts of some MiB each.
  replicate: { seconds: 600, cpu: '250m', memory: '1Gi' },
  // Each holds a stack of up to 32 MiB, and what it compresses to.
  'replicate-many': { concurrency: 4, leastPods: 0, seconds: 600, cpu: '500m', memory: '1Gi' },
  // Stacks of up to 48 MiB unpacked, and what is being written of them.
  'receive-stack': { concurrency: 4, leastPods: 0, cpu: '250m', memory: '1Gi' },
  // One slice of one link at a time; the links of a large deployment spread over pods.
  'scan-retry': { concurrency: 8, mostPods: 10, memory: '512Mi' },
};

export const scaleOf = (name: string): Scale => ({ ...usual, ...own[name] });
