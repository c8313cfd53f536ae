/** The flow in order, one line a function. */
import type { FunctionDefinition, ReceiverDefinition, VolumeFunction } from './define.ts';
import { propagateDelete } from './propagate-delete.ts';
import { receiveStack } from './receive-stack.ts';
import { replicate } from './replicate.ts';
import { replicateMany } from './replicate-many.ts';
import { restoreSnapshot } from './restore-snapshot.ts';
import { scanRetry } from './scan-retry.ts';
import { shipSnapshot } from './ship-snapshot.ts';
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

/** Beside a target, for whoever sends to it. */
export const receivers: readonly ReceiverDefinition[] = [
  receiveStack, // many versions came at once: write each of them
];

/** Run by Jobs, each where a volume is mounted. */
export const volumeFunctions: readonly VolumeFunction[] = [
  shipSnapshot, // a point in time of a volume is mounted: store it in the repository beside it
  restoreSnapshot, // a shipment has arrived whole: fill a volume with it
];
