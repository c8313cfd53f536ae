/** Conditions that end-to-end tests wait for: never a time, always a state. */
import { expect, vi } from 'vitest';
import type { Link } from '../../functions/ports.ts';
import type { Application } from './application.ts';
import { type Line, listVersions, snapshot } from './snapshot.ts';
import type { Running } from './world.ts';

/** Resolves when the assertion holds; rejects with its last failure. */
export const eventually = <Value>(
  assertion: () => Value | Promise<Value>,
  withinMs = 30_000,
): Promise<Value> => vi.waitFor(assertion, { timeout: withinMs, interval: 100 });

export interface Place {
  readonly bucket: string;
  readonly prefix?: string;
}

/** Resolves with what all sites show, once they show the same. The first is the one the others are compared with. */
export async function agreed(
  [first, ...others]: readonly [Application, ...Application[]],
  { bucket, prefix = '' }: Place,
  withinMs = 30_000,
): Promise<Line[]> {
  const until = Date.now() + withinMs;
  const left = (): number => Math.max(1, until - Date.now());
  for (const other of others) {
    // Listings cost little; contents are read when they have arrived.
    await eventually(async () => {
      expect(await listVersions(other, bucket, prefix)).toEqual(await listVersions(first, bucket, prefix));
    }, left());
    await eventually(async () => {
      expect(await snapshot(other, bucket, prefix)).toEqual(await snapshot(first, bucket, prefix));
    }, left());
  }
  return snapshot(first, bucket, prefix);
}

const roundsOf = ({ deployment }: Running, links: readonly Link[]): Promise<number[]> =>
  Promise.all(
    links.map(async (link) => (await deployment.world.contextOf(link).walks.load(link.id))?.round ?? 0),
  );

/** Resolves when every link has gone through its buckets so many times more, from the beginning to the end. */
export async function walked(running: Running, links: readonly Link[], times: number): Promise<void> {
  const before = await roundsOf(running, links);
  // What is under way has begun earlier.
  const wanted = before.map((round) => round + times + 1);
  await eventually(async () => {
    const now = await roundsOf(running, links);
    expect(now.map((round, index) => round >= (wanted[index] ?? 0))).toEqual(now.map(() => true));
  }, 120_000);
}

/** Resolves when no event waits or is being handled. */
export async function quiet(running: Running, links: readonly Link[], withinMs = 30_000): Promise<void> {
  await eventually(async () => {
    const waiting = await Promise.all(
      links.map((link) => running.deployment.world.contextOf(link).walks.backlog(link.id)),
    );
    expect(waiting).toEqual(links.map(() => 0));
  }, withinMs);
}
