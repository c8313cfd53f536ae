/** `causeway diff` at two real sites: nothing where they agree, every difference where they do not. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rootClient } from '../../infra/sites/setup.ts';
import { credentialsOf } from './causeway-process.ts';
import { type Finished, runCommand } from './run-command.ts';
import { siteDocuments } from './site-documents.ts';
import { startWorld, type World } from './world.ts';

const Bucket = 'photos';
let world: World;
let paris: S3Client;
let tokyo: S3Client;
/** Each test has a rule of its own, for keys of its own. */
let prefix = '';
let file = '';
let count = 0;

beforeAll(async () => {
  world = await startWorld(['paris', 'tokyo'], [{ name: Bucket }]);
  const [one, other] = world.embedded.sites.map(({ server }) => rootClient(server));
  if (!one || !other) throw new Error('a site is missing');
  [paris, tokyo] = [one, other];
});
afterAll(async () => {
  for (const client of [paris, tokyo]) client?.destroy();
  await world?.stop();
});
beforeEach(() => documents());

async function documents(...spec: readonly string[]): Promise<void> {
  count += 1;
  prefix = `test-${count}/`;
  file = join(world.dir, `causeway-${count}.yaml`);
  await writeFile(file, siteDocuments(world.embedded, { name: 'photos', prefix, spec }));
}

const diff = (...args: readonly string[]): Promise<Finished> =>
  runCommand(['diff', 'photos', '-f', file, ...args], credentialsOf(world.embedded));

async function jsonLines(...args: readonly string[]) {
  const { code, stdout } = await diff(...args, '--json');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { code, found: lines.slice(0, -1), summary: lines.at(-1) };
}

async function put(site: S3Client, name: string, more: Partial<PutObjectCommandInput> = {}): Promise<string> {
  const { VersionId } = await site.send(
    new PutObjectCommand({ Bucket, Key: prefix + name, Body: name, ...more }),
  );
  return VersionId ?? 'null';
}

const remove = (site: S3Client, name: string, VersionId?: string) =>
  site.send(new DeleteObjectCommand({ Bucket, Key: prefix + name, VersionId }));

/** Every version at paris, oldest first, as Causeway would write it. */
async function replicate(): Promise<void> {
  const [source, target] = [world.store('paris'), world.store('tokyo')];
  const { versions } = await source.list(Bucket, { prefix, limit: 1000 });
  for (const { key, versionId, marker, modified } of versions.toReversed()) {
    const ref = { bucket: Bucket, key, versionId };
    const content = marker ? undefined : await source.read(ref);
    if (content) await target.write(ref, { ...content, facts: { ...content.facts, modified } });
    else await target.putMarker(ref, modified);
  }
}

describe('sites that agree', () => {
  test('have no difference, deep or not, and exit 0', async () => {
    for (const tag of ['one', 'two']) await put(paris, 'a b&ü.txt', { Body: tag, Tagging: `turn=${tag}` });
    await put(paris, 'empty', { Body: Buffer.alloc(0) });
    await put(paris, 'gone', {
      Metadata: { colour: 'grün' },
      CacheControl: 'no-store',
      Expires: new Date(2e12),
    });
    await remove(paris, 'gone');
    await replicate();

    const { code, found, summary } = await jsonLines('--deep');
    const forPeople = await diff();

    expect(found).toEqual([]);
    expect(summary).toMatchObject({ equal: true, rule: 'photos', deep: true, versions: 5, differences: 0 });
    expect(summary.bytesRead).toBe(2 * ('one'.length + 'two'.length + 'gone'.length));
    expect(code).toBe(0);
    expect(forPeople).toMatchObject({
      code: 0,
      stdout: 'paris and tokyo: 5 versions compared, no difference\n',
      stderr: '',
    });
  });

  test('hide nested keys in their listings, and agree all the same', async () => {
    await put(paris, 'a/b');
    await replicate();
    // From here on the listing of tokyo hides a/b.
    await put(tokyo, 'a');

    const { found } = await jsonLines();

    expect(found).toMatchObject([{ difference: 'missing', missingAt: 'paris', key: `${prefix}a` }]);
  });
});

