/** The Site document: one S3 endpoint, how to sign for it, and how it tells of changes. */
import { z } from 'zod';
import { celRules } from './cel.ts';
import { nameSchema } from './names.ts';
import { originSchema } from './origin.ts';
import { receiversSchema } from './receivers.ts';

export const apiVersion = 'causeway.dev/v1alpha1';

const endpointSchema = originSchema({
  example: 'https://s3.paris.example',
  credentials: 'name them under spec.credentials',
  path: 'buckets are named by rules',
});

const s3Schema = z.strictObject({
  endpoint: endpointSchema,
  region: z.string().min(1).max(64).default('us-east-1').describe('The region that requests are signed for.'),
  dialect: z.enum(['auto', 'minio']).default('auto').describe('How the store is spoken to; auto asks it.'),
});

const oneOf = 'must name exactly one of env, file and secretName';

const credentialsSchema = z
  .strictObject({
    env: z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_]*$/,
        'must be the beginning of two environment variables: PARIS reads PARIS_ACCESS_KEY_ID',
      )
      .optional()
      .describe('Prefix of the environment variables PREFIX_ACCESS_KEY_ID and PREFIX_SECRET_ACCESS_KEY.'),
    file: z.string().min(1).optional().describe('A credentials file as the AWS tools write it.'),
    secretName: nameSchema.optional().describe('A Secret with accessKeyId and secretAccessKey.'),
  })
  .transform(({ env, file, secretName }, context) => {
    if ([env, file, secretName].filter((given) => given !== undefined).length === 1) {
      if (env !== undefined) return { from: 'env', prefix: env } as const;
      if (file !== undefined) return { from: 'file', file } as const;
      if (secretName !== undefined) return { from: 'secret', secretName } as const;
    }
    context.addIssue({ code: 'custom', message: oneOf });
    return z.NEVER;
  })
  .meta({
    description: 'Where the keys of the site are.',
    ...celRules({
      rule: '[has(self.env), has(self.file), has(self.secretName)].filter(given, given).size() == 1',
      message: oneOf,
    }),
  });

/** `none`, or no field at all: the scan alone finds changes. */
const eventsSchema = z.preprocess(
  (given) => (given === 'none' ? {} : given),
  z
    .strictObject({
      minio: z.strictObject({ via: z.enum(['nats', 'webhook']).default('nats') }).optional(),
    })
    .transform(({ minio }) =>
      minio ? ({ from: 'minio', via: minio.via } as const) : ({ from: 'none' } as const),
    ),
);

const tlsSchema = z.strictObject({
  caFile: z.string().min(1).describe('Certificate authorities (PEM) to trust, beside the document.'),
});

/** What is needed to look for a site's keys and certificates, whatever else may be wrong with its document. */
export const siteAccessSchema = z.object({
  spec: z.object({
    s3: z.object({ endpoint: endpointSchema }),
    credentials: credentialsSchema,
    tls: tlsSchema.optional(),
    receivers: receiversSchema.default([]),
  }),
});

export type SiteAccessFields = z.infer<typeof siteAccessSchema>;

export const siteSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Site'),
  metadata: z.strictObject({
    name: nameSchema,
    labels: z.record(z.string().min(1).max(63), z.string().max(63)).default({}),
  }),
  spec: z
    .strictObject({
      s3: s3Schema,
      credentials: credentialsSchema,
      tls: tlsSchema.optional(),
      events: eventsSchema
        .prefault({})
        .describe('How the site tells of changes; without, the walk finds them.'),
      receivers: receiversSchema.default([]),
    })
    .meta(
      celRules({
        rule: "!has(self.tls) || self.s3.endpoint.startsWith('https:')",
        message: 'spec.tls.caFile: has no effect: spec.s3.endpoint is http, not https',
      }),
    ),
});

export type Site = z.infer<typeof siteSchema>;
