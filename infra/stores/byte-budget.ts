/** Bounds the bytes that transfers hold in memory, first come, first served. */

export interface ByteBudget {
  /** Resolves once so many bytes are free; the result gives them back and may be called twice. */
  take(bytes: number): Promise<() => void>;
}

/** What asks for more than there is waits until nobody else holds any, and then gets it. */
export function byteBudget(total: number): ByteBudget {
  let free = total;
  const queue: { readonly bytes: number; readonly go: () => void }[] = [];

  function admit(): void {
    for (let next = queue[0]; next && next.bytes <= free; next = queue[0]) {
      queue.shift();
      free -= next.bytes;
      next.go();
    }
  }

  return {
    async take(wanted) {
      const bytes = Math.min(wanted, total);
      await new Promise<void>((go) => {
        queue.push({ bytes, go });
        admit();
      });
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        free += bytes;
        admit();
      };
    },
  };
}

const MEBIBYTE = 1024 * 1024;

/** The one that all stores of the process share. */
export const processBudget = byteBudget(96 * MEBIBYTE);
