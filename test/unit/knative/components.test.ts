/** What KEDA, the Prometheus operator and Knative's sources are told: valid by their own schemas, about things that are there. */
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { ApiServerSource } from '@kubernetes-models/knative/sources.knative.dev/v1/ApiServerSource';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { expect, test } from 'vitest';
import { podMonitor, serviceMonitor } from '../../../knative/objects/monitoring.ts';
import { nameOf as componentName } from '../../../knative/objects/names.ts';
import { scaledObject } from '../../../knative/objects/scaling.ts';
import { groupSnapshotSource, snapshotSource } from '../../../knative/objects/snapshots.ts';
import { built, nameOf, ofKind } from './rendered.ts';

const scaling = scaledObject(['photos_paris_tokyo', 'photos_tokyo_paris']);

test('they are valid', () => {
  for (const model of [
    new ScaledObject(scaling),
    new ServiceMonitor(serviceMonitor),
    new PodMonitor(podMonitor),
    new ApiServerSource(snapshotSource),
    new ApiServerSource(groupSnapshotSource),
  ])
    expect(() => model.validate()).not.toThrow();
});

test('dispatchers are scaled by the consumer of each link', () => {
  expect(scaling.spec?.scaleTargetRef.name).toBe(componentName('dispatcher'));
  expect(scaling.spec?.triggers.map(({ metadata }) => metadata)).toMatchObject([
    { stream: 'CAUSEWAY', consumer: 'photos_paris_tokyo' },
    { stream: 'CAUSEWAY', consumer: 'photos_tokyo_paris' },
  ]);
});

test('NATS is asked where it listens', () => {
  const { natsServerMonitoringEndpoint = '' } = scaling.spec?.triggers[0]?.metadata ?? {};
  const [host = ''] = natsServerMonitoringEndpoint.split('.');

  expect(ofKind(built('overlays/dispatcher'), 'Service', 'v1').map(nameOf)).toContain(host);
});

test('snapshots and groups have a source each, since a cluster may not know groups', () => {
  const resources = (of: typeof snapshotSource) => of.spec?.resources.map(({ kind }) => kind);

  expect([snapshotSource, groupSnapshotSource].map(resources)).toEqual([
    ['VolumeSnapshot'],
    ['VolumeGroupSnapshot'],
  ]);
});

test('the token of their account is there for pods that others make', () => {
  const [account] = ofKind(built('components/snapshots'), 'ServiceAccount');

  expect(account).toMatchObject({ automountServiceAccountToken: true });
  expect(snapshotSource.spec?.serviceAccountName).toBe(account && nameOf(account));
});
