/** Every rendered file, by its path under knative/. */
import { functions, receivers } from '../functions/index.ts';
import { definitionOf } from './crds/crd.ts';
import { kinds } from './crds/kinds.ts';
import { kustomization, nameReferences } from './kustomization.ts';
import { documentRoles, serviceAccount, theNamespace } from './objects/access.ts';
import { bindings, broker, clock, triggerOf } from './objects/broker.ts';
import { controller, controllerAccess } from './objects/controller.ts';
import { budgetOf, functionBudget, receiverBudget } from './objects/disruption.ts';
import { functionService, receiverService } from './objects/function-service.ts';
import { podMonitor, serviceMonitor } from './objects/monitoring.ts';
import { nats } from './objects/nats.ts';
import {
  controllerPolicy,
  dispatcherPolicy,
  functionPolicy,
  natsPolicy,
  receiverPolicy,
  snapshotsPolicy,
  sourcesPolicy,
} from './objects/network.ts';
import { scaledObject, unscaled } from './objects/scaling.ts';
import {
  groupSnapshotSource,
  snapshotAccess,
  snapshotSink,
  snapshotSource,
  takesSnapshots,
} from './objects/snapshots.ts';
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
    'core',
    {
      'namespace.yaml': [theNamespace],
      'access.yaml': [serviceAccount('nats'), ...documentRoles],
      'nats.yaml': [...nats, natsPolicy, budgetOf('nats')],
    },
    { resources: ['../crds'] },
  ),
  ...folder(
    'base',
    {
      'functions.yaml': [
        serviceAccount('functions'),
        ...functions.map(functionService),
        functionPolicy,
        functionBudget,
      ],
    },
    { resources: ['../core'], configurations: ['name-references.yaml'] },
  ),
  ['base/name-references.yaml', yamlOf([nameReferences])],
  ...folder(
    'overlays/controller',
    {
      'access.yaml': [serviceAccount('controller'), ...controllerAccess],
      'controller.yaml': [...controller, controllerPolicy, budgetOf('controller')],
    },
    { resources: ['../../core'] },
  ),
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
  ...folder(
    'components/receiver',
    {
      'receiver.yaml': [
        serviceAccount('receiver'),
        ...receivers.map(receiverService),
        receiverPolicy,
        receiverBudget,
      ],
    },
    { configurations: ['name-references.yaml'], isComponent: true },
  ),
  ['components/receiver/name-references.yaml', yamlOf([nameReferences])],
  ...folder(
    'overlays/receiver',
    { 'namespace.yaml': [theNamespace] },
    { components: ['../../components/receiver'] },
  ),
  ...folder(
    'components/snapshots',
    {
      'access.yaml': [serviceAccount('snapshots', true), ...snapshotAccess],
      'source.yaml': [snapshotSource, snapshotSink, snapshotsPolicy],
    },
    { isComponent: true, patches: [takesSnapshots] },
  ),
  ...folder('components/groupsnapshots', { 'source.yaml': [groupSnapshotSource] }, { isComponent: true }),
  ...folder(
    'components/keda',
    { 'scaling.yaml': [scaledObject(exampleLinks)] },
    { isComponent: true, patches: [unscaled] },
  ),
]);
