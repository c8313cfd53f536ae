/** What a controller writes on objects that are others': their status, and its own finalizer. */
import { CustomObjectsApi, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { ClusterObject } from './cluster-object.ts';
import { codeOf, type ResourceName, within } from './resource.ts';

export interface ObjectWriter {
  /** Replaces the whole status, of this very object: nothing where another one has its name now, or none. */
  setStatus(object: ClusterObject, status: Readonly<Record<string, unknown>>): Promise<void>;
  /** Rejects with 409 where somebody else has changed the object since it was read. */
  setFinalizers(object: ClusterObject, finalizers: readonly string[]): Promise<void>;
}

/** `onWritten` gets the object as it is then. */
export function createObjectWriter(
  config: KubeConfig,
  { group, version, plural }: ResourceName,
  signal: AbortSignal,
  onWritten: (object: unknown) => void,
): ObjectWriter {
  const api = config.makeApiClient(CustomObjectsApi);
  const at = ({ metadata: { namespace, name } }: ClusterObject) => ({
    group,
    version,
    plural,
    namespace,
    name,
  });
  const as = (strategy: (typeof PatchStrategy)[keyof typeof PatchStrategy]) =>
    setHeaderOptions('Content-Type', strategy, within(signal));

  return {
    async setStatus(object, status) {
      const { uid } = object.metadata;
      const body = [
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'add', path: '/status', value: status },
      ];
      try {
        onWritten(
          await api.patchNamespacedCustomObjectStatus({ ...at(object), body }, as(PatchStrategy.JsonPatch)),
        );
      } catch (error) {
        if (!isOfAnother(error)) throw error;
      }
    },
    async setFinalizers(object, finalizers) {
      const { uid, resourceVersion } = object.metadata;
      const body = { metadata: { uid, resourceVersion, finalizers: [...finalizers] } };
      try {
        onWritten(
          await api.patchNamespacedCustomObject({ ...at(object), body }, as(PatchStrategy.MergePatch)),
        );
      } catch (error) {
        // What has gone meanwhile needs no finalizer.
        if (codeOf(error) !== 404) throw error;
      }
    },
  };
}

/** The object has gone, or another one has its name: the test of its uid failed. */
const isOfAnother = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 404 || (code === 422 && String(error).includes('/metadata/uid'));
};
