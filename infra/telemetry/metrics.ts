/** What is counted, as Prometheus metrics and as the totals that `status` shows. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../../functions/ports.ts';
import type { LinkState } from '../host/gate.ts';
import type { Observer } from '../host/link-worker.ts';
import type { Logger } from './log.ts';
import { createRecent, type Recent } from './recent.ts';

const lagBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

/** Of one link, in this process, since it started. */
export interface LinkTotals {
  arrived: number;
  verified: number;
  failed: number;
  retried: number;
  parked: number;
  restored: number;
  orphans: number;
  bytes: number;
  /** Versions, and bytes of them, that did not cross the link: the target had their content. */
  copied: number;
  copiedBytes: number;
  /** What the last walk failed at; undefined when it did not. */
  trouble: string | undefined;
  readonly arrivalLag: Recent;
  readonly verificationLag: Recent;
}

export interface Telemetry {
  readonly registry: Registry;
  readonly meter: Meter;
  readonly observer: Observer;
  totals(link: string): LinkTotals;
  eventIn(site: string, type: string): void;
  ignored(site: string, what: string): void;
  state(link: string, state: LinkState): void;
  backlog(link: string, events: number, oldestMs: number): void;
  /** The link runs here no more: what is told of its present would be told for ever. */
  forget(link: string): void;
}

export function createTelemetry(logger: Logger): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `causeway_${name}`, help, labelNames, registers });
  const perLink = ['link'] as const;
  const eventsIn = counter('events_in_total', 'Events taken in from a site', ['site', 'type'] as const);
  const ignored = counter('events_ignored_total', 'Notifications nothing has to be done about', [
    'site',
    'name',
  ] as const);
  const handled = counter('events_handled_total', 'Events by function and outcome', [
    'link',
    'function',
    'outcome',
  ] as const);
  const replicated = counter('replicated_total', 'Versions that the target confirmed', perLink);
  const verified = counter('verified_total', 'Versions that the target showed as they must be', perLink);
  const failed = counter('failed_total', 'Tries that failed', perLink);
  const retries = counter('retries_total', 'Events tried again', perLink);
  const deadLetters = counter('dead_letters_total', 'Events kept as dead letters', perLink);
  const restored = counter('restored_total', 'Versions copied again that had been there before', perLink);
  const orphans = counter('orphans_total', 'Findings of replicas whose origin is gone, kept', perLink);
  const differing = counter(
    'differences_total',
    'Findings of content that differs under one version',
    perLink,
  );
  const bytes = counter('replicated_bytes_total', 'Bytes of versions that the target confirmed', perLink);
  const copied = counter('copied_total', 'Versions whose content the target had already', perLink);
  const copiedBytes = counter('copied_bytes_total', 'Bytes that did not cross the link for that', perLink);
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `causeway_${name}`, help, labelNames: perLink, buckets: lagBuckets, registers });
  const arrivalLag = histogram('arrival_lag_seconds', "From a version's creation to the target's 2xx");
  const verificationLag = histogram(
    'verification_lag_seconds',
    "From a version's creation to its verification",
  );
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `causeway_${name}`, help, labelNames: perLink, registers });
  const up = gauge('link_up', '1 while the link works, 0 while it waits for a site');
  const backlog = gauge('backlog', 'Events that wait for the link or are being handled');
  const oldest = gauge('oldest_pending_seconds', 'Age of the oldest event that is not handled');

  const all = new Map<string, LinkTotals>();
  const totals = (link: string): LinkTotals => {
    const known = all.get(link);
    if (known) return known;
    const zero = {
      arrived: 0,
      verified: 0,
      failed: 0,
      retried: 0,
      parked: 0,
      restored: 0,
      orphans: 0,
      bytes: 0,
      copied: 0,
      copiedBytes: 0,
    };
    const fresh = {
      ...zero,
      trouble: undefined,
      arrivalLag: createRecent(),
      verificationLag: createRecent(),
    };
    all.set(link, fresh);
    return fresh;
  };

  return {
    registry,
    totals,
    meter: {
      arrived(link, size, lagMs) {
        const total = totals(link);
        total.arrived += 1;
        total.bytes += size;
        total.arrivalLag.add(lagMs);
        replicated.inc({ link });
        bytes.inc({ link }, size);
        arrivalLag.observe({ link }, Math.max(0, lagMs) / 1000);
      },
      copied(link, size) {
        const total = totals(link);
        total.copied += 1;
        total.copiedBytes += size;
        copied.inc({ link });
        copiedBytes.inc({ link }, size);
      },
      verified(link, lagMs) {
        const total = totals(link);
        total.verified += 1;
        total.verificationLag.add(lagMs);
        verified.inc({ link });
        verificationLag.observe({ link }, Math.max(0, lagMs) / 1000);
      },
      restored(link) {
        totals(link).restored += 1;
        restored.inc({ link });
      },
      orphan(link, ref) {
        totals(link).orphans += 1;
        orphans.inc({ link });
        logger.warn(
          { link, ...ref },
          'orphan kept: its origin does not have it, and it may not be purged by a scan',
        );
      },
      differs(link, ref, fields) {
        differing.inc({ link });
        logger.error(
          { link, ...ref, fields },
          'content differs under one version ID: nothing is overwritten',
        );
      },
    },
    observer: {
      handled(link, event, result) {
        handled.inc({ link, function: result.function, outcome: result.kind });
        if (event.type === 'dev.causeway.scan.due.v1') {
          totals(link).trouble = result.kind === 'retry' ? result.reason : undefined;
        }
        const about = {
          link,
          event: event.id,
          type: event.type,
          subject: event.subject,
          function: result.function,
        };
        switch (result.kind) {
          case 'done':
          case 'later':
            logger.debug(
              { ...about, outcome: result.kind === 'done' ? result.note : result.reason },
              'handled',
            );
            break;
          case 'retry':
            totals(link).failed += 1;
            totals(link).retried += 1;
            failed.inc({ link });
            retries.inc({ link });
            logger.warn({ ...about, afterMs: result.afterMs, reason: result.reason }, 'will be tried again');
            break;
          case 'park':
            totals(link).parked += 1;
            deadLetters.inc({ link });
            logger.error({ ...about, reason: result.reason }, 'kept as a dead letter');
            break;
          case 'unavailable':
            logger.debug({ ...about, site: result.site, reason: result.reason }, 'waits for the site');
            break;
        }
      },
      foreign(link, reason) {
        logger.warn({ link, reason }, 'an event of a type that nobody here takes is let go');
      },
      unreadable(link, reason) {
        logger.error({ link, reason }, 'a message is no event: kept as a dead letter');
      },
      unsettled(link, event, reason) {
        logger.warn(
          { link, event: event.id, type: event.type, reason },
          'the stream is away: the event comes again',
        );
      },
    },
    eventIn: (site, type) => eventsIn.inc({ site, type }),
    ignored: (site, name) => ignored.inc({ site, name }),
    state(link, state) {
      up.set({ link }, state.state === 'healthy' ? 1 : 0);
      if (state.state === 'healthy') logger.info({ link }, 'the link works');
      else logger.warn({ link, site: state.site, reason: state.reason }, 'the link waits for a site');
    },
    backlog(link, events, oldestMs) {
      backlog.set({ link }, events);
      oldest.set({ link }, oldestMs / 1000);
    },
    forget(link) {
      all.delete(link);
      for (const present of [up, backlog, oldest]) present.remove({ link });
    },
  };
}
