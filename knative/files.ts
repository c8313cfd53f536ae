/** Every rendered file, by its path under knative/. */
import { definitionOf } from './crds/crd.ts';
import { kinds } from './crds/kinds.ts';
import { yamlOf } from './yaml.ts';

export const files: ReadonlyMap<string, string> = new Map(
  kinds.map((kind) => [`crds/${kind.plural}.yaml`, yamlOf([definitionOf(kind)])]),
);
