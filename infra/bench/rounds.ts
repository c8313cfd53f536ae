/** Runs a scenario's rounds, one product after the other and again, so that a change in the machine meets both. */
import { type Compared, compareSides } from './comparison.ts';
import { createCpuMeter } from './cpu.ts';
import type { Outcome, Plan, Product, Scenario } from './scenario.ts';
import { openStage, type StageOptions } from './stage.ts';

export interface Round extends Outcome, Compared {
  readonly product: Product['name'];
}

export interface RoundsOptions {
  readonly scenario: Scenario;
  readonly plan: Plan;
  readonly products: readonly Product[];
  readonly stage: Pick<StageOptions, 'programs' | 'dir' | 'natsDir'>;
  /** Ends the benchmark: what was started is stopped. */
  readonly signal: AbortSignal;
  onRound(number: number, product: Product, round: Round): void;
}

/** Of each product, in order. */
export async function runRounds(options: RoundsOptions): Promise<Map<Product['name'], Round[]>> {
  const { products, plan, onRound } = options;
  const all = new Map(products.map(({ name }) => [name, [] as Round[]]));
  for (let number = 1; number <= plan.rounds; number++) {
    for (const product of products) {
      const round = await runRound(options, product);
      all.get(product.name)?.push(round);
      onRound(number, product, round);
    }
  }
  return all;
}

async function runRound(
  { scenario, plan, stage: where, signal }: RoundsOptions,
  product: Product,
): Promise<Round> {
  signal.throwIfAborted();
  await using cleanup = new AsyncDisposableStack();
  const { rttMs, linkBytesPerSecond, walkEverySeconds = 60, targets = 1 } = plan;
  const { needsEvents } = product;
  const stage = await openStage(
    { ...where, rttMs, linkBytesPerSecond, walkEverySeconds, targets, needsEvents },
    cleanup,
  );
  const outcome = await scenario.round({ plan, stage, product, cpu: createCpuMeter(), signal, cleanup });
  return { product: product.name, ...outcome, ...(await compareSides(stage)) };
}
