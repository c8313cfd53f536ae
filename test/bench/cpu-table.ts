/** Where the CPU time of a benchmark went: what each process took, and what two cores could have done with that. */
import { linkOf } from './link.ts';
import type { BenchResult } from './report.ts';

const cores = 2;
const none = '';

/** Of the rounds of one product: milliseconds an object. */
interface Shares {
  readonly product: string;
  readonly source: number;
  readonly targets: number;
  /** NATS, and whatever replicates beside the servers. */
  readonly others: number;
}

/** A row for each product of each result that has been measured so. */
export function cpuRowsOf(results: readonly BenchResult[]): string[][] {
  return results.flatMap((result) => {
    const named = `\`${result.scenario}\`, RTT ${linkOf(result.config)}`;
    return ['causeway', result.peer].flatMap((product, index) => {
      const shares = sharesOf(result, product);
      return shares ? [rowOf(index === 0 ? named : none, shares)] : [];
    });
  });
}

export const cpuHead = [
  'scenario',
  'product',
  'source (ms an object)',
  'targets',
  'NATS and the product',
  'at most, by two cores (objects/s)',
  'by its servers alone',
] as const;

function sharesOf({ rounds, config }: BenchResult, product: string): Shares | undefined {
  const measured = rounds.flatMap((round) => {
    const arrived = config.objects - round.missing;
    if (round.product !== product || !round.cpuMs || arrived <= 0) return [];
    const each = Object.entries(round.cpuMs).map(([name, ms]) => [name, ms / arrived] as const);
    const sum = (isMeant: (name: string) => boolean): number =>
      each.reduce((total, [name, ms]) => total + (isMeant(name) ? ms : 0), 0);
    const isServer = (name: string): boolean => name === 'source' || name.startsWith('target');
    return [
      {
        product,
        source: sum((name) => name === 'source'),
        targets: sum((name) => name.startsWith('target')),
        others: sum((name) => !isServer(name)),
      },
    ];
  });
  const total = ({ source, targets, others }: Shares): number => source + targets + others;
  // The median round whole: medians of its parts would not add up.
  return measured.toSorted((one, other) => total(one) - total(other))[Math.floor(measured.length / 2)];
}

function rowOf(scenario: string, { product, source, targets, others }: Shares): string[] {
  const [servers, all] = [source + targets, source + targets + others];
  const rate = (ms: number): string => digits((1000 * cores) / ms);
  return [
    scenario,
    product,
    digits(source),
    digits(targets),
    others > 0 ? digits(others) : none,
    rate(all),
    rate(servers),
  ];
}

const digits = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });
