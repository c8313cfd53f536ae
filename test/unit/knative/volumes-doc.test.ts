/** What knative/volumes.md shows can be applied. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { annotation } from '../../../infra/cluster/volumes/names.ts';
import { replicationRuleSchema } from '../../../infra/config/replication-rule.ts';
import { volumeReplicationSchema } from '../../../infra/config/volume-replication.ts';
import { optionsOf, restoreTask } from '../../../infra/volumes/tasks.ts';
import { links } from '../../e2e/rules.ts';
import { rules } from '../../e2e/volumes/world.ts';

const text = await readFile(new URL('../../../knative/volumes.md', import.meta.url), 'utf8');
const shown = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => parse(yaml));
const ofKind = (kind: string) => shown.filter((one) => one.kind === kind);

test('each VolumeReplication is one that the API server takes', () => {
  const documents = ofKind('VolumeReplication');
  expect(documents.map(({ metadata }) => metadata.name)).toEqual([
    'orders',
    'orders-back',
    'orders-for-tests',
  ]);
  for (const { metadata, ...document } of documents) {
    expect(metadata.namespace).toBe('shop');
    expect(() =>
      volumeReplicationSchema.parse({ ...document, metadata: { name: metadata.name } }),
    ).not.toThrow();
  }
});

test('the way back uses the repository of the way there', () => {
  const [there, back] = ofKind('VolumeReplication');

  expect(there.spec.repository.path).toBeUndefined();
  expect(back.spec.repository.path).toBe(`${there.metadata.namespace}/${there.metadata.name}`);
});

test('the rule is the one that the walk-throughs are tested with', () => {
  const [rule] = ofKind('ReplicationRule').map((document) => replicationRuleSchema.parse(document));
  const spec = { source: rule?.spec.source, scan: { every: '1s' } };

  expect(links({ name: 'volumes', sites: ['paris', 'tokyo'], bucket: 'volumes', spec })).toEqual(rules);
});

test('options and annotations that it names are there', () => {
  const flags = optionsOf(restoreTask).map(([words]) => words.split(' ')[0]);
  for (const [flag] of text.matchAll(/(?<= )--(?!from|help)[a-z-]+/g)) expect(flags).toContain(flag);
  for (const [name] of text.matchAll(/causeway\.dev\/quiesc[a-z-]+/g))
    expect(Object.values(annotation)).toContain(name);
});
