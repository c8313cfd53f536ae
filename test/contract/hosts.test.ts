/** Every function under both hosts: the same events, the same sites, and the same must become of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeEvent } from '../../events/cloudevent.ts';
import { functions } from '../../functions/index.ts';
import { oddKeys } from '../unit/events/samples.ts';
import type { Case } from './hosts/case.ts';
import { propagateDeleteCases } from './hosts/cases/propagate-delete.ts';
import { replicateCases } from './hosts/cases/replicate.ts';
import { replicateManyCases } from './hosts/cases/replicate-many.ts';
import { scanRetryCases } from './hosts/cases/scan-retry.ts';
import { syncMetadataCases } from './hosts/cases/sync-metadata.ts';
import { verifyCases } from './hosts/cases/verify.ts';
import { type Host, hostKinds } from './hosts/drivers.ts';
import { createHostWorld, type HostWorld } from './hosts/world.ts';

const all = [
  replicateCases,
  replicateManyCases,
  verifyCases,
  syncMetadataCases,
  propagateDeleteCases,
  scanRetryCases,
];

test('every function has its cases', () => {
  expect(all.map(({ function: name }) => name).toSorted()).toEqual(
    functions.map(({ name }) => name).toSorted(),
  );
});

describe.each(hostKinds)('$name', (kind) => {
  let world: HostWorld;
  let host: Host;
  beforeEach(async () => {
    world = createHostWorld();
    host = await kind.start(world);
  });
  afterEach(() => host.stop());

  const key = 'in/a cat.jpg';
  const typesOf = () => world.emitted.map(({ type }) => type);

  async function assess(given: Case, at: string): Promise<void> {
    expect(typesOf()).toEqual(given.emits ?? []);
    expect(world.ledger.map(({ state }) => state)).toEqual(given.ledger ?? []);
    expect(world.letters).toHaveLength(given.parked ? 1 : 0);
    if (given.parked) expect(world.letters[0]?.reason).toMatch(given.parked);
    await given.holds?.(world, at);
  }

  describe.each(all)('$function', ({ cases, comesByItself = false }) => {
    const [happy] = cases;

    test.each(cases)('$name', async (given) => {
      const event = await given.arrange(world, key);

      const delivered = await host.deliver(event);
      expect(delivered.fate).toBe(given.fate ?? 'taken');
      if (given.mend) {
        given.mend(world);
        expect((await delivered.again()).fate).toBe('taken');
      }

      await assess(given, key);
      for (const { event: kept, link } of world.ledger) {
        expect([kept.id, link]).toEqual([event.id, world.link.id]);
      }
      for (const { body, link } of world.letters) {
        expect([decodeEvent(Buffer.from(body)).data, link]).toEqual([event.data, world.link.id]);
      }
    });

    test('a repeat changes nothing and says nothing new', async () => {
      const event = await happy.arrange(world, key);
      await host.deliver(event);
      const before = { holdings: await world.holdings(), ids: new Set(world.emitted.map(({ id }) => id)) };

      const repeated = await host.deliver(event);

      expect(repeated.fate).toBe('taken');
      expect(await world.holdings()).toEqual(before.holdings);
      expect(new Set(world.emitted.map(({ id }) => id))).toEqual(before.ids);
    });

    test('what was emitted is there when the event is taken; else it comes again', async () => {
      const event = await happy.arrange(world, key);
      world.failPublishing(new Error('NATS is away'));
      const delivered = await host.deliver(event);
      const isUndone = (happy.emits ?? []).length > 0;
      expect(delivered.fate).toBe(isUndone && !comesByItself ? 'comes again' : 'taken');
      expect(world.emitted).toEqual([]);

      world.failPublishing(undefined);
      if (isUndone) expect((await delivered.again()).fate).toBe('taken');

      await assess(happy, key);
    });

    test('odd keys are keys', async () => {
      for (const odd of oddKeys.filter((name) => name.isWellFormed() && !name.includes('\u0000'))) {
        world.emitted.length = 0;
        const event = await happy.arrange(world, `in/${odd}`);
        expect((await host.deliver(event)).fate).toBe('taken');
        expect(typesOf()).toEqual(expect.arrayContaining([...(happy.emits ?? [])]));
        await happy.holds?.(world, `in/${odd}`);
      }
    });
  });
});
