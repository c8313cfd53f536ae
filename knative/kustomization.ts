/** What kustomize reads of a folder. */

export interface Patch {
  /** Its name is a regular expression. Where there is none, nothing is changed. */
  readonly target: { readonly kind: string; readonly name: string };
  readonly patch: string;
}

export interface Kustomized {
  readonly resources?: readonly string[];
  /** Folders of components. */
  readonly components?: readonly string[];
  /** Files that teach kustomize about kinds that it does not know. */
  readonly configurations?: readonly string[];
  /** Changes to objects of others, as JSON patches. */
  readonly patches?: readonly Patch[];
  /** To be added to an overlay, where the cluster knows its kinds. */
  readonly isComponent?: boolean;
}

export const kustomization = ({
  resources = [],
  components = [],
  configurations = [],
  patches = [],
  isComponent = false,
}: Kustomized): object => ({
  apiVersion: isComponent ? 'kustomize.config.k8s.io/v1alpha1' : 'kustomize.config.k8s.io/v1beta1',
  kind: isComponent ? 'Component' : 'Kustomization',
  resources: [...resources],
  ...(components.length > 0 ? { components: [...components] } : {}),
  ...(configurations.length > 0 ? { configurations: [...configurations] } : {}),
  ...(patches.length > 0 ? { patches: [...patches] } : {}),
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
