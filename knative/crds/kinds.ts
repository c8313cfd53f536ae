/** The kinds of document that Kubernetes knows, one entry each. */
import { replicationRuleSchema } from '../../infra/config/replication-rule.ts';
import { replicationRuleStatusSchema, siteStatusSchema } from '../../infra/config/resource-status.ts';
import { siteSchema } from '../../infra/config/site.ts';
import type { Kind } from './crd.ts';

export const kinds: readonly Kind[] = [
  {
    kind: 'Site',
    plural: 'sites',
    shortNames: ['cwsite'],
    document: siteSchema,
    status: siteStatusSchema,
    description: 'One S3 endpoint, how to sign for it, and how it tells of changes.',
    columns: [
      { name: 'Endpoint', type: 'string', jsonPath: '.spec.s3.endpoint' },
      { name: 'Dialect', type: 'string', jsonPath: '.status.dialect', priority: 1 },
    ],
  },
  {
    kind: 'ReplicationRule',
    plural: 'replicationrules',
    shortNames: ['cwrule'],
    document: replicationRuleSchema,
    status: replicationRuleStatusSchema,
    description: 'Which versions of which bucket go where, and how.',
    columns: [
      { name: 'Site', type: 'string', jsonPath: '.spec.source.site' },
      { name: 'Bucket', type: 'string', jsonPath: '.spec.source.bucket' },
      { name: 'Direction', type: 'string', jsonPath: '.spec.direction' },
      { name: 'Backlog', type: 'integer', jsonPath: '.status.backlog' },
    ],
  },
];
