/** What a controller is: who looks after one sort of objects in the cluster, in the process that leads. */
import type { KubeConfig, V1PolicyRule } from '@kubernetes/client-node';
import type { Clock } from '../../functions/ports.ts';
import type { LastingBus } from '../bus/lasting.ts';
import type { LoadedSite } from '../config/documents.ts';
import type { Environment } from '../config/env.ts';
import type { Settings } from '../config/settings.ts';
import type { Wire } from '../stores/wire.ts';
import type { Logger } from '../telemetry/log.ts';
import type { VolumeMeter } from '../telemetry/volume-metrics.ts';
import type { KindObserver } from './reconcile-kind.ts';
import type { Replication } from './replication.ts';

export interface ControllerContext {
  readonly config: KubeConfig;
  /** The controller's own, where its documents are. */
  readonly namespace: string;
  /** What this deployment is known by, whichever process leads. */
  readonly owner: string;
  /** The site that the cluster stands beside; undefined where none was named. */
  readonly site: string | undefined;
  /** NATS may come up after the controller: objects are looked after before. */
  readonly nats: Pick<LastingBus, 'bus' | 'connected' | 'trouble'>;
  /** What runs of the documents, in this process. */
  readonly replication: Replication;
  openWire(site: LoadedSite): Wire;
  readonly settings: Settings;
  readonly environment: Environment;
  readonly volumeMeter: VolumeMeter;
  readonly observer: KindObserver;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Aborts when this process leads no longer, or ends. */
  readonly signal: AbortSignal;
}

export interface Controller {
  readonly name: string;
  /** All that its account has to be allowed. */
  readonly rights: {
    /** In the controller's own namespace. */
    readonly own: readonly V1PolicyRule[];
    /** In every namespace. */
    readonly everywhere: readonly V1PolicyRule[];
  };
  /** Resolves when the context's signal has aborted and nothing is under way, or when there is nothing for it to do. */
  run(context: ControllerContext): Promise<void>;
}
