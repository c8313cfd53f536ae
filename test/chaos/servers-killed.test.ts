/** Servers are killed in the middle: nothing may differ afterwards. */
import { expect, test } from 'vitest';
import { seed, survive } from './scenario.ts';

test.each(['nats-server is killed', 'the target MinIO is killed'] as const)(
  `both sites equal the model although %s (CAUSEWAY_SEED=${seed})`,
  async (harm) => {
    const { versions, tookMs } = await survive(harm);

    console.log(`seed ${seed}: ${versions} versions agree ${tookMs} ms after the end, although ${harm}`);
    expect(versions).toBeGreaterThan(300);
  },
);
