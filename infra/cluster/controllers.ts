/** Everything that `causeway up --kubernetes` looks after, one entry each. */
import type { Controller } from './controller.ts';
import { documents } from './documents.ts';
import { snapshots } from './snapshots.ts';
import { volumes } from './volumes/controller.ts';

export const controllers: readonly Controller[] = [documents, snapshots, volumes];
