/** Quantiles of a few values, and what rounds say together. */

/** By nearest rank. Throws for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error('there is no quantile of nothing');
  return found;
}

/** The middle value, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number =>
  (quantile(values, 0.5) + quantile(values, (values.length / 2 + 0.5) / values.length)) / 2;

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});
