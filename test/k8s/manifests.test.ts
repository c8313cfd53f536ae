/**
 * The manifests on a real API server, as the README has them applied: made by kustomize, taken strictly, and the same
 * when they are applied again; their pods may run where the strictest of the Pod Security standards is enforced.
 */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppsV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { functions, receivers } from '../../functions/index.ts';
import { type Answered, type Applier, createApplier, inOrder, type Manifest } from './apply.ts';
import { type Cluster, setupMs, startCluster } from './cluster.ts';

const knative = fileURLToPath(new URL('../../knative/', import.meta.url));
/** With the components that serve there, and how many kinds of pod there are. */
const overlays = {
  dispatcher: {
    components: ['monitoring', 'keda', 'receiver', 'snapshots', 'groupsnapshots'],
    podKinds: functions.length + receivers.length + 2,
  },
  broker: {
    components: ['monitoring', 'snapshots', 'groupsnapshots'],
    podKinds: functions.length + 2,
  },
  controller: { components: ['monitoring'], podKinds: 2 },
} as const;
type Overlay = keyof typeof overlays;

let cluster: Cluster;
let applier: Applier;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-manifests-'));
  cluster = await startCluster();
  applier = createApplier(cluster.apiServer.admin);
  await cluster.define('eventing', 'serving', 'keda', 'monitoring');
}, setupMs);
afterAll(async () => {
  await applier?.close();
  await cluster?.stop();
  await rm(dir, { recursive: true, force: true });
});

const built = new Map<Overlay, Promise<Manifest[]>>();
function deployment(overlay: Overlay): Promise<Manifest[]> {
  const made = built.get(overlay) ?? build(overlay);
  built.set(overlay, made);
  return made;
}

/** The README's folder of one's own, with everything that it leaves to choose. */
async function build(overlay: Overlay): Promise<Manifest[]> {
  const readme = await readFile(join(knative, 'README.md'), 'utf8');
  const [, shown = ''] = /^```yaml\n([\s\S]*?)^```/m.exec(readme) ?? [];
  const at = (path: string) => relative(dir, join(knative, path));
  const chosen = overlays[overlay].components.map((name) => at(`components/${name}`));
  const named = '{ name: causeway-cluster, literals: [site=paris] }';
  const kustomization = shown
    .replace('configMapGenerator: [', `configMapGenerator: [${named}, `)
    .replace('../causeway/knative/overlays/dispatcher', at(`overlays/${overlay}`))
    .replace(/^# components: .*$/m, `components: ${JSON.stringify(chosen)}`);
  const patches = 'patches: [{ path: scaling.yaml }]';
  for (const line of ['components: [', patches, named]) expect(readme).toContain(line);
  await writeFile(
    join(dir, 'kustomization.yaml'),
    overlay === 'dispatcher' ? kustomization + patches : kustomization,
  );
  await writeFile(join(dir, 'nats.env'), 'user=causeway\npassword=0a1b2c\n');
  await writeFile(join(dir, 'sites.env'), 'PARIS_ACCESS_KEY_ID=paris\n');
  await copyFile(new URL('documents.yaml', import.meta.url), join(dir, 'causeway.yaml'));
  const links = spawnSync(process.execPath, [join(knative, 'keda.ts'), join(dir, 'causeway.yaml')]);
  await writeFile(join(dir, 'scaling.yaml'), links.stdout);
  return cluster.kustomized(dir);
}

const nameOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;

async function applyAll(objects: readonly Manifest[]): Promise<Map<string, Answered>> {
  const answers = new Map<string, Answered>();
  for (const object of inOrder(objects)) {
    answers.set(`${object.apiVersion} ${nameOf(object)}`, await applier.apply(object));
  }
  return answers;
}

const complaints = (answers: ReadonlyMap<string, Answered>): string[] =>
  [...answers].flatMap(([name, { status, object, warnings }]) => [
    ...(status === 200 || status === 201 ? [] : [`${name}: ${object.message}`]),
    ...warnings.map((words) => `${name}: ${words}`),
  ]);

const named = z.array(z.looseObject({ name: z.string() })).default([]);
const templateSchema = z.object({
  spec: z.object({
    template: z.object({ spec: z.looseObject({ volumes: named }) }),
    volumeClaimTemplates: z.array(z.object({ metadata: z.object({ name: z.string() }) })).default([]),
  }),
});

/** A pod as its template has it, with its claims; of a Knative Service, without what Knative itself reads. */
function podsOf(objects: readonly Manifest[], namespace: string): Manifest[] {
  return objects.flatMap((object) => {
    const parsed = templateSchema.safeParse(object);
    if (!parsed.success) return [];
    const { template, volumeClaimTemplates } = parsed.data.spec;
    const { containerConcurrency, timeoutSeconds, responseStartTimeoutSeconds, ...spec } = template.spec;
    const claims = volumeClaimTemplates.map(({ metadata: { name } }) => ({
      name,
      persistentVolumeClaim: { claimName: name },
    }));
    const metadata = { name: `${object.kind}-${object.metadata.name}`.toLowerCase(), namespace };
    const volumes = [...spec.volumes, ...claims];
    const own = { ...spec, volumes, serviceAccountName: 'default' };
    return [{ apiVersion: 'v1', kind: 'Pod', metadata, spec: own }];
  });
}

describe.each<Overlay>(['dispatcher', 'broker', 'controller'])('overlays/%s', (overlay) => {
  test('every object is taken, without a warning, and applied again nothing changes', async () => {
    const objects = await deployment(overlay);
    const before = await applyAll(objects);
    const again = await applyAll(objects);

    expect(complaints(before)).toEqual([]);
    // The API server itself writes the status of a definition, and nobody here that of another object.
    const versions = (answers: typeof before) =>
      [...answers].map(
        ([
          name,
          {
            object: { kind, metadata },
          },
        ]) => [name, kind === 'CustomResourceDefinition' ? metadata.generation : metadata.resourceVersion],
      );
    expect(versions(again)).toEqual(versions(before));
    expect(before.size).toBe(objects.length);
  });

  test('what is generated has its name wherever it is meant', async () => {
    const objects = await deployment(overlay);
    const text = JSON.stringify(objects);

    for (const generated of [
      'causeway-documents',
      'causeway-credentials',
      'causeway-nats',
      'causeway-cluster',
    ]) {
      const names = [...text.matchAll(new RegExp(`"name":"(${generated}(?:-[a-z0-9]{10})?)"`, 'g'))];
      const references = new Set(names.map(([, name]) => name));
      // The servers and their Services share one of the names.
      references.delete('causeway-nats');
      expect([...references]).toEqual([expect.stringMatching(/-[a-z0-9]{10}$/)]);
    }
  });

  test('every image of ours is the one that was chosen', async () => {
    const images = [...JSON.stringify(await deployment(overlay)).matchAll(/"image":"([^"]*)"/g)].map(
      ([, image = '']) => image,
    );

    expect(new Set(images.filter((image) => !image.startsWith('nats:')))).toEqual(
      new Set(['registry.example/causeway:0.1.0']),
    );
    expect(images).toHaveLength(overlays[overlay].podKinds);
  });

  test('its pods may run where `restricted` is enforced', async () => {
    const namespace = `restricted-${overlay}`;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await applier.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
    await applier.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
    const pods = podsOf(await deployment(overlay), namespace);

    for (const pod of pods) {
      const { status, object, warnings } = await applier.wouldCreate(pod);
      expect([nameOf(pod), status, object.message, warnings]).toEqual([nameOf(pod), 201, undefined, []]);
    }
    expect(pods).toHaveLength(overlays[overlay].podKinds);
  });
});

