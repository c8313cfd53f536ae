/** Links for tests, from documents as a user writes them. */
import type { Link } from '../../functions/ports.ts';
import { linksOf } from '../../infra/config/links.ts';
import { replicationRuleSchema } from '../../infra/config/replication-rule.ts';

interface RuleOptions {
  readonly name?: string;
  readonly sites: readonly string[];
  readonly bucket: string;
  readonly direction?: 'one-way' | 'two-way';
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function rule({ name = 'photos', sites, bucket, direction = 'two-way', spec = {} }: RuleOptions) {
  const [source, ...targets] = sites;
  return replicationRuleSchema.parse({
    apiVersion: 'causeway.dev/v1alpha1',
    kind: 'ReplicationRule',
    metadata: { name },
    spec: {
      source: { site: source, bucket },
      targets: targets.map((site) => ({ site, bucket })),
      direction,
      scan: { every: '2s' },
      ...spec,
    },
  });
}

export const links = (...rules: readonly RuleOptions[]): Link[] => linksOf({ rules: rules.map(rule) });
