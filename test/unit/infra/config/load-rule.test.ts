import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../../../infra/config/load.ts';
import { renderProblem } from '../../../../infra/config/problems.ts';

const environment = { KEY_ACCESS_KEY_ID: 'AK', KEY_SECRET_ACCESS_KEY: 'sekret' };

const site = (name: string, endpoint = `https://${name}.example`): string => `---
{ apiVersion: causeway.dev/v1alpha1, kind: Site, metadata: { name: ${name} }, spec: { s3: { endpoint: "${endpoint}" }, credentials: { env: KEY } } }
`;
const sites = ['paris', 'tokyo', 'oslo'].map((name) => site(name)).join('');

/** A rule whose spec begins in line 5. */
const rule = (name: string, ...spec: string[]): string => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
${spec.map((line) => `  ${line}\n`).join('')}`;

const source = 'source: { site: paris, bucket: photos }';
const targets = 'targets: [{ site: tokyo, bucket: photos }]';

async function problemsOf(text: string): Promise<string[]> {
  const loaded = await readDocuments('f', text, environment);
  return loaded.ok ? [] : loaded.problems.map(renderProblem);
}

describe('a rule', () => {
  it.each<[string, string[], string]>([
    [
      'a site that is not there',
      [source, 'targets:', '  - bucket: photos', '    site: tokio'],
      'f:8:13: ReplicationRule r: spec.targets[0].site: there is no site "tokio"; did you mean "tokyo"?',
    ],
    [
      'a source site that is like none',
      ['source: { site: nowhere, bucket: photos }', targets],
      'f:5:19: ReplicationRule r: spec.source.site: there is no site "nowhere"',
    ],
    ['no targets', [source], 'f:4:1: ReplicationRule r: spec.targets: is missing'],
    [
      'an empty list of targets',
      [source, 'targets: []'],
      'f:6:12: ReplicationRule r: spec.targets: must name at least one target',
    ],
    [
      'a target without a bucket',
      [source, 'targets:', '  - site: oslo'],
      'f:7:7: ReplicationRule r: spec.targets[0].bucket: is missing',
    ],
    [
      'one target instead of a list',
      [source, 'targets: { site: tokyo, bucket: photos }'],
      'f:6:12: ReplicationRule r: spec.targets: must be a list, not a mapping',
    ],
    [
      'an unknown field in a target',
      [source, 'targets: [{ site: tokyo, bukcet: x, bucket: photos }]'],
      'f:6:28: ReplicationRule r: spec.targets[0].bukcet: unknown field; did you mean "bucket"?',
    ],
    [
      'the source as its target',
      [source, 'targets: [{ site: paris, bucket: photos }]'],
      'f:6:13: ReplicationRule r: spec.targets[0]: is the same bucket as spec.source',
    ],
    [
      'one site twice among its targets',
      [source, 'targets: [{ site: tokyo, bucket: photos }, { site: tokyo, bucket: other }]'],
      'f:6:54: ReplicationRule r: spec.targets[1].site: is the site of spec.targets[0] too; write a rule of its own for this bucket',
    ],
    [
      'its source site as a target of two-way',
      [source, 'targets: [{ site: paris, bucket: other }]', 'direction: two-way'],
      'f:6:21: ReplicationRule r: spec.targets[0].site: is the site of spec.source too; write a rule of its own for this bucket',
    ],
    [
      'a bucket name that is none',
      [source, 'targets: [{ site: tokyo, bucket: My_Photos }]'],
      'f:6:36: ReplicationRule r: spec.targets[0].bucket: is no bucket name: 3 to 63 of a-z, 0-9, - and ., with a letter or digit first and last',
    ],
    [
      'an address as a bucket name',
      [source, 'targets: [{ site: tokyo, bucket: 10.0.0.1 }]'],
      'f:6:36: ReplicationRule r: spec.targets[0].bucket: is no bucket name: it looks like an IP address',
    ],
    [
      'dots side by side in a bucket name',
      [source, 'targets: [{ site: tokyo, bucket: my..photos }]'],
      'f:6:36: ReplicationRule r: spec.targets[0].bucket: is no bucket name: a dot stands between letters or digits',
    ],
    [
      'a direction that is none',
      [source, targets, 'direction: both'],
      'f:7:14: ReplicationRule r: spec.direction: must be one-way or two-way',
    ],
    [
      'text for true or false',
      [source, targets, 'deleteMarkers: "yes"'],
      'f:7:18: ReplicationRule r: spec.deleteMarkers: must be true or false, not text',
    ],
    [
      'a priority that is not whole',
      [source, targets, 'priority: 1.5'],
      'f:7:13: ReplicationRule r: spec.priority: must be a whole number',
    ],
    [
      'a priority below zero',
      [source, targets, 'priority: -1'],
      'f:7:13: ReplicationRule r: spec.priority: must be at least 0',
    ],
    [
      'a scan without a unit',
      [source, targets, 'scan: { every: 60 }'],
      'f:7:18: ReplicationRule r: spec.scan.every: must be a duration such as 1m, 2s or 500ms, from 500ms to 24h',
    ],
    [
      'a tag that is a number',
      ['source: { site: paris, bucket: photos, tags: { year: 2024 } }', targets],
      'f:5:56: ReplicationRule r: spec.source.tags.year: must be text, not a number (put it in quotes)',
    ],
    [
      'an empty exclusion',
      ['source: { site: paris, bucket: photos, exclude: [""] }', targets],
      'f:5:52: ReplicationRule r: spec.source.exclude[0]: must not be empty',
    ],
    [
      'an exclusion of everything',
      ['source: { site: paris, bucket: photos, prefix: a/b/, exclude: [a/] }', targets],
      'f:5:66: ReplicationRule r: spec.source.exclude[0]: excludes everything that the rule is about',
    ],
    [
      'an exclusion that forgets the prefix',
      ['source: { site: paris, bucket: photos, prefix: live/, exclude: ["*.bak", "tmp/"] }', targets],
      'f:5:76: ReplicationRule r: spec.source.exclude[1]: excludes nothing: it is compared with whole keys, and the rule\'s begin with "live/"; did you mean "live/tmp/"?',
    ],
    [
      'a mode that is not in this version',
      [source, targets, 'mode: metadata-only'],
      'f:7:9: ReplicationRule r: spec.mode: metadata-only is not in this version: mode is full',
    ],
    [
      'placement, which is not in this version',
      [source, targets, 'placement: { copies: 2 }'],
      'f:7:3: ReplicationRule r: spec.placement: placement is not in this version: list the targets under spec.targets',
    ],
  ])('with %s is refused', async (_, spec, expected) => {
    expect(await problemsOf(rule('r', ...spec) + sites)).toEqual([expected]);
  });

  it('is told of a missing site even where it has other faults', async () => {
    const text = rule('r', source, 'targets: [{ site: tokio, bucket: X }]', 'prority: 2');

    expect(await problemsOf(text + sites)).toEqual([
      'f:6:21: ReplicationRule r: spec.targets[0].site: there is no site "tokio"; did you mean "tokyo"?',
      'f:6:36: ReplicationRule r: spec.targets[0].bucket: is no bucket name: 3 to 63 of a-z, 0-9, - and ., with a letter or digit first and last',
      'f:7:3: ReplicationRule r: spec.prority: unknown field; did you mean "priority"?',
    ]);
  });

  it('is not blamed for a site whose own document is wrong', async () => {
    const broken = '---\nkind: Site\nmetadata: { name: tokyo }\n';

    const problems = await problemsOf(rule('r', source, targets) + site('paris') + broken);

    expect(problems.filter((problem) => problem.includes('ReplicationRule'))).toEqual([]);
  });

  it('is refused where two names of one endpoint make its target the source', async () => {
    const text =
      rule('r', source, targets) + site('paris', 'http://10.0.0.1') + site('tokyo', 'http://10.0.0.1:80/');

    expect(await problemsOf(text)).toEqual([
      'f:6:13: ReplicationRule r: spec.targets[0]: is the same bucket as spec.source (paris and tokyo have one endpoint)',
    ]);
  });

  it('may copy to another bucket of its own site, one-way', async () => {
    expect(await problemsOf(rule('r', source, 'targets: [{ site: paris, bucket: copy }]') + sites)).toEqual(
      [],
    );
  });

  it('may be two-way with a prefix and several targets', async () => {
    const text = rule(
      'r',
      'source: { site: paris, bucket: photos, prefix: live/ }',
      'targets: [{ site: tokyo, bucket: photos }, { site: oslo, bucket: backup }]',
      'direction: two-way',
    );

    expect(await problemsOf(text + sites)).toEqual([]);
  });
});

describe('two rules', () => {
  const second = (...spec: string[]): string => `---\n${rule('second', ...spec)}`;
  const both = (...spec: string[]): string => rule('first', source, targets) + second(...spec) + sites;
  const fromOslo = 'source: { site: oslo, bucket: photos }';

  it('that write the same keys to one bucket are refused', async () => {
    expect(await problemsOf(both(fromOslo, targets))).toEqual([
      'f:13:13: ReplicationRule second: spec.targets[0]: rule first writes to tokyo/photos too, with an overlapping filter; give one rule the higher priority, or part them by prefix, exclude or tags',
    ]);
  });

  it('that join the same two buckets both ways are refused', async () => {
    const twoWay = rule('first', source, targets, 'direction: two-way');
    const back = second(
      'source: { site: tokyo, bucket: photos }',
      'targets: [{ site: paris, bucket: photos }]',
      'direction: two-way',
    );

    expect((await problemsOf(twoWay + back + sites)).map((problem) => problem.slice(0, 50))).toEqual([
      'f:13:11: ReplicationRule second: spec.source: rule',
      'f:14:13: ReplicationRule second: spec.targets[0]: ',
    ]);
  });

  it.each<[string, string[]]>([
    ['one has the higher priority', [fromOslo, targets, 'priority: 2']],
    ['one has the lower priority', [fromOslo, targets, 'priority: 0']],
    ['the targets are different buckets', [fromOslo, 'targets: [{ site: tokyo, bucket: other }]']],
    [
      'the second leads on from the first',
      ['source: { site: tokyo, bucket: photos }', 'targets: [{ site: oslo, bucket: photos }]'],
    ],
    [
      'the second leads back',
      ['source: { site: tokyo, bucket: photos }', 'targets: [{ site: paris, bucket: photos }]'],
    ],
  ])('may be where %s', async (_, spec) => {
    expect(await problemsOf(both(...spec))).toEqual([]);
  });

  it('may both be two-way and meet at a bucket', async () => {
    const ring = ['paris tokyo', 'tokyo oslo', 'oslo paris'].map((pair, index) => {
      const [from, to] = pair.split(' ');
      const spec = [
        `source: { site: ${from}, bucket: photos }`,
        `targets: [{ site: ${to}, bucket: photos }]`,
      ];
      return `---\n${rule(`r${index}`, ...spec, 'direction: two-way')}`;
    });

    expect(await problemsOf(ring.join('') + sites)).toEqual([]);
  });

  it('may not have one name', async () => {
    const other = rule('r', source, 'targets: [{ site: oslo, bucket: photos }]');

    expect(await problemsOf(`${rule('r', source, targets)}---\n${other}${sites}`)).toEqual([
      'f:10:19: ReplicationRule r: metadata.name: the name is taken by the ReplicationRule at f:3',
    ]);
  });
});
