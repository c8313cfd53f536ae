/** Durations and sizes as people write them (`1m`, `50MiB`), as numbers. */
import { z } from 'zod';
import { celRules } from './cel.ts';

const millisecondsIn: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const bytesIn: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const quantityPattern = /^(\d{1,15}(?:\.\d{1,6})?)([A-Za-z]*)$/;

function quantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = quantityPattern.exec(text) ?? [];
  if (amount === undefined || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const value = Math.round(Number(amount) * (units[unit] ?? Number.NaN));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Milliseconds; undefined for what is no duration. */
export const parseDuration = (text: string): number | undefined => quantity(text, millisecondsIn);

/** Bytes. */
export const parseSize = (text: string): number | undefined => quantity(text, bytesIn);

/** A field of text that `parse` reads as a number from one to another. */
const quantityField = (
  parse: (text: string) => number | undefined,
  [least, most]: readonly [number, number],
  wanted: string,
) =>
  z.string(wanted).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined && value >= least && value <= most) return value;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });

/** A size field, as bytes within bounds that are given as they are written. */
export function size(from: string, to: string): z.ZodType<number> {
  const bounds = [parseSize(from) ?? 0, parseSize(to) ?? Number.POSITIVE_INFINITY] as const;
  return quantityField(parseSize, bounds, `must be a size such as 32MiB or 25MB, from ${from} to ${to}`);
}

/** A duration field, as milliseconds within bounds that are given as they are written. */
export function duration(from: string, to: string): z.ZodType<number, string> {
  const bounds = [parseDuration(from) ?? 0, parseDuration(to) ?? Number.POSITIVE_INFINITY] as const;
  const wanted = `must be a duration such as 1m, 2s or 500ms, from ${from} to ${to}`;
  return quantityField(parseDuration, bounds, wanted).meta({
    pattern: String.raw`^[0-9]{1,15}(\.[0-9]{1,6})?(ms|s|m|h|d)$`,
    maxLength: 25,
    ...celRules({ rule: durationRule(...bounds), message: wanted }),
  });
}

/** CEL has durations, but no days, and none beyond 292 years: in numbers there is nothing that it cannot read. */
function durationRule(least: number, most: number): string {
  const [last, ...units] = Object.entries(millisecondsIn)
    .toReversed()
    .map(([unit, ms]) => ({
      unit,
      value: `double(self.substring(0, size(self) - ${unit.length})) * ${ms}.0`,
    }));
  const value = [...units]
    .toSorted((one, other) => other.unit.length - one.unit.length)
    .reduceRight(
      (rest, unit) => `self.endsWith('${unit.unit}') ? ${unit.value} : ${rest}`,
      last?.value ?? '0.0',
    );
  return `[${value}].all(ms, ms >= ${least}.0 && ms <= ${most}.0)`;
}
