/** What the cluster's documents come to: one bad document holds up nobody but those that need it. */
import { expect, test } from 'vitest';
import { type ClusterObject, readObject } from '../../../../infra/cluster/cluster-object.ts';
import { type Plan, planOf } from '../../../../infra/cluster/plan.ts';
import { readSecret } from '../../../../infra/cluster/secrets.ts';

const namespace = 'causeway';
const metadata = (name: string, age = 0) => ({
  ...{ name, namespace, uid: name, resourceVersion: '1', generation: 1 },
  creationTimestamp: `2026-01-0${9 - age}T00:00:00Z`,
});

function made(kind: string, name: string, spec: object, age?: number): ClusterObject {
  const object = readObject({
    apiVersion: 'causeway.dev/v1alpha1',
    kind,
    metadata: metadata(name, age),
    spec,
  });
  if (!object) throw new Error('it is no object');
  return object;
}
const site = (name: string, spec: object = {}) =>
  made('Site', name, {
    s3: { endpoint: `https://s3.${name}.example` },
    credentials: { secretName: `${name}-keys` },
    ...spec,
  });
const rule = (name: string, [source, ...targets]: readonly string[], { age = 0, ...spec } = {}) =>
  made(
    'ReplicationRule',
    name,
    {
      source: { site: source, bucket: 'photos' },
      targets: targets.map((target) => ({ site: target, bucket: 'photos' })),
      ...spec,
    },
    age,
  );

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretOf = (name: string, data: Readonly<Record<string, string>>) =>
  readSecret({
    metadata: metadata(name),
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
  });

const plan = (
  sites: readonly ClusterObject[],
  rules: readonly ClusterObject[],
  secret: Parameters<typeof planOf>[0]['secret'] = (name) =>
    secretOf(name, { accessKeyId: 'id', secretAccessKey: 'secret' }),
): Promise<Plan> => planOf({ sites, rules, namespace, secret, environment: {} });
const running = ({ links }: Plan): string[] => links.map(({ id }) => id);
const problems = ({ sites, rules }: Plan): [string, string | undefined][] =>
  [...sites, ...rules].map(([key, { problem }]) => [key.split('/')[1] ?? '', problem?.reason]);

test('a target that is not ready holds up its own links only', async () => {
  const all = ['paris', 'tokyo', 'lima'];
  const planned = await plan(
    all.map((name) => site(name)),
    [rule('photos', all)],
    (name) =>
      name === 'lima-keys' ? undefined : secretOf(name, { accessKeyId: 'id', secretAccessKey: 's' }),
  );

  expect(running(planned)).toEqual(['photos_paris_tokyo']);
  expect(problems(planned)).toEqual([
    ['paris', undefined],
    ['tokyo', undefined],
    ['lima', 'SecretMissing'],
    ['photos', 'SiteNotReady'],
  ]);
});

test('what a site that is not ready feeds is still known to come from there', async () => {
  const sites = ['paris', 'tokyo', 'lima'].map((name) => site(name));
  const rules = [rule('first', ['paris', 'tokyo']), rule('second', ['tokyo', 'lima'])];
  const planned = await plan(sites, rules, (name) =>
    name === 'paris-keys' ? undefined : secretOf(name, { accessKeyId: 'id', secretAccessKey: 's' }),
  );

  expect(running(planned)).toEqual(['second_tokyo_lima']);
  expect(planned.links[0]?.origins).toEqual([{ site: 'paris', bucket: 'photos' }]);
});

test('of two rules that compete the one that was there first stays', async () => {
  const sites = ['paris', 'tokyo', 'lima'].map((name) => site(name));
  const planned = await plan(sites, [
    rule('a-later', ['lima', 'tokyo'], { age: 1 }),
    rule('z-first', ['paris', 'tokyo'], { age: 2 }),
  ]);

  expect(running(planned)).toEqual(['z-first_paris_tokyo']);
  expect(problems(planned).slice(3)).toEqual([
    ['z-first', undefined],
    ['a-later', 'Conflict'],
  ]);
});

test('of a Secret is said what it lacks, and that Secrets cannot be read', async () => {
  const without = await plan([site('paris')], [], (name) => secretOf(name, { accessKeyId: 'id' }));
  const [paris] = without.sites.values();
  expect(paris?.problem?.message).toContain('Secret paris-keys does not hold secretAccessKey');

  const unreadable = await plan([site('paris')], [], () => 'unreadable');
  expect(problems(unreadable)).toEqual([['paris', 'SecretsUnreadable']]);
});

test('the authority of a Secret is trusted where the document names no file', async () => {
  const secret = { accessKeyId: 'id', secretAccessKey: 'secret\n', 'ca.crt': 'PEM' };
  const planned = await plan([site('paris')], [], (name) => secretOf(name, secret));
  const access = planned.sites.get('causeway/paris')?.site?.access;

  expect(access?.ca).toBe('PEM');
  expect(access?.credentials.secretAccessKey.reveal()).toBe('secret');
});

test('a document that an older definition let through is refused in the words of a file', async () => {
  const planned = await plan([site('paris', { limits: {} })], []);

  expect(planned.sites.get('causeway/paris')?.problem).toEqual({
    reason: 'Invalid',
    message: 'spec.limits: limits are not in this version',
  });
});
