/**
 * In place of Knative Serving, which is not here: a Deployment of one pod for each Service, from its own template and with
 * the environment that Knative gives, and a gateway that carries requests to its pods, as Kourier does.
 */
import { z } from 'zod';
import { type HttpServer, serveHttp } from '../../infra/host/http-server.ts';
import type { Manifest } from '../k8s/apply.ts';

const serviceSchema = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({ env: z.array(z.unknown()), ports: z.array(z.looseObject({})) }),
        ]),
      }),
    }),
  }),
});

export const serviceLabel = 'serving.knative.dev/service';
export const isFunction = ({ apiVersion }: Manifest): boolean =>
  apiVersion.startsWith('serving.knative.dev/');

export function deploymentOf(service: Manifest): Manifest {
  const { template } = serviceSchema.parse(service).spec;
  const { name, namespace } = service.metadata;
  const { containerConcurrency, timeoutSeconds, responseStartTimeoutSeconds, containers, ...pod } =
    template.spec;
  const [container] = containers;
  const given = { PORT: '8080', K_SERVICE: name, K_REVISION: `${name}-00001`, K_CONFIGURATION: name };
  const env = [...container.env, ...Object.entries(given).map(([key, value]) => ({ name: key, value }))];
  const labels = { ...template.metadata.labels, [serviceLabel]: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: { [serviceLabel]: name } },
      template: { metadata: { labels }, spec: { ...pod, containers: [{ ...container, env }] } },
    },
  };
}

/** By the name of the function, the address of a pod of it that is ready. */
export function startKnativeGateway(
  host: string,
  podOf: (name: string) => string | undefined,
): Promise<HttpServer> {
  return serveHttp({ host, port: 80, mostBytes: 1024 * 1024 }, async ({ headers, body }) => {
    const [name = ''] = (headers.host ?? '').split('.');
    const address = podOf(name);
    if (!address) return { status: 503, body: 'no endpoint\n' };
    try {
      const answer = await fetch(`http://${address}:8080/`, {
        method: 'POST',
        headers: { 'content-type': String(headers['content-type']) },
        body: String(await body()),
      });
      const text = await answer.text();
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: text };
    } catch {
      return { status: 502, body: 'gone\n' };
    }
  });
}
