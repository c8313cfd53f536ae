/** Everything NATS had is lost in the middle: the scan brings both sites together all the same. */
import { expect, test } from 'vitest';
import { seed, survive } from './scenario.ts';

test.each(['the whole JetStream store is deleted'] as const)(
  `both sites equal the model although %s (CAUSEWAY_SEED=${seed})`,
  async (harm) => {
    const { versions, tookMs } = await survive(harm);

    console.log(`seed ${seed}: ${versions} versions agree ${tookMs} ms after the end, although ${harm}`);
    expect(versions).toBeGreaterThan(300);
  },
);
