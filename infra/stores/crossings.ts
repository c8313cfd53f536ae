/**
 * Keeps copies from waiting for each other: a MinIO server holds the key that it copies from while it waits for the one
 * that it copies to, so that two that cross would stand still until their deadline.
 */
import type { VersionRef } from '../../events/object-events.ts';

export interface Crossings {
  /** Undefined where `to` is being copied from, or `from` is being copied to. */
  enter(from: VersionRef, to: VersionRef): (() => void) | undefined;
}

export function createCrossings(): Crossings {
  const reading = new Map<string, number>();
  const writing = new Map<string, number>();
  const nameOf = ({ bucket, key }: VersionRef): string => `${bucket}/${key}`;
  const count = (of: Map<string, number>, name: string, change: 1 | -1): void => {
    const now = (of.get(name) ?? 0) + change;
    if (now > 0) of.set(name, now);
    else of.delete(name);
  };

  return {
    enter(from, to) {
      const [read, written] = [nameOf(from), nameOf(to)];
      // Within one key nothing is held.
      if (read === written) return () => undefined;
      if (reading.has(written) || writing.has(read)) return undefined;
      count(reading, read, 1);
      count(writing, written, 1);
      return () => {
        count(reading, read, -1);
        count(writing, written, -1);
      };
    },
  };
}
