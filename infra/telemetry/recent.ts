/** The last values of a figure, for quantiles on a terminal; histograms for Prometheus are apart. */

export interface Recent {
  add(value: number): void;
  /** Undefined while nothing was added. */
  quantile(share: number): number | undefined;
}

export function createRecent(capacity = 1000): Recent {
  const values: number[] = [];
  let next = 0;
  return {
    add(value) {
      values[next] = value;
      next = (next + 1) % capacity;
    },
    quantile(share) {
      const sorted = values.toSorted((one, other) => one - other);
      return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    },
  };
}
