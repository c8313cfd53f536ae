/** What mc has to know of the two sites. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MinioServer } from '../sites/minio-server.ts';
import { farsOf, type Stage } from './scenario.ts';

export const [here, there] = ['here', 'there'] as const;
export const thereAt = (number: number): string => (number === 0 ? there : `${there}-${number + 1}`);

/** All sites under the names that mc knows them by; returns the folder of its configuration. */
export async function writeAliases(stage: Stage): Promise<string> {
  const { dir, source } = stage;
  const config = join(dir, 'mc');
  const alias = ({ rootUser, rootPassword }: MinioServer, url: string) => ({
    url,
    accessKey: rootUser,
    secretKey: rootPassword,
    api: 's3v4',
    path: 'auto',
  });
  const remote = farsOf(stage).map(({ target, farTarget }, number) => [
    thereAt(number),
    alias(target, farTarget),
  ]);
  const aliases = { [here]: alias(source, source.endpoint), ...Object.fromEntries(remote) };
  await mkdir(config, { mode: 0o700 });
  await writeFile(join(config, 'config.json'), JSON.stringify({ version: '10', aliases }), { mode: 0o600 });
  return config;
}