const takerSchema = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        automountServiceAccountToken: z.boolean(),
        containers: z.tuple([z.object({ env: z.array(z.looseObject({ name: z.string() })) })]),
      }),
    }),
  }),
});

test.each([
  ['dispatcher', 'causeway-dispatcher'],
  ['broker', 'causeway-sources'],
] as const)('in overlays/%s it is %s that takes what ApiServerSources tell', async (overlay, name) => {
  const objects = await deployment(overlay);
  const find = (kind: string, named: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === named);
  const { template } = takerSchema.parse(find('Deployment', name)).spec;

  for (const source of ['snapshots', 'groupsnapshots'])
    expect(find('ApiServerSource', source)).toMatchObject({
      spec: { sink: { ref: { kind: 'Service', name: 'causeway-snapshots' }, uri: '/snapshots' } },
    });
  const chosen = { 'causeway.dev/takes': 'snapshots' };
  expect(template.metadata.labels).toMatchObject(chosen);
  expect(find('Service', 'causeway-snapshots')).toMatchObject({ spec: { selector: chosen } });
  expect(find('NetworkPolicy', 'causeway-snapshots')).toMatchObject({
    spec: { podSelector: { matchLabels: chosen } },
  });
  expect(template.spec.automountServiceAccountToken).toBe(true);
  expect(template.spec.containers[0].env.map((variable) => variable.name)).toContain('CAUSEWAY_SITE');
});

test('what scales the dispatchers is not set back, nor in the way, when the manifests are applied again', async () => {
  const objects = await deployment('dispatcher');
  await applyAll(objects);
  const apps = cluster.apiServer.admin.makeApiClient(AppsV1Api);
  const at = { name: 'causeway-dispatcher', namespace: 'causeway' };
  const scale = await apps.readNamespacedDeploymentScale(at);
  await apps.replaceNamespacedDeploymentScale({ ...at, body: { ...scale, spec: { replicas: 7 } } });

  expect(complaints(await applyAll(objects))).toEqual([]);
  expect(objects.find(({ kind }) => kind === 'ScaledObject')).toMatchObject({
    spec: { triggers: [{ metadata: { consumer: 'photos_paris_tokyo' } }] },
  });
  expect((await apps.readNamespacedDeployment(at)).spec?.replicas).toBe(7);
});

test('what a definition does not know is refused', async () => {
  const answer = await applier.apply({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'wrong', namespace: 'causeway' },
    ...{ spec: { template: { spec: { containerConcurency: 1 } } } },
  });

  expect([answer.status, answer.object.message]).toEqual([
    expect.any(Number),
    expect.stringContaining('containerConcurency'),
  ]);
});
