/** What knative/README.md shows is what there is. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readSettings } from '../../../infra/config/settings.ts';
import { files } from '../../../knative/files.ts';
import { image, own } from '../../../knative/objects/names.ts';

const readme = await readFile(new URL('../../../knative/README.md', import.meta.url), 'utf8');
const [, shown = ''] = /^```yaml\n([\s\S]*?)^```/m.exec(readme) ?? [];
const named = z.array(z.object({ name: z.string() }));
const kustomization = z
  .object({
    resources: z.array(z.string()),
    images: named,
    configMapGenerator: named,
    secretGenerator: named,
  })
  .parse(parse(shown));

test('the folder of one\u2019s own gives all that pods wait for, under its names', () => {
  const { configMapGenerator, secretGenerator, images } = kustomization;
  const given = [...configMapGenerator, ...secretGenerator].map(({ name }) => name);

  expect(given.toSorted()).toEqual(Object.values(own).toSorted());
  expect(image.startsWith(`${images[0]?.name}:`)).toBe(true);
});

test('the paths it names are there', () => {
  const paths = [...readme.matchAll(/(?:knative\/)?((?:overlays|components)\/[a-z]+)/g)].map(
    ([, path]) => path,
  );

  expect(paths.length).toBeGreaterThan(5);
  for (const path of paths) expect(files.has(`${path}/kustomization.yaml`)).toBe(true);
});

test('every rendered folder is explained', () => {
  const folders = new Set([...files.keys()].map((path) => path.replace(/\/[^/]+$/, '')));

  for (const folder of folders) expect(readme).toContain(`${folder}/`);
});

test('the login that it makes goes through the address of NATS as it is', () => {
  const password = '0a1b2c'.repeat(8);
  const { nats } = readSettings({ CAUSEWAY_NATS_URL: `nats://causeway:${password}@causeway-nats:4222` });
  const login = nats?.login && 'user' in nats.login ? nats.login : undefined;

  expect([login?.user, login?.password.reveal()]).toEqual(['causeway', password]);
});
