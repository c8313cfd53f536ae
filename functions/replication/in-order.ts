/** Works on several items of a stream at once and gives the results in the stream's order; memory holds `limit`. */

export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    // Whoever is first in line rejects for all; nobody may be left unheard.
    result.catch(() => undefined);
    running.push(result);
    const next = running.length >= limit ? running.shift() : undefined;
    if (next) yield await next;
  }
  for (const result of running) yield await result;
}
