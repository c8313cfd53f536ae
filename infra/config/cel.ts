/**
 * What a schema's refinement says, in the language of the Kubernetes API server (CEL): so that a custom resource is
 * refused where it is applied, in the words that a file would be refused with.
 */

export interface CelRule {
  /** `self` is the value; true where it is good. */
  readonly rule: string;
  readonly message: string;
}

/** Goes into a schema's meta, and from there into the CRD. */
export const celRules = (
  ...rules: readonly CelRule[]
): { readonly 'x-kubernetes-validations': readonly CelRule[] } => ({ 'x-kubernetes-validations': rules });
