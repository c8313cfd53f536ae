/** Comparing what somebody says with what he must say, in constant time, whatever the lengths. */
import { timingSafeEqual } from 'node:crypto';
import { identify } from '../../events/identity.ts';

export const isSameSecret = (given: string, wanted: string): boolean =>
  timingSafeEqual(Buffer.from(identify(given)), Buffer.from(identify(wanted)));
