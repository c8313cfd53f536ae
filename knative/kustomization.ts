/** What kustomize reads of a folder. */

export interface Kustomized {
  readonly resources?: readonly string[];
  /** Files that teach kustomize about kinds that it does not know. */
  readonly configurations?: readonly string[];
  /** To be added to an overlay, where the cluster knows its kinds. */
  readonly isComponent?: boolean;
}

export const kustomization = ({
  resources = [],
  configurations = [],
  isComponent = false,
}: Kustomized): object => ({
  apiVersion: isComponent ? 'kustomize.config.k8s.io/v1alpha1' : 'kustomize.config.k8s.io/v1beta1',
  kind: isComponent ? 'Component' : 'Kustomization',
  resources: [...resources],
  ...(configurations.length > 0 ? { configurations: [...configurations] } : {}),
});

const inServices = (path: string) => ({
  path: `spec/template/spec/${path}`,
  group: 'serving.knative.dev',
  kind: 'Service',
});

/** Generated ConfigMaps and Secrets carry a hash in their name: with it, what changes makes a new revision. */
export const nameReferences: object = {
  nameReference: [
    { kind: 'ConfigMap', version: 'v1', fieldSpecs: [inServices('volumes/configMap/name')] },
    {
      kind: 'Secret',
      version: 'v1',
      fieldSpecs: [
        inServices('containers/envFrom/secretRef/name'),
        inServices('containers/env/valueFrom/secretKeyRef/name'),
      ],
    },
  ],
};
