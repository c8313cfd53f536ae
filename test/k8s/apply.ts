/** Gives objects to an API server as `kubectl apply --server-side` does, strictly, and hears what it warns of. */
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { vi } from 'vitest';
import { z } from 'zod';

export const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

const first = ['CustomResourceDefinition', 'Namespace', 'ServiceAccount', 'StorageClass'];
const rank = ({ kind }: Manifest): number => (first.includes(kind) ? first.indexOf(kind) : first.length);
/** As kubectl: what others need comes before them. */
export const inOrder = (objects: readonly Manifest[]): Manifest[] =>
  objects.toSorted((a, b) => rank(a) - rank(b));

export interface Answered {
  /** 200 or 201, where it was taken. */
  readonly status: number;
  /** What the API server made of it, or its Status that says why not. */
  readonly object: z.infer<typeof answeredSchema>;
  /** Without what stands before the words. */
  readonly warnings: readonly string[];
}

export interface Applier {
  apply(object: Manifest): Promise<Answered>;
  /** Whether it would be created; nothing is. */
  wouldCreate(object: Manifest): Promise<Answered>;
  close(): Promise<void>;
}

const resourcesSchema = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })).default([]),
});
const answeredSchema = z.looseObject({
  kind: z.string(),
  message: z.string().optional(),
  metadata: z.looseObject({ resourceVersion: z.string().optional(), generation: z.number().optional() }),
});

export function createApplier(config: KubeConfig): Applier {
  const { server, caData } = config.getCurrentCluster() ?? {};
  const dispatcher = new Agent({ connect: { ca: Buffer.from(caData ?? '', 'base64') } });
  const headers = { authorization: `Bearer ${config.getCurrentUser()?.token}` };

  /** A definition that was just made is not served at once. */
  const pathOf = ({ apiVersion, kind, metadata }: Manifest): Promise<string> =>
    vi.waitFor(
      async () => {
        const at = `${server}/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
        const { body } = await request(at, { dispatcher, headers });
        const { resources } = resourcesSchema.parse(await body.json());
        const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
        if (!found) throw new Error(`the API server knows no ${kind} of ${apiVersion}`);
        return `${at}${found.namespaced ? `/namespaces/${metadata.namespace}` : ''}/${found.name}`;
      },
      { timeout: 10_000, interval: 100 },
    );

  async function send(
    method: 'PATCH' | 'POST',
    url: string,
    contentType: string,
    object: Manifest,
  ): Promise<Answered> {
    const answer = await request(url, {
      method,
      dispatcher,
      headers: { ...headers, 'content-type': contentType },
      body: JSON.stringify(object),
    });
    const { warning = [] } = answer.headers;
    const warnings = [warning].flat().map((words) => words.replace(/^299 \S+ /, ''));
    return { status: answer.statusCode, object: answeredSchema.parse(await answer.body.json()), warnings };
  }

  return {
    apply: async (object) =>
      send(
        'PATCH',
        `${await pathOf(object)}/${object.metadata.name}?fieldManager=kubectl&fieldValidation=Strict`,
        'application/apply-patch+yaml',
        object,
      ),
    wouldCreate: async (object) =>
      send('POST', `${await pathOf(object)}?dryRun=All&fieldValidation=Strict`, 'application/json', object),
    close: () => dispatcher.close(),
  };
}
