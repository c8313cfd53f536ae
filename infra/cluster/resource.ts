/** One kind of objects in a Kubernetes cluster, of one namespace or of all: listed whole, looked up, and watched. */
import {
  ApiException,
  type ConfigurationOptions,
  CustomObjectsApi,
  type KubeConfig,
  Observable,
  Watch,
} from '@kubernetes/client-node';
import { z } from 'zod';

export interface ResourceName {
  /** Empty for what Kubernetes itself has had from the beginning: Secrets, claims. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Without: of every namespace. */
  readonly namespace?: string | undefined;
}

export interface Listing {
  readonly items: readonly unknown[];
  /** A watch from here on tells all that happened after it. */
  readonly resourceVersion: string;
}

export type Change = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Resource {
  /** What the cluster has stored at this moment: no cache is asked. */
  list(signal: AbortSignal): Promise<Listing>;
  /** Undefined where there is none; rejects where the cluster does not serve its kind, or this version of it. */
  get(namespace: string, name: string, signal: AbortSignal): Promise<unknown>;
  /**
   * Tells changes, in their order, until the server or the connection ends; resolves to where the next watch may go on,
   * to undefined when a listing is needed first. It must not be told faster than it is taken: `take` only notes it.
   */
  watch(
    from: string,
    take: (change: Change, object: unknown) => void,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

const requestWithinMs = 30_000;
/**
 * The server ends a watch after so long. The client ends one that brought nothing for half a minute: so that does not
 * happen unless the connection is dead, or the server hangs.
 */
const timeoutSeconds = 20;
const pageSize = 500;
const gone = 410;

const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});
const placeSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const errorSchema = z.object({ code: z.number().optional(), message: z.string().optional() });
const isChange = (phase: string): phase is Change => ['ADDED', 'MODIFIED', 'DELETED'].includes(phase);

export function createResource(config: KubeConfig, { namespace: only, ...name }: ResourceName): Resource {
  const api = config.makeApiClient(CustomObjectsApi);
  const watcher = new Watch(config);
  const part = only === undefined ? '' : `/namespaces/${only}`;
  const listPage = (page: { readonly limit: number; readonly _continue?: string }, signal: AbortSignal) =>
    only === undefined
      ? api.listClusterCustomObject({ ...name, ...page }, within(signal))
      : api.listNamespacedCustomObject({ ...name, ...page, namespace: only }, within(signal));

  return {
    async list(signal) {
      const items: unknown[] = [];
      let next: string | undefined;
      for (;;) {
        const request = { limit: pageSize, ...(next ? { _continue: next } : {}) };
        const page = pageSchema.parse(await listPage(request, signal));
        items.push(...page.items);
        next = page.metadata.continue || undefined;
        if (!next) return { items, resourceVersion: page.metadata.resourceVersion };
      }
    },
    async get(namespace, object, signal) {
      try {
        return await api.getNamespacedCustomObject({ ...name, namespace, name: object }, within(signal));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    async watch(from, take, signal) {
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      let place: string | undefined = from;
      let failure: z.infer<typeof errorSchema> | undefined;
      const onEvent = (phase: string, object: unknown): void => {
        if (signal.aborted) return;
        if (phase === 'ERROR') {
          place = undefined;
          failure = errorSchema.safeParse(object).data ?? {};
          return;
        }
        if (isChange(phase)) take(phase, object);
        // Bookmarks have a place too: they keep it fresh where nothing happens.
        place = placeSchema.safeParse(object).data?.metadata.resourceVersion;
      };
      const onEnd = (error: unknown): void => {
        if (!error || signal.aborted) resolve();
        else if (codeOf(error) === gone) {
          place = undefined;
          resolve();
        } else reject(isSilence(error) ? new Error('the API server gives no sign of life') : error);
      };
      const root = name.group === '' ? '/api' : `/apis/${name.group}`;
      const path = `${root}/${name.version}${part}/${name.plural}`;
      const request = { resourceVersion: from, allowWatchBookmarks: true, timeoutSeconds };
      const connection = await watcher.watch(path, request, onEvent, onEnd);
      const stop = (): void => connection.abort();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await ended.finally(() => signal.removeEventListener('abort', stop));
      if (failure && failure.code !== gone)
        throw new Error(`the API server ends the watch: ${failure.message ?? 'it does not say why'}`);
      return place;
    },
  };
}

/**
 * A request that is given up when it takes too long, or when nobody wants its answer any more. The client's own path to
 * custom objects serves the group without a name too, but for its beginning.
 */
export function within(signal: AbortSignal): ConfigurationOptions {
  return {
    middlewareMergeStrategy: 'append',
    middleware: [
      {
        pre(request) {
          request.setUrl(request.getUrl().replace('/apis//', '/api/'));
          request.setSignal(AbortSignal.any([signal, AbortSignal.timeout(requestWithinMs)]));
          return new Observable(Promise.resolve(request));
        },
        post: (response) => new Observable(Promise.resolve(response)),
      },
    ],
  };
}

const statusCode = z.object({ statusCode: z.number() });
/** The HTTP status that an error of the client carries, if it does. */
export const codeOf = (error: unknown): number | undefined =>
  error instanceof ApiException ? error.code : statusCode.safeParse(error).data?.statusCode;

const aboutObject = z.object({ details: z.object({ name: z.string() }) });
/** Whether it is the object that is not there: where it is the kind, the API server names no object. */
function isAbsent(error: unknown): boolean {
  if (!(error instanceof ApiException) || error.code !== 404) return false;
  try {
    return aboutObject.safeParse(JSON.parse(String(error.body))).success;
  } catch {
    return false;
  }
}

const isSilence = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

const identified = z.object({ metadata: z.object({ uid: z.string() }) });
export const uidOf = (object: unknown): string | undefined => identified.safeParse(object).data?.metadata.uid;

/** Whether the object is gone, by what `get` found under its name: nothing, or another object. */
export const isGone = (uid: string, found: unknown): boolean =>
  found === undefined || ![uid, undefined].includes(uidOf(found));