test('what differs is listed, each by its name, and exits 1', async () => {
  const older = await put(paris, 'versions', { Body: 'older' });
  await put(paris, 'versions', { Body: 'newer' });
  await put(paris, 'tagged');
  await put(paris, 'marked');
  await replicate();
  await remove(tokyo, 'versions', older);
  await paris.send(
    new PutObjectTaggingCommand({
      Bucket,
      Key: `${prefix}tagged`,
      Tagging: { TagSet: [{ Key: 'project', Value: 'x' }] },
    }),
  );
  const { VersionId: marker } = await remove(paris, 'marked');
  const extra = await put(tokyo, 'extra \u001b[31m');

  const { code, found, summary } = await jsonLines();
  const forPeople = await diff();

  expect(code).toBe(1);
  expect(found).toMatchObject([
    {
      difference: 'missing',
      missingAt: 'paris',
      key: `${prefix}extra \u001b[31m`,
      versionId: extra,
      replica: false,
    },
    { difference: 'missing', missingAt: 'tokyo', kind: 'delete marker', versionId: marker },
    {
      difference: 'differs',
      key: `${prefix}tagged`,
      fields: { tags: { source: { project: 'x' }, target: {} } },
    },
    { difference: 'missing', missingAt: 'tokyo', key: `${prefix}versions`, versionId: older, size: 5 },
  ]);
  expect(summary).toMatchObject({ equal: false, versions: 6, differences: 4 });
  expect(forPeople.code).toBe(1);
  expect(forPeople.stdout.split('\n')).toMatchObject([
    expect.stringContaining('extra \\u001b[31m'),
    expect.stringContaining(`marked version ${marker} (paris has it: delete marker`),
    expect.stringContaining('tags {"project":"x"} at paris, {} at tokyo'),
    expect.stringContaining(`versions version ${older} (paris has it: object, 5 B`),
    'paris and tokyo: 4 differences in 6 versions',
    '',
  ]);
});

test('deep: content that only reading tells apart', async () => {
  const versionId = await put(paris, 'a', { Body: 'good' });
  const ref = { bucket: Bucket, key: `${prefix}a`, versionId };
  const content = await world.store('paris').read(ref);
  if (!content) throw new Error('nothing to read');
  content.discard();
  const { versions } = await world.store('paris').list(Bucket, { prefix, limit: 1 });
  const facts = { ...content.facts, modified: versions[0]?.modified ?? '' };
  // A MinIO target believes the ETag it is told; one that is no MD5 is not checked on the way either.
  const told = { ...facts, etag: `${facts.etag}-1` };
  await world.store('tokyo').write(ref, {
    facts: told,
    discard: () => undefined,
    chunks: (async function* () {
      yield Buffer.from('evil');
    })(),
  });

  expect((await jsonLines()).found).toMatchObject([{ fields: { etag: {} } }]);
  const { found } = await jsonLines('--deep');

  expect(Object.keys(found[0].fields)).toEqual(['etag', 'content']);
});

test('two-way: each pair is compared once, null versions are told apart', async () => {
  await documents('direction: two-way');
  const versioning = (Status: 'Enabled' | 'Suspended') =>
    tokyo.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  await versioning('Suspended');
  await put(tokyo, 'null');
  await versioning('Enabled');

  const { code, found, summary } = await jsonLines();
  const forPeople = await diff();

  expect(found).toEqual([
    { nullVersion: { site: 'tokyo', bucket: Bucket, key: `${prefix}null`, kind: 'object' } },
  ]);
  expect(summary).toMatchObject({ equal: true, versions: 0, nullVersions: 1 });
  expect(summary.links).toHaveLength(1);
  expect(code).toBe(0);
  expect(forPeople.stdout).toContain('1 null version not replicated two-way');
});

test('a rule that leaves things alone misses none of them', async () => {
  await documents('versionPurges: false', 'deleteMarkers: false', 'metadataChanges: false');
  const purged = await put(paris, 'purged');
  await put(paris, 'marked');
  await replicate();
  await remove(paris, 'purged', purged);
  await remove(paris, 'marked');

  expect((await jsonLines()).summary).toMatchObject({ equal: true, versions: 2, leftAlone: 1 });
});

describe('wrong usage', () => {
  test.each([
    [['diff', 'fotos'], 'there is no rule "fotos": did you mean "photos"?'],
    [['diff', 'something-else'], 'the documents hold photos'],
    [['diff'], 'missing required argument'],
  ])('%j exits 2', async (args, words) => {
    const { code, stdout, stderr } = await runCommand([...args, '-f', file], credentialsOf(world.embedded));

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });
});

test('a site that does not answer is a failure that is explained', async () => {
  await writeFile(file, siteDocuments(world.embedded, { name: 'photos', bucket: 'nowhere' }));

  const { code, stderr } = await diff();

  expect(code).toBe(1);
  expect(stderr).toMatch(/site (paris|tokyo) refuses: .*nowhere/);
});
