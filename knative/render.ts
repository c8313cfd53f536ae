/**
 * Renders the manifests: every file that is checked in under knative/, by its path. `npm run manifests` writes them; a
 * test compares.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { files } from './files.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

for (const [path, text] of files) {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
