/** The manifests that are checked in are what their sources render, and nothing else lies among them. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { files } from '../../../knative/files.ts';

const folder = new URL('../../../knative/', import.meta.url);

test.each([...files])('%s is fresh: else run `npm run manifests`', async (path, text) => {
  expect(await readFile(new URL(path, folder), 'utf8')).toBe(text);
});

test('no manifest is there that nothing renders', async () => {
  const present = await readdir(fileURLToPath(folder), { recursive: true });

  expect(present.filter((path) => path.endsWith('.yaml')).toSorted()).toEqual([...files.keys()].toSorted());
});
