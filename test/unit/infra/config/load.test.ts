import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDocuments, readDocuments } from '../../../../infra/config/load.ts';
import { renderProblem } from '../../../../infra/config/problems.ts';

const environment = {
  PARIS_ACCESS_KEY_ID: 'paris-key',
  PARIS_SECRET_ACCESS_KEY: 'paris-sekret',
  TOKYO_ACCESS_KEY_ID: 'tokyo-key',
  TOKYO_SECRET_ACCESS_KEY: 'tokyo-sekret',
};

const example = `
apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: paris, labels: { region: eu, provider: minio } }
spec:
  s3: { endpoint: https://s3.paris.example, region: us-east-1, dialect: auto }
  credentials: { env: PARIS }
  tls: { caFile: ./paris-ca.pem }
  events: { minio: { via: nats } }
---
apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: tokyo }
spec:
  s3: { endpoint: http://127.0.0.1:9000/ }
  credentials: { file: tokyo.credentials }
---
apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: photos }
spec:
  source: { site: paris, bucket: photos, prefix: "", exclude: ["tmp/"], tags: {} }
  targets: [{ site: tokyo, bucket: photos }]
  direction: one-way
  deleteMarkers: true
  versionPurges: true
  metadataChanges: true
  existingObjects: true
  mode: full
  priority: 1
  scan: { every: 1m }
---
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-documents-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function kept(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

/** Problems as they are shown, without the folder's name. */
async function problemsOf(...files: string[]): Promise<string[]> {
  const loaded = await loadDocuments(files, environment);
  return loaded.ok ? [] : loaded.problems.map((found) => renderProblem(found).replaceAll(`${folder}/`, ''));
}

describe('documents', () => {
  it('are read from a file, with defaults, keys and certificates', async () => {
    const ca = `${rootCertificates[0]}\n`;
    await kept('paris-ca.pem', ca);
    await kept('tokyo.credentials', 'aws_access_key_id = AK\naws_secret_access_key = tokyo-file-sekret\n');
    const file = await kept('causeway.yaml', example);

    const loaded = await loadDocuments([file], environment);

    expect(loaded.ok && loaded.documents.sites).toMatchObject([
      {
        metadata: { name: 'paris', labels: { region: 'eu', provider: 'minio' } },
        spec: {
          s3: { endpoint: 'https://s3.paris.example', region: 'us-east-1', dialect: 'auto' },
          events: { from: 'minio', via: 'nats' },
        },
        access: { credentials: { accessKeyId: 'paris-key', sessionToken: undefined }, ca },
      },
      {
        metadata: { name: 'tokyo', labels: {} },
        spec: {
          s3: { endpoint: 'http://127.0.0.1:9000', region: 'us-east-1', dialect: 'auto' },
          events: { from: 'none' },
        },
        access: { credentials: { accessKeyId: 'AK' }, ca: undefined },
      },
    ]);
    expect(loaded.ok && loaded.documents.rules.map(({ spec }) => spec)).toEqual([
      {
        source: { site: 'paris', bucket: 'photos', prefix: '', exclude: ['tmp/'], tags: {} },
        targets: [{ site: 'tokyo', bucket: 'photos' }],
        direction: 'one-way',
        deleteMarkers: true,
        versionPurges: true,
        metadataChanges: true,
        existingObjects: true,
        mode: 'full',
        priority: 1,
        scan: { every: 60_000 },
      },
    ]);
    expect(JSON.stringify(loaded)).not.toContain('sekret');
    expect(inspect(loaded, { depth: 20 })).not.toContain('sekret');
  });

  it('may refer to those of another file, and be written in JSON', async () => {
    const site = (name: string): object => ({
      apiVersion: 'causeway.dev/v1alpha1',
      kind: 'Site',
      metadata: { name },
      spec: {
        s3: { endpoint: `http://${name}:9000` },
        credentials: { env: name.toUpperCase() },
        events: 'none',
      },
    });
    const sites = await kept(
      'sites.yaml',
      `${JSON.stringify(site('paris'))}\n---\n${JSON.stringify(site('tokyo'))}`,
    );
    const rules = await kept('rules.yaml', example.slice(example.lastIndexOf('\napiVersion')));

    const loaded = await loadDocuments([rules, sites], environment);

    expect(loaded.ok && loaded.documents.sites.map(({ metadata }) => metadata.name)).toEqual([
      'paris',
      'tokyo',
    ]);
    expect(loaded.ok && loaded.documents.rules.length).toBe(1);
  });

  it('are read from text without a file', async () => {
    const loaded = await readDocuments('<built in>', 'kind: Sit', environment);

    expect(loaded.ok || loaded.problems.map(renderProblem)).toEqual([
      '<built in>:1:7: Sit: kind: must be Site or ReplicationRule; did you mean "Site"?',
    ]);
  });

  it('are never partly accepted, and problems of several files are told in the order of the files', async () => {
    const first = await kept('first.yaml', 'kind: Site\n\n---\n- a list\n');
    const second = await kept('second.yaml', 'metadata: { name: x }\n');

    expect(await problemsOf(second, first, join(folder, 'absent.yaml'))).toEqual([
      'second.yaml:1:1: x: kind: is missing: it is Site or ReplicationRule',
      'first.yaml:1:1: Site: apiVersion: is missing',
      'first.yaml:1:1: Site: metadata: is missing',
      'first.yaml:1:1: Site: spec: is missing',
      'first.yaml:4:1: must be a mapping with apiVersion: causeway.dev/v1alpha1 and kind',
      'absent.yaml: cannot be read: there is no such file',
    ]);
  });
});

