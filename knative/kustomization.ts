/** What kustomize reads of a folder. */

export interface Kustomized {
  readonly resources?: readonly string[];
  /** To be added to an overlay, where the cluster knows its kinds. */
  readonly isComponent?: boolean;
}

export const kustomization = ({ resources = [], isComponent = false }: Kustomized): object => ({
  apiVersion: isComponent ? 'kustomize.config.k8s.io/v1alpha1' : 'kustomize.config.k8s.io/v1beta1',
  kind: isComponent ? 'Component' : 'Kustomization',
  resources: [...resources],
});
