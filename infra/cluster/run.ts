/** The controllers, in whichever process leads. */

import { messageOf } from '../../functions/errors.ts';
import { pause } from '../host/pause.ts';
import { aborted } from './aborted.ts';
import type { ControllerContext } from './controller.ts';
import { controllers } from './controllers.ts';
import { type LeaseOptions, whileLeading } from './lease.ts';

export interface ClusterOptions extends Omit<ControllerContext, 'observer' | 'owner' | 'signal'> {
  /** Unique among those that may lead. */
  readonly identity: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const leaseName = 'causeway';
const againAfterMs = 5_000;

/** Resolves when the signal has aborted and nothing is under way. */
export async function runCluster(options: ClusterOptions): Promise<void> {
  const { config, namespace, identity, clock, logger, replication } = options;
  const lease: LeaseOptions = {
    ...{ config, namespace, identity, clock, name: leaseName, signal: options.signal },
    lastsMs: options.settings.leaseMs,
    observer: {
      leading: () => logger.info({ identity }, 'this process leads'),
      following(holder) {
        logger.info({ holder }, 'another process leads');
        replication.stop().catch((error: unknown) => {
          logger.error({ reason: messageOf(error) }, 'what ran here could not be stopped');
        });
      },
      troubled: (reason) => logger.warn({ reason }, 'who leads could not be made sure'),
    },
  };
  const observer: ControllerContext['observer'] = {
    watching: (resource) => logger.info({ resource }, 'the cache is up to date'),
    troubled: (resource, reason) => logger.warn({ resource, reason }, 'the cluster could not be asked'),
    failed: (resource, object, error) =>
      logger.warn({ resource, object, reason: messageOf(error) }, 'will be looked at again'),
  };

  async function lead(signal: AbortSignal, owner: string): Promise<void> {
    const context: ControllerContext = { ...options, owner, observer, signal };
    await Promise.all(
      controllers.map((controller) => again(controller.name, signal, () => controller.run(context))),
    );
    await aborted(signal);
  }

  /** A controller that fails as a whole is started again. */
  async function again(name: string, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await run();
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.error(
          { controller: name, reason: messageOf(error) },
          'a controller failed: it is started again',
        );
        await pause(clock, againAfterMs, signal);
      }
    }
  }

  await whileLeading(lease, lead);
  await replication.stop();
}
