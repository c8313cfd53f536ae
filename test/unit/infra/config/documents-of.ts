/** Rules for tests, from the few fields a test is about. */
import { type ReplicationRule, replicationRuleSchema } from '../../../../infra/config/replication-rule.ts';
import { apiVersion } from '../../../../infra/config/site.ts';

type Given = Partial<Record<'direction' | 'priority' | 'scan' | 'deleteMarkers', unknown>> & {
  readonly filter?: {
    readonly prefix?: string;
    readonly exclude?: string[];
    readonly tags?: Record<string, string>;
  };
};

const place = (text: string): { site: string | undefined; bucket: string } => {
  const [site, bucket = 'photos'] = text.split('/');
  return { site, bucket };
};

/** Places are written site/bucket, or site alone for its bucket `photos`. */
export function ruleOf(name: string, source: string, targets: string[], given: Given = {}): ReplicationRule {
  const { filter, ...spec } = given;
  return replicationRuleSchema.parse({
    apiVersion,
    kind: 'ReplicationRule',
    metadata: { name },
    spec: { source: { ...place(source), ...filter }, targets: targets.map(place), ...spec },
  });
}
