/**
 * Lets events that wait together be handled together, without making a lone one wait: while few are under way each goes
 * by itself at once; beyond that they queue, and whoever has queued by the time a batch can start is its content. Where
 * they are to gather, a batch leaves when it is full, when its first has waited long enough, or when somebody hurries it.
 */
import type { Clock } from '../../functions/ports.ts';
import { pause } from './pause.ts';

export interface BatcherOptions<Item, Result> {
  /** Items handled one by one at the same time. */
  readonly singlesAtOnce: number;
  readonly batchesAtOnce: number;
  readonly mostInBatch: number;
  readonly gathering?: Gathering<Item> | undefined;
  one(item: Item): Promise<Result>;
  /** One promise for each item, in their order. */
  many(items: readonly Item[]): readonly Promise<Result>[];
}

export interface Gathering<Item> {
  /** How long an item may wait for others. */
  readonly withinMs: number;
  readonly clock: Clock;
  /** Bytes at which a batch is full. */
  readonly fullBytes: number;
  /** Bytes; undefined for what would gain nothing by company: it is handled at once. */
  sizeOf(item: Item): number | undefined;
}

export interface Batcher<Item, Result> {
  submit(item: Item): Promise<Result>;
  /** Sends what has gathered. */
  hurry(): void;
}

interface Queued<Item, Result> {
  readonly item: Item;
  readonly bytes: number;
  /** Until then it may wait for others: milliseconds since 1970. */
  readonly until: number;
  readonly settled: PromiseWithResolvers<Result>;
}

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { gathering } = options;
  const queue: Queued<Item, Result>[] = [];
  let bytes = 0;
  let singles = 0;
  let batches = 0;
  let isHurried = false;
  let waiting: AbortController | undefined;

  async function single(item: Item): Promise<Result> {
    singles += 1;
    try {
      return await options.one(item);
    } finally {
      singles -= 1;
    }
  }

  function enqueue(item: Item, size: number): Promise<Result> {
    const settled = Promise.withResolvers<Result>();
    const until = gathering ? gathering.clock.now() + gathering.withinMs : 0;
    queue.push({ item, bytes: size, until, settled });
    bytes += size;
    pump();
    return settled.promise;
  }

  /** Milliseconds that what is queued may still wait for others; 0 when it is time. */
  function spare(): number {
    const [first] = queue;
    if (!gathering || !first || isHurried) return 0;
    if (queue.length >= options.mostInBatch || bytes >= gathering.fullBytes) return 0;
    return Math.max(0, first.until - gathering.clock.now());
  }

  function pump(): void {
    while (batches < options.batchesAtOnce && queue.length > 0) {
      const spareMs = spare();
      if (spareMs > 0) {
        waitOn(spareMs);
        return;
      }
      start(queue.splice(0, options.mostInBatch));
    }
    if (queue.length > 0) return;
    isHurried = false;
    waiting?.abort();
  }

  /** One timer at a time: when it ends too soon for what is queued then, another follows. */
  function waitOn(ms: number): void {
    if (waiting || !gathering) return;
    waiting = new AbortController();
    pause(gathering.clock, ms, waiting.signal).then(() => {
      waiting = undefined;
      pump();
    });
  }

  function start(batch: readonly Queued<Item, Result>[]): void {
    batches += 1;
    for (const one of batch) bytes -= one.bytes;
    const results = options.many(batch.map(({ item }) => item));
    for (const [index, { settled }] of batch.entries()) {
      (results[index] ?? Promise.reject(new Error('a batch answers for each item'))).then(
        settled.resolve,
        settled.reject,
      );
    }
    Promise.allSettled(results).then(() => {
      batches -= 1;
      pump();
    });
  }

  return {
    submit(item) {
      const size = gathering ? gathering.sizeOf(item) : 0;
      if (size === undefined) return options.one(item);
      if (!gathering && queue.length === 0 && singles < options.singlesAtOnce) return single(item);
      return enqueue(item, size);
    },
    hurry() {
      isHurried = queue.length > 0;
      pump();
    },
  };
}
