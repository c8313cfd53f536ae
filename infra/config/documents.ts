/** The kinds of document there are, and a set of them that fits together. */
import { didYouMean } from './did-you-mean.ts';
import type { Finding } from './problems.ts';
import { type ReplicationRule, replicationRuleSchema } from './replication-rule.ts';
import { check } from './schema-findings.ts';
import { apiVersion, type Site, siteSchema } from './site.ts';
import type { SiteAccess } from './site-access.ts';

/** `access` is what the document names and the environment holds. */
export type LoadedSite = Site & { readonly access: SiteAccess };

export interface Documents {
  readonly sites: readonly LoadedSite[];
  readonly rules: readonly ReplicationRule[];
}

export type CheckedDocument =
  | { readonly site: Site }
  | { readonly rule: ReplicationRule }
  | { readonly findings: readonly Finding[] };

const kinds = ['Site', 'ReplicationRule'] as const;
const onKubernetes =
  'volumes are replicated on Kubernetes only: apply it there, and run causeway up --kubernetes';

/** One document by itself; `value` is what the YAML says. */
export function checkDocument(value: unknown): CheckedDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { findings: [{ path: [], message: `must be a mapping with apiVersion: ${apiVersion} and kind` }] };
  }
  const kind = 'kind' in value ? value.kind : undefined;
  switch (kind) {
    case 'Site': {
      const checked = check(siteSchema, kind, value);
      return 'value' in checked ? { site: checked.value } : checked;
    }
    case 'ReplicationRule': {
      const checked = check(replicationRuleSchema, kind, value);
      return 'value' in checked ? { rule: checked.value } : checked;
    }
    case 'VolumeReplication':
      return { findings: [{ path: ['kind'], message: onKubernetes }] };
    case undefined:
      return { findings: [{ path: ['kind'], message: `is missing: it is ${kinds.join(' or ')}` }] };
    default: {
      const hint = typeof kind === 'string' ? didYouMean(kind, kinds) : undefined;
      return { findings: [{ path: ['kind'], message: `must be ${kinds.join(' or ')}`, hint }] };
    }
  }
}
