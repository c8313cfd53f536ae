/** The kinds of document that Kubernetes knows, one entry each. */
import { replicationRuleSchema } from '../../infra/config/replication-rule.ts';
import {
  replicationRuleStatusSchema,
  siteStatusSchema,
  volumeReplicationStatusSchema,
} from '../../infra/config/resource-status.ts';
import { siteSchema } from '../../infra/config/site.ts';
import { volumeReplicationSchema } from '../../infra/config/volume-replication.ts';
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
  {
    kind: 'VolumeReplication',
    plural: 'volumereplications',
    shortNames: ['cwvol'],
    document: volumeReplicationSchema,
    status: volumeReplicationStatusSchema,
    description: 'Whose volume is brought to which site, when, and what becomes of it there.',
    columns: [
      { name: 'Source', type: 'string', jsonPath: '.spec.source.site' },
      { name: 'Destination', type: 'string', jsonPath: '.spec.destination.site' },
      { name: 'Method', type: 'string', jsonPath: '.spec.source.method', priority: 1 },
      { name: 'Last-Sync', type: 'date', jsonPath: '.status.lastSyncTime' },
      { name: 'Duration', type: 'string', jsonPath: '.status.lastSyncDuration', priority: 1 },
      { name: 'Next-Sync', type: 'string', jsonPath: '.status.nextSyncTime' },
      { name: 'Image', type: 'string', jsonPath: '.status.latestImage.name', priority: 1 },
    ],
  },
];
