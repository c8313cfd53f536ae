/**
 * A store may need an older marker beside a marker for a moment. It has a time that nothing else has, so that one which
 * was left behind is known for what it is: no origin ever had it, and it is never passed on.
 */
import { createHash } from 'node:crypto';
import { toMilliseconds } from '../../events/times.ts';
import type { ListedVersion } from '../ports.ts';

export const placeholderTime = '1970-01-01T00:00:01Z';

/** The ID of the one beside a marker: whoever tries again finds it, and removes it. */
export const placeholderOf = (versionId: string): string =>
  createHash('sha256')
    .update(`placeholder of ${versionId}`)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

export const isPlaceholder = ({ marker, modified }: ListedVersion): boolean =>
  marker && toMilliseconds(modified) === toMilliseconds(placeholderTime);
