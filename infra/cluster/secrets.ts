/** Secrets of the controller's own namespace: of each, only what a Site may need is kept. */
import type { V1PolicyRule } from '@kubernetes/client-node';
import { z } from 'zod';
import { credentialsFromSecret, type FoundCredentials } from '../config/credentials.ts';
import { Secret } from '../config/secret.ts';
import type { Named } from './cluster-object.ts';

export const secretResource = { group: '', version: 'v1', plural: 'secrets' } as const;

export const secretRights: readonly V1PolicyRule[] = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
];

export interface SiteSecret extends Named {
  readonly credentials: FoundCredentials;
  /** PEM, from its `ca.crt`: for a site whose document names no file. */
  readonly ca: string | undefined;
  /** Of a receiver. */
  readonly token: Secret | undefined;
}

const secretSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
  }),
  data: z.record(z.string(), z.string()).nullish(),
});

const wanted = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'ca.crt', 'token'];

export function readSecret(value: unknown): SiteSecret | undefined {
  const { data: parsed } = secretSchema.safeParse(value);
  if (!parsed) return undefined;
  const fields = new Map(
    wanted.flatMap((name): [string, string][] => {
      const encoded = parsed.data?.[name];
      // A line break at the end comes with keys that were written to a file first.
      return encoded ? [[name, Buffer.from(encoded, 'base64').toString('utf8').trim()]] : [];
    }),
  );
  const token = fields.get('token');
  return {
    metadata: parsed.metadata,
    credentials: credentialsFromSecret(fields),
    ca: fields.get('ca.crt'),
    token: token === undefined ? undefined : new Secret(token),
  };
}

/** Changes when what is in it does; tells nothing of it. */
export const fingerprintOf = (access: {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: Secret;
    readonly sessionToken: Secret | undefined;
  };
  readonly ca: string | undefined;
  readonly receivers: readonly { readonly url: string; readonly token: Secret }[];
}): string[] => [
  access.credentials.accessKeyId,
  access.credentials.secretAccessKey.reveal(),
  access.credentials.sessionToken?.reveal() ?? '',
  access.ca ?? '',
  ...access.receivers.flatMap(({ url, token }) => [url, token.reveal()]),
];
