/**
 * What the controllers of custom resources share: each object of one kind is looked at when it changed, when it asked to
 * be, and after a failure; its status says what was found; a finalizer of ours stays on it until what belongs to it
 * elsewhere is gone.
 */
import type { KubeConfig, V1PolicyRule } from '@kubernetes/client-node';
import type { Clock } from '../../functions/ports.ts';
import { createAnnouncer } from './announcer.ts';
import { type ClusterObject, readObject } from './cluster-object.ts';
import { type Informer, type InformerObserver, startInformer } from './informer.ts';
import { createObjectWriter } from './object-writer.ts';
import { createResource, type ResourceName } from './resource.ts';
import { createStatusWriter, type Found, type StatusWriterOptions } from './status-writer.ts';
import { createWorkQueue } from './work-queue.ts';

/** What is to be said of an object, and when it is to be looked at again where nothing changes. */
export interface Reconciled extends Found {
  readonly againAfterMs?: number | undefined;
}

export interface KindOptions {
  readonly config: KubeConfig;
  readonly resource: ResourceName;
  /** Undefined: nothing has to be taken away after an object. */
  readonly finalizer?: string | undefined;
  /** Whether an object is ours to look after; by default all are. */
  isOurs?(object: ClusterObject): boolean;
  /**
   * Of an object that is to stay, with our finalizer on it; undefined where there is nothing to say of it now. Called
   * again with the same at any time.
   */
  reconcile(object: ClusterObject): Promise<Reconciled | undefined>;
  /** Takes away what belongs to an object that is to go; resolves to undefined when nothing is left, else to when to try again. */
  finalize?(object: ClusterObject): Promise<number | undefined>;
  /** There is no such object, or no more; called again until it succeeds, and never while an object of that name is looked at. */
  gone?(key: string): Promise<void>;
  /** An object came, changed or went: the cache has what is there now. */
  onChange?(key: string): void;
  readonly observer: KindObserver;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly rates?: Pick<StatusWriterOptions, 'newsEveryMs' | 'figuresEveryMs'>;
}

export interface KindObserver extends InformerObserver {
  failed(name: string, key: string, error: unknown): void;
}

export interface ReconciledKind {
  readonly informer: Informer<ClusterObject>;
  /** Has an object looked at. */
  look(key: string): void;
  /** Resolves when nothing is under way; to be awaited after the signal has aborted. */
  ended(): Promise<void>;
}

/** What an account has to be allowed for it, beside what `reconcile` does. */
export const kindRights = (group: string, ...plurals: readonly string[]): readonly V1PolicyRule[] => [
  { apiGroups: [group], resources: [...plurals], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: [group], resources: plurals.map((plural) => `${plural}/status`), verbs: ['patch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create'] },
];

const atOnce = 4;

export function reconcileKind(options: KindOptions): ReconciledKind {
  const { config, resource, finalizer, observer, clock, signal } = options;
  const name = `${resource.plural}.${resource.group}`;
  const informer = startInformer<ClusterObject>({
    name,
    resource: createResource(config, resource),
    read: readObject,
    onChange(key) {
      queue.add(key);
      options.onChange?.(key);
    },
    observer,
    clock,
    signal,
  });
  const writer = createObjectWriter(config, resource, signal, (object) => informer.note(object));
  const { announce } = createAnnouncer(config, clock, signal);
  const status = createStatusWriter({ writer, clock, onNews: announce, ...options.rates });
  const uids = new Map<string, string>();
  const queue = createWorkQueue({
    work,
    onFailure: (key, error) => observer.failed(name, key, error),
    concurrency: atOnce,
    clock,
    signal,
  });

  async function work(key: string): Promise<number | undefined> {
    const object = informer.get(key);
    if (!object) {
      status.forget(uids.get(key) ?? '');
      uids.delete(key);
      await informer.synced;
      if (!informer.get(key)) await options.gone?.(key);
      return undefined;
    }
    uids.set(key, object.metadata.uid);
    return object.metadata.deletionTimestamp === undefined ? keep(object, key) : release(object);
  }

  async function keep(object: ClusterObject, key: string): Promise<number | undefined> {
    if (options.isOurs?.(object) === false) return undefined;
    const { finalizers } = object.metadata;
    if (finalizer !== undefined && !finalizers.includes(finalizer)) {
      await writer.setFinalizers(object, [...finalizers, finalizer]);
      // The cache has it now, and has said so: its turn comes again.
      return undefined;
    }
    const found = await options.reconcile(object);
    if (!found) return undefined;
    // It may have changed meanwhile; its status goes by what it was.
    const latest = informer.get(key);
    if (latest?.metadata.uid !== object.metadata.uid) return undefined;
    const rewriteMs = await status.write({ ...object, status: latest.status }, found);
    const { againAfterMs } = found;
    return rewriteMs === undefined || againAfterMs === undefined
      ? (rewriteMs ?? againAfterMs)
      : Math.min(rewriteMs, againAfterMs);
  }

  async function release(object: ClusterObject): Promise<number | undefined> {
    const { finalizers } = object.metadata;
    if (finalizer === undefined || !finalizers.includes(finalizer)) return undefined;
    const again = await options.finalize?.(object);
    if (again !== undefined) return again;
    await writer.setFinalizers(
      object,
      finalizers.filter((other) => other !== finalizer),
    );
    return undefined;
  }

  return { informer, look: (key) => queue.add(key), ended: () => queue.idle() };
}
