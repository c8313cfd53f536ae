/** The rendered manifests, as objects. */
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { files } from '../../../knative/files.ts';

const labels = z.record(z.string(), z.string()).default({});
const securitySchema = z.object({
  runAsNonRoot: z.boolean(),
  runAsUser: z.number().optional(),
  readOnlyRootFilesystem: z.boolean(),
  allowPrivilegeEscalation: z.boolean(),
  capabilities: z.object({ drop: z.array(z.string()), add: z.undefined().optional() }),
  seccompProfile: z.object({ type: z.string() }),
});
const keyRef = z.object({ name: z.string(), key: z.string() });
const probe = z.object({ httpGet: z.object({ path: z.string() }) });
const resources = z.object({
  requests: z.object({ cpu: z.string(), memory: z.string() }),
  limits: z.object({ memory: z.string() }),
});
const containerSchema = z.object({
  name: z.string(),
  args: z.array(z.string()).default([]),
  command: z.array(z.string()).optional(),
  env: z
    .array(
      z.object({ name: z.string(), valueFrom: z.object({ secretKeyRef: keyRef.optional() }).optional() }),
    )
    .default([]),
  securityContext: securitySchema,
  readinessProbe: probe,
  livenessProbe: probe,
  resources,
});

const podSchema = z.object({
  serviceAccountName: z.string(),
  automountServiceAccountToken: z.boolean(),
  containers: z.array(containerSchema).min(1),
  initContainers: z.undefined().optional(),
  hostNetwork: z.undefined().optional(),
  containerConcurrency: z.number().optional(),
  timeoutSeconds: z.number().optional(),
  responseStartTimeoutSeconds: z.number().optional(),
});
export type Pod = z.infer<typeof podSchema>;

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), labels, annotations: labels }).optional(),
  spec: z.looseObject({}).optional(),
});
export type Rendered = z.infer<typeof objectSchema>;

const objectsIn = (text: string): Rendered[] =>
  parseAllDocuments(text).map((document) => objectSchema.parse(document.toJS()));

export const nameOf = ({ metadata }: Rendered): string => metadata?.name ?? '';
export const ofKind = (objects: readonly Rendered[], kind: string, group = ''): Rendered[] =>
  objects.filter((object) => object.kind === kind && object.apiVersion.startsWith(group));

/** What kustomize would build of a folder. */
export function built(folder: string): Rendered[] {
  const text = files.get(`${folder}/kustomization.yaml`);
  if (text === undefined) throw new Error(`${folder} has no kustomization`);
  const paths = z.array(z.string()).optional();
  const [{ resources = [], components = [] } = {}] = objectsIn(text).map((object) =>
    z.object({ resources: paths, components: paths }).parse(object),
  );
  return [...resources, ...components].flatMap((resource) => {
    const path = new URL(resource, `file:///${folder}/`).pathname.slice(1);
    const file = files.get(path);
    return file === undefined ? built(path) : objectsIn(file);
  });
}

export interface Template {
  readonly of: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: Pod;
}

const templateSchema = z.object({
  spec: z.object({ template: z.object({ metadata: z.object({ labels }), spec: podSchema }) }),
});

/** Everything that pods are made of. */
export const templates = (objects: readonly Rendered[]): Template[] =>
  objects
    .filter(
      ({ kind, apiVersion }) => /^(Deployment|StatefulSet)$/.test(kind) || apiVersion.startsWith('serving'),
    )
    .map((object) => {
      const { metadata, spec } = templateSchema.parse(object).spec.template;
      return { of: `${object.kind} ${nameOf(object)}`, labels: metadata.labels, pod: spec };
    });
