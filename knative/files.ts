/** Every rendered file, by its path under knative/. */
import { functions } from '../functions/index.ts';
import { definitionOf } from './crds/crd.ts';
import { kinds } from './crds/kinds.ts';
import { kustomization, nameReferences } from './kustomization.ts';
import { documentRoles, serviceAccount, theNamespace } from './objects/access.ts';
import { bindings, broker, clock, triggerOf } from './objects/broker.ts';
import { budgetOf, functionBudget } from './objects/disruption.ts';
import { functionService } from './objects/function-service.ts';
import { podMonitor, serviceMonitor } from './objects/monitoring.ts';
import { nats } from './objects/nats.ts';
import { dispatcherPolicy, functionPolicy, natsPolicy, sourcesPolicy } from './objects/network.ts';
import { scaledObject } from './objects/scaling.ts';
import { dispatcher, sources } from './objects/workload.ts';
import { yamlOf } from './yaml.ts';

/** The link of the example documents. */
const exampleLinks = ['photos_paris_tokyo', 'photos_tokyo_paris'];

/** A folder: its objects by file, and the kustomization that names them. */
const folder = (
  path: string,
  objects: Readonly<Record<string, readonly object[]>>,
  kustomized: Parameters<typeof kustomization>[0] = {},
): [string, string][] => {
  const resources = [...(kustomized.resources ?? []), ...Object.keys(objects)];
  return [
    [`${path}/kustomization.yaml`, yamlOf([kustomization({ ...kustomized, resources })])],
    ...Object.entries(objects).map(([file, all]): [string, string] => [`${path}/${file}`, yamlOf(all)]),
  ];
};

export const files: ReadonlyMap<string, string> = new Map([
  ...folder('crds', Object.fromEntries(kinds.map((kind) => [`${kind.plural}.yaml`, [definitionOf(kind)]]))),
  ...folder(
    'base',
    {
      'namespace.yaml': [theNamespace],
      'access.yaml': [serviceAccount('functions'), serviceAccount('nats'), ...documentRoles],
      'nats.yaml': [...nats, natsPolicy, budgetOf('nats')],
      'functions.yaml': [...functions.map(functionService), functionPolicy, functionBudget],
    },
    { resources: ['../crds'], configurations: ['name-references.yaml'] },
  ),
  ['base/name-references.yaml', yamlOf([nameReferences])],
  ...folder(
    'overlays/dispatcher',
    {
      'dispatcher.yaml': [
        serviceAccount('dispatcher'),
        ...dispatcher,
        dispatcherPolicy,
        budgetOf('dispatcher'),
      ],
    },
    { resources: ['../../base'] },
  ),
  ...folder(
    'overlays/broker',
    {
      'sources.yaml': [serviceAccount('sources'), ...sources, sourcesPolicy, budgetOf('sources')],
      'broker.yaml': [broker, ...functions.map(triggerOf), clock, ...bindings],
    },
    { resources: ['../../base'] },
  ),
  ...folder(
    'components/monitoring',
    { 'monitors.yaml': [serviceMonitor, podMonitor] },
    { isComponent: true },
  ),
  ...folder('components/keda', { 'scaling.yaml': [scaledObject(exampleLinks)] }, { isComponent: true }),
]);