describe('a file', () => {
  it.each<[string, string | Uint8Array, string[]]>([
    ['that is empty', '', ['bad.yaml: holds no documents; write a Site and a ReplicationRule']],
    [
      'of comments',
      '# nothing\n---\n---\n',
      ['bad.yaml: holds no documents; write a Site and a ReplicationRule'],
    ],
    ['that is too large', '#'.repeat(1024 * 1024 + 1), ['bad.yaml: is larger than 1024 KiB']],
    ['that is not text', new Uint8Array([0x6b, 0xff, 0xfe]), ['bad.yaml: is not UTF-8 text']],
    [
      'indented with tabs',
      'kind: Site\nmetadata:\n\tname: paris\n',
      ['bad.yaml:3:1: Site: not valid YAML: Tabs are not allowed as indentation; indent with spaces'],
    ],
    ['with an open quote', 'kind: "Site\n', ['bad.yaml:2:1: Site: not valid YAML: Missing closing "quote']],
    [
      'with one field twice',
      'kind: Site\nkind: Site\n',
      ['bad.yaml:2:1: Site: not valid YAML: Map keys must be unique'],
    ],
    [
      'with an anchor that is not there',
      'kind: *site\n',
      ['bad.yaml:1:7: not valid YAML: *site stands for nothing: no &site comes before it'],
    ],
  ])('%s gets a clear error', async (_, content, expected) => {
    expect(await problemsOf(await kept('bad.yaml', content))).toEqual(expected);
  });

  it('that is a folder gets a clear error', async () => {
    expect(await problemsOf(folder)).toEqual([`${folder}: cannot be read: it is a directory`]);
  });

  it('cannot make much of little by nesting anchors', async () => {
    const levels = Array.from({ length: 30 }, (_, level) => {
      const below = level === 0 ? 'lol' : `*a${level - 1}`;
      return `  a${level}: &a${level} [${Array.from({ length: 9 }, () => below).join(', ')}]`;
    });
    const file = await kept('bomb.yaml', `kind: Site\nmetadata:\n${levels.join('\n')}\n`);

    expect(await problemsOf(file)).toEqual(['bomb.yaml:1:1: Site: has more than 100 aliases (*name) in it']);
  });

  it('nested without end is refused, not crashed on', async () => {
    const [problem] = await problemsOf(await kept('deep.yaml', '['.repeat(200_000)));

    expect(problem).toMatch(/^deep\.yaml/);
  });

  it('whose anchor holds itself gets a clear error', async () => {
    const file = await kept('self.yaml', 'kind: Site\nmetadata: &a { name: x, labels: *a }\n');

    expect((await problemsOf(file)).at(0)).toBe('self.yaml:1:1: Site x: apiVersion: is missing');
  });

  it('may use anchors, and problems are told where the value stands', async () => {
    const file = await kept('anchor.yaml', 'kind: &name Site_\nmetadata:\n  name: *name\n');

    expect(await problemsOf(file)).toEqual([
      'anchor.yaml:1:13: Site_: kind: must be Site or ReplicationRule; did you mean "Site"?',
    ]);
  });
});
