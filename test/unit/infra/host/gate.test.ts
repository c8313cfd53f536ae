/** A link waits while a site does not answer, and goes on when it does. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createGate, type Gate, type LinkState } from '../../../../infra/host/gate.ts';
import { type ManualClock, manualClock, settled } from '../../../contract/hosts/manual-clock.ts';
import { createHostWorld, type HostWorld } from '../../../contract/hosts/world.ts';

let clock: ManualClock;
let world: HostWorld;
let gate: Gate;
let states: LinkState['state'][];
let probes: number;
const never = new AbortController().signal;

beforeEach(() => {
  clock = manualClock(0);
  world = createHostWorld();
  states = [];
  probes = 0;
  gate = createGate(clock, ({ state }) => states.push(state));
});

/** Counts how often it is asked whether it is there. */
const site = () => ({
  ...world.stores.west,
  probe: () => {
    probes += 1;
    return world.stores.west.probe();
  },
});

/** Whether a link that asks now may work. */
async function isOpen(): Promise<boolean> {
  const asking = new AbortController();
  const opened = gate.opened(asking.signal).then(
    () => true,
    () => false,
  );
  await settled();
  asking.abort();
  return opened;
}

test('it is open to begin with', async () => {
  expect(await isOpen()).toBe(true);
  expect(gate.state).toEqual({ state: 'healthy' });
});

describe('when a request found nobody', () => {
  test('but the site answers, nothing pauses: the failure was the request’s own', async () => {
    expect(await gate.trip(site(), 'connection reset', never)).toBe(true);
    expect([await isOpen(), states, clock.sleeping]).toEqual([true, [], 0]);
  });

  test('and the site does not answer, the link pauses, and says why and since when', async () => {
    world.down('west', true);

    expect(await gate.trip(site(), 'connection refused', never)).toBe(false);
    expect(await isOpen()).toBe(false);
    expect(gate.state).toEqual({
      state: 'paused',
      site: 'west',
      reason: 'site west does not answer: connection refused',
      since: 0,
    });
  });

  test('many at once pause it once', async () => {
    world.down('west', true);
    const trips = await Promise.all([1, 2, 3].map(() => gate.trip(site(), 'connection refused', never)));

    expect([trips, states, clock.sleeping]).toEqual([[false, false, false], ['paused'], 1]);
  });
});

describe('while it is paused', () => {
  beforeEach(async () => {
    world.down('west', true);
    await gate.trip(site(), 'connection refused', never);
    probes = 0;
  });

  test('the site is asked twice a second, and no oftener', async () => {
    await clock.advance(499);
    expect(probes).toBe(0);
    await clock.advance(1);
    expect(probes).toBe(1);
    await clock.advance(1500);
    expect(probes).toBe(4);
  });

  test('a question that nobody answers keeps no later one waiting', async () => {
    gate = createGate(clock, ({ state }) => states.push(state));
    let answer: () => Promise<void> = () => Promise.reject(new Error('connection refused'));
    await gate.trip({ ...site(), probe: () => answer() }, 'connection refused', never);
    answer = () => new Promise(() => undefined);
    await clock.advance(5000);
    expect(await isOpen()).toBe(false);
    answer = () => Promise.resolve();
    await clock.advance(500);

    expect(await isOpen()).toBe(true);
  });

  test('all that wait go on the moment it answers', async () => {
    const waiting = Promise.all([gate.opened(never), gate.opened(never)]);
    await clock.advance(1000);
    world.down('west', false);
    await clock.advance(1000);

    await waiting;
    expect([states, clock.sleeping]).toEqual([['paused', 'healthy'], 0]);
  });

  test('it can pause again', async () => {
    world.down('west', false);
    await clock.advance(1000);
    world.down('west', true);

    expect(await gate.trip(site(), 'connection refused', never)).toBe(false);
    expect([await isOpen(), states]).toEqual([false, ['paused', 'healthy', 'paused']]);
  });

  test('whoever stops waits no longer', async () => {
    const stopping = new AbortController();
    const waiting = gate.opened(stopping.signal);
    stopping.abort(new Error('stopping'));

    await expect(waiting).rejects.toThrow('stopping');
    await expect(gate.opened(stopping.signal)).rejects.toThrow('stopping');
  });
});

test('when its process stops, nobody is asked any more', async () => {
  const stopping = new AbortController();
  world.down('west', true);
  await gate.trip(site(), 'connection refused', stopping.signal);
  stopping.abort(new Error('stopping'));
  probes = 0;
  await clock.advance(10_000);

  expect([probes, clock.sleeping]).toEqual([0, 0]);
});
