/** The overlays: complete in themselves, one Service for each function, one Trigger for each type, and no rights. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { catalogue, eventTypes } from '../../../events/catalogue.ts';
import { functions, receivers } from '../../../functions/index.ts';
import { own } from '../../../knative/objects/names.ts';
import { scaleOf } from '../../../knative/objects/scale.ts';
import { built, nameOf, ofKind, type Rendered, templates } from './rendered.ts';

const withFunctions = ['overlays/dispatcher', 'overlays/broker'];
const overlays = [
  ...withFunctions.map((folder) => ({ folder, names: functions.map(({ name }) => name) })),
  { folder: 'overlays/receiver', names: receivers.map(({ name }) => name) },
];
const refSchema = z.object({ name: z.string(), apiVersion: z.string().optional() });
const references = (
  value: unknown,
  key: string,
  isMeant = (_: z.infer<typeof refSchema>): boolean => true,
): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [refSchema.parse(inner)].filter(isMeant).map((ref) => ref.name) : []),
    ...references(inner, key, isMeant),
  ]);
};
const selects = (object: Rendered, labels: Readonly<Record<string, string>>): boolean => {
  const selector = z.object({ matchLabels: z.record(z.string(), z.string()) });
  const { podSelector, selector: plain } = z
    .object({ podSelector: selector.optional(), selector: selector.optional() })
    .parse(object.spec);
  const wanted = Object.entries((podSelector ?? plain)?.matchLabels ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
};

describe.each(overlays)('$folder', ({ folder, names }) => {
  const objects = built(folder);
  const pods = templates(objects);

  test('every function has its Service, and no other has', () => {
    const services = ofKind(objects, 'Service', 'serving.knative.dev');

    expect(services.map(nameOf)).toEqual(names);
    for (const name of names) {
      const service = pods.find(({ of }) => of === `Service ${name}`);
      expect(service?.pod).toMatchObject({
        containerConcurrency: scaleOf(name).concurrency,
        responseStartTimeoutSeconds: service?.pod.timeoutSeconds,
        containers: [
          { args: [`/app/${name}.mjs`], readinessProbe: { httpGet: { path: '/health/readiness' } } },
        ],
      });
      expect(service?.pod.timeoutSeconds).toBeLessThanOrEqual(600);
    }
  });

  test.each(pods)('$of: not root, nothing to write on, no capabilities, no token', ({ pod }) => {
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(securityContext.runAsUser).toBeGreaterThan(0);
    }
  });

  test.each(pods)('$of: a policy, a budget and an account are there for it', ({ pod, labels }) => {
    expect(ofKind(objects, 'NetworkPolicy').filter((policy) => selects(policy, labels))).toHaveLength(1);
    expect(ofKind(objects, 'PodDisruptionBudget').filter((budget) => selects(budget, labels))).toHaveLength(
      1,
    );
    expect(ofKind(objects, 'ServiceAccount').map(nameOf)).toContain(pod.serviceAccountName);
  });

  test('no account has a role', () => {
    expect(objects.filter(({ kind }) => kind.endsWith('Binding') && kind !== 'SinkBinding')).toEqual([]);
  });

  test('what it names is there, or made by whoever deploys', () => {
    const there = (kind: string): string[] => ofKind(objects, kind).map(nameOf);

    for (const name of references(objects, 'secretKeyRef')) expect(Object.values(own)).toContain(name);
    for (const name of references(objects, 'secretRef')) expect(Object.values(own)).toContain(name);
    for (const name of references(objects, 'configMap'))
      expect([...Object.values(own), ...there('ConfigMap')]).toContain(name);
    for (const name of references(objects, 'ref'))
      expect([...there('Service'), ...there('Broker')]).toContain(name);
  });

  test('no two objects have one name', () => {
    const ids = objects.map((object) => `${object.apiVersion} ${object.kind} ${nameOf(object)}`);

    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe.each(withFunctions)('%s', (folder) => {
  test('NATS has three servers, and streams are on all of them', () => {
    const objects = built(folder);
    const pods = templates(objects);
    const [nats] = ofKind(objects, 'StatefulSet');

    expect(nats?.spec?.replicas).toBe(3);
    for (const { of, pod } of pods.filter((template) => !template.of.startsWith('StatefulSet')))
      expect([of, pod.containers[0]?.env]).toEqual([
        of,
        expect.arrayContaining([expect.objectContaining({ name: 'CAUSEWAY_NATS_REPLICAS' })]),
      ]);
  });
});

describe('the Broker', () => {
  const triggerSchema = z.object({
    filters: z.tuple([z.object({ any: z.array(z.object({ exact: z.object({ type: z.string() }) })) })]),
    subscriber: z.object({ ref: z.object({ kind: z.literal('Service'), name: z.string() }) }),
    delivery: z.object({
      retry: z.number(),
      timeout: z.string(),
      deadLetterSink: z.object({ uri: z.literal('/undelivered') }),
    }),
  });
  const triggers = ofKind(built('overlays/broker'), 'Trigger').map(({ spec }) => triggerSchema.parse(spec));

  const taken = eventTypes.filter((type) => functions.some(({ name }) => name === catalogue[type].handledBy));

  test.each(taken)('%s has its Trigger', (type) => {
    const takers = triggers.filter(({ filters: [{ any }] }) => any.some(({ exact }) => exact.type === type));

    expect(takers.map(({ subscriber }) => subscriber.ref.name)).toEqual([catalogue[type].handledBy]);
  });

  test('a Trigger waits as long as its function may take', () => {
    for (const { subscriber, delivery } of triggers)
      expect(delivery.timeout).toBe(`PT${scaleOf(subscriber.ref.name).seconds}S`);
  });

  test('what delivers its events, in the namespace, may reach NATS and the dead-letter sink', () => {
    const filter = { 'eventing.knative.dev/broker': 'causeway', 'eventing.knative.dev/role': 'filter' };
    const policies = ofKind(built('overlays/broker'), 'NetworkPolicy').filter(({ spec }) =>
      JSON.stringify(spec).includes(JSON.stringify({ podSelector: { matchLabels: filter } })),
    );

    expect(policies.map(nameOf).toSorted()).toEqual(['causeway-nats', 'causeway-sources']);
  });

  test('whatever publishes is told where it is', () => {
    const bound = ofKind(built('overlays/broker'), 'SinkBinding').map(({ spec }) => spec?.subject);

    expect(bound).toMatchObject([
      { kind: 'Deployment', name: 'causeway-sources' },
      { kind: 'Service', selector: { matchLabels: { 'causeway.dev/role': 'function' } } },
    ]);
  });
});

test('a Service of Kubernetes that is a sink listens at port 80, where Knative looks for it', () => {
  const objects = ['overlays/broker', 'components/snapshots', 'components/groupsnapshots'].flatMap(built);
  const sinks = references(objects, 'ref', (ref) => ref.apiVersion === 'v1');

  expect(new Set(sinks)).toEqual(new Set(['causeway-sources', 'causeway-snapshots']));
  for (const sink of sinks)
    expect(ofKind(objects, 'Service', 'v1').find((service) => nameOf(service) === sink)?.spec).toMatchObject({
      ports: expect.arrayContaining([expect.objectContaining({ port: 80, targetPort: 'http' })]),
    });
});

test('a receiver is told nothing of NATS or of a Broker', () => {
  const [service] = templates(built('overlays/receiver'));

  expect(service?.pod.containers[0]?.env.map(({ name }) => name)).toEqual(['CAUSEWAY_DOCUMENTS']);
  expect(service?.labels).not.toMatchObject({ 'causeway.dev/role': 'function' });
});

test('with the dispatcher nothing is bound to a Broker, and the clock is its own', () => {
  const objects = built('overlays/dispatcher');

  expect(['Broker', 'Trigger', 'SinkBinding', 'PingSource'].flatMap((kind) => ofKind(objects, kind))).toEqual(
    [],
  );
});
