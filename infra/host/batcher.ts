/**
 * Lets events that wait together be handled together, without making a lone one wait: while few are under way each goes
 * by itself at once; beyond that they queue, and whoever has queued by the time a batch can start is its content.
 */

export interface BatcherOptions<Item, Result> {
  /** Items handled one by one at the same time. */
  readonly singlesAtOnce: number;
  readonly batchesAtOnce: number;
  readonly mostInBatch: number;
  one(item: Item): Promise<Result>;
  /** One promise for each item, in their order. */
  many(items: readonly Item[]): readonly Promise<Result>[];
}

export interface Batcher<Item, Result> {
  submit(item: Item): Promise<Result>;
}

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const queue: { readonly item: Item; readonly settled: PromiseWithResolvers<Result> }[] = [];
  let singles = 0;
  let batches = 0;

  async function single(item: Item): Promise<Result> {
    singles += 1;
    try {
      return await options.one(item);
    } finally {
      singles -= 1;
    }
  }

  function pump(): void {
    while (batches < options.batchesAtOnce && queue.length > 0) {
      const batch = queue.splice(0, options.mostInBatch);
      batches += 1;
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
  }

  return {
    submit(item) {
      if (queue.length === 0 && singles < options.singlesAtOnce) return single(item);
      const settled = Promise.withResolvers<Result>();
      queue.push({ item, settled });
      pump();
      return settled.promise;
    },
  };
}
