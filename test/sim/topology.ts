/** The graphs of sites that worlds have, as the documents that a user would write. */

import type { Link } from '../../functions/ports.ts';
import { linksOf } from '../../infra/config/links.ts';
import { replicationRuleSchema } from '../../infra/config/replication-rule.ts';

export interface Topology {
  readonly name: string;
  readonly sites: readonly string[];
  /** Where clients write. */
  readonly origins: readonly string[];
  readonly links: readonly Link[];
}

export const bucket = 'photos';

const topology = (
  name: string,
  sites: readonly string[],
  origins: readonly string[],
  rules: readonly { direction: 'one-way' | 'two-way'; source: string; targets: readonly string[] }[],
): Topology => ({
  name,
  sites,
  origins,
  links: linksOf({
    rules: rules.map(({ direction, source, targets }, index) =>
      replicationRuleSchema.parse({
        apiVersion: 'causeway.dev/v1alpha1',
        kind: 'ReplicationRule',
        metadata: { name: `rule${index}` },
        spec: {
          source: { site: source, bucket },
          targets: targets.map((site) => ({ site, bucket })),
          direction,
          scan: { every: '15s' },
        },
      }),
    ),
  }),
});

export const topologies = {
  pair: topology(
    'two-way pair',
    ['a', 'b'],
    ['a', 'b'],
    [{ direction: 'two-way', source: 'a', targets: ['b'] }],
  ),
  oneWay: topology('one-way', ['a', 'b'], ['a'], [{ direction: 'one-way', source: 'a', targets: ['b'] }]),
  chain: topology(
    'one-way chain',
    ['a', 'b', 'c'],
    ['a'],
    [
      { direction: 'one-way', source: 'a', targets: ['b'] },
      { direction: 'one-way', source: 'b', targets: ['c'] },
    ],
  ),
  mesh: topology(
    'two-way mesh',
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    [{ direction: 'two-way', source: 'a', targets: ['b', 'c'] }],
  ),
  path: topology(
    'two-way path',
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    [
      { direction: 'two-way', source: 'a', targets: ['b'] },
      { direction: 'two-way', source: 'b', targets: ['c'] },
    ],
  ),
} as const;
