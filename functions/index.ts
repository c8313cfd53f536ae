/** The flow in order, one line a function. */
import type { FunctionDefinition } from './define.ts';
import { propagateDelete } from './propagate-delete.ts';
import { replicate } from './replicate.ts';
import { replicateMany } from './replicate-many.ts';
import { scanRetry } from './scan-retry.ts';
import { syncMetadata } from './sync-metadata.ts';
import { verify } from './verify.ts';

export const functions: readonly FunctionDefinition[] = [
  replicate, // a version appeared: send it
  replicateMany, // a walk found many that are missing: send them together
  verify, // it was sent: look at what the target shows
  syncMetadata, // its tags or locks changed: bring them over
  propagateDelete, // it was removed: mirror the marker or the purge
  scanRetry, // a minute passed: what did no event tell, and what is due again?
];
