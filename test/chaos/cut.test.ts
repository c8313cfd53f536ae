/** The link is cut, Causeway is killed: nothing may differ afterwards. */
import { expect, test } from 'vitest';
import { seed, survive } from './scenario.ts';

test.each(['the target is cut for 20 s', 'Causeway is killed'] as const)(
  `both sites equal the model although %s (CAUSEWAY_SEED=${seed})`,
  async (harm) => {
    const { versions, tookMs } = await survive(harm);

    console.log(`seed ${seed}: ${versions} versions agree ${tookMs} ms after the end, although ${harm}`);
    expect(versions).toBeGreaterThan(300);
  },
);
