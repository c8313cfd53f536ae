/** The HTTP host: which links an event is for, and who tries again what could not be done. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RetryableError } from '../../functions/errors.ts';
import { type Served, serveReplicate, written } from './hosts/http-fixture.ts';

let served: Served;
afterEach(() => served.host.stop());

describe('which links an event is for', () => {
  beforeEach(async () => {
    served = await serveReplicate(undefined, ['west', 'south']);
  });

  test('all that start where it happened', async () => {
    await served.structured(written(served));

    expect([await served.heldAt('west'), await served.heldAt('south')]).toEqual([1, 1]);
  });

  test.each(['structured', 'binary'] as const)(
    'the one that causewaylink names, in %s mode',
    async (mode) => {
      const event = written(served);
      await served[mode](event, { causewaylink: 'photos_east_south' });

      expect([await served.heldAt('west'), await served.heldAt('south')]).toEqual([0, 1]);
    },
  );

  test('the one that its data names', async () => {
    const event = written(served);
    const { bucket, key, versionId } = Object(event.data);
    const data = { link: 'photos_east_south', bucket, key, versionId, reason: 'missing' };
    await served.structured({ ...event, type: 'dev.causeway.version.due.v1', data });

    expect([await served.heldAt('west'), await served.heldAt('south')]).toEqual([0, 1]);
  });

  test('none where nothing starts, or a link that is not deployed: it is let go', async () => {
    const event = written(served);
    const elsewhere = await served.structured({ ...event, data: { ...event.data, site: 'north' } });
    const undeployed = await served.structured(event, { causewaylink: 'photos_east_north' });

    expect([elsewhere.status, undeployed.status]).toEqual([202, 202]);
    expect([await served.heldAt('west'), await served.heldAt('south')]).toEqual([0, 0]);
  });

  test('a link whose target is away holds up no other: its ledger has the event', async () => {
    served.world.down('west', true);
    const event = written(served);
    const answer = await served.structured(event);

    expect(answer.status).toBe(202);
    expect(await served.heldAt('south')).toBe(1);
    expect(served.world.ledger).toMatchObject([
      { link: 'photos_east_west', attempts: 0, event: { id: event.id } },
    ]);
  });
});

describe('who tries again', () => {
  beforeEach(async () => {
    served = await serveReplicate();
  });

  test('the sender, when it is told to', async () => {
    const failure = new RetryableError('busy', { afterMs: 3_200 });
    const event = written(served);
    served.world.failNext('west', 'put', failure);
    const answer = await served.structured(event);

    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '4']);
    expect(served.world.ledger).toEqual([]);
  });

  test('the sender, after a second, while a site is away', async () => {
    const event = written(served);
    served.world.down('west', true);
    const answer = await served.structured(event);

    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.text()).toContain('west');
  });

  test('the ledger, when the wait is long', async () => {
    const event = written(served);
    served.world.failNext('west', 'put', new RetryableError('no space left', { afterMs: 30_000 }));
    const answer = await served.structured(event);

    expect(answer.status).toBe(202);
    expect(served.world.ledger).toMatchObject([
      { attempts: 1, nextTry: served.world.clock.now() + 30_000, state: 'failed' },
    ]);
  });

  test('the ledger, when the tries that the event has behind it are enough', async () => {
    const event = written(served);
    served.world.failNext('west', 'put', new RetryableError('busy'));
    const answer = await served.structured(event, { causewayattempts: 2 });

    expect(answer.status).toBe(202);
    expect(served.world.ledger).toMatchObject([{ attempts: 3 }]);
  });

  describe('under a Broker, whose tries end', () => {
    beforeEach(async () => {
      await served.host.stop();
      served = await serveReplicate(() => ({ retries: 'ledger' }));
    });

    test('the ledger at once', async () => {
      const event = written(served);
      served.world.failNext('west', 'put', new RetryableError('busy', { afterMs: 700 }));
      const answer = await served.structured(event);

      expect(answer.status).toBe(202);
      expect(served.world.ledger).toMatchObject([
        {
          link: served.world.link.id,
          attempts: 1,
          nextTry: served.world.clock.now() + 700,
          reason: 'busy',
          state: 'failed',
        },
      ]);
    });

    test('the ledger, spending no try, while a site is away', async () => {
      const event = written(served);
      served.world.down('west', true);
      const answer = await served.structured(event, { causewayattempts: 1 });

      expect(answer.status).toBe(202);
      expect(served.world.ledger).toMatchObject([{ attempts: 1, nextTry: served.world.clock.now() + 1000 }]);
    });

    test('the ledger, when what was emitted found no way out', async () => {
      const event = written(served);
      served.world.failPublishing(new RetryableError('the sink answers 500'));
      const answer = await served.structured(event);

      expect(answer.status).toBe(202);
      expect(served.world.ledger).toMatchObject([{ attempts: 0, reason: 'the sink answers 500' }]);
    });

    test('the sender, when the ledger is away too', async () => {
      const ledger = { put: () => Promise.reject(new Error('NATS is away')) };
      await served.host.stop();
      served = await serveReplicate(({ settlement }) => ({
        settlement: { ...settlement, ledger, retries: 'ledger' },
      }));
      const event = written(served);
      served.world.down('west', true);
      const answer = await served.structured(event);

      expect([answer.status, await answer.text()]).toEqual([503, 'NATS is away\n']);
    });
  });
});
