/** Chance that can be repeated: everything random in a simulated world comes from one seed. */

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** Whole numbers, both ends included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
  /** Another, independent sequence: what one part of the world draws does not shift what another gets. */
  fork(name: string): Random;
  uuid(): string;
}

/** sfc32 by Chris Doty-Humphrey. */
export function createRandom(seed: string): Random {
  let [a, b, c, d] = startOf(seed);

  function bits(): number {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  }
  for (let warmUp = 0; warmUp < 12; warmUp += 1) bits();

  const next = (): number => bits() / 4294967296;
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const hex = (): string => bits().toString(16).padStart(8, '0');

  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick(values) {
      const picked = values[between(0, values.length - 1)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
    fork: (name) => createRandom(`${seed}/${name}`),
    uuid() {
      const [one, two, three, four] = [hex(), hex(), hex(), hex()];
      return `${one}-${two.slice(0, 4)}-4${two.slice(5)}-8${three.slice(1, 4)}-${three.slice(4)}${four}`;
    },
  };
}

/** FNV-1a, four times with different beginnings. */
function startOf(seed: string): [number, number, number, number] {
  const hash = (begin: number): number => {
    let value = begin;
    for (let index = 0; index < seed.length; index += 1) {
      value = Math.imul(value ^ seed.charCodeAt(index), 16777619);
    }
    return value | 0;
  };
  return [hash(0x811c9dc5), hash(0x9e3779b9), hash(0x7f4a7c15), hash(0x94d049bb)];
}
