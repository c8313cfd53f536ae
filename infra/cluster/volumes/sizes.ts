/** Quantities of storage, as Kubernetes writes them. */

const unitOf: Readonly<Record<string, number>> = {
  '': 1,
  ...{ k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** Not a number for what is no quantity. */
function bytesOf(quantity: string): number {
  const [, amount, unit = ''] = /^([0-9.]+(?:[eE][0-9]+)?)([A-Za-z]*)$/.exec(quantity) ?? [];
  return Number(amount) * (unitOf[unit] ?? Number.NaN);
}

/** The largest of those that are there, as it is written. */
export function largest(first: string, ...others: readonly (string | undefined)[]): string {
  return others.reduce<string>(
    (most, other) => (other !== undefined && bytesOf(other) > bytesOf(most) ? other : most),
    first,
  );
}
