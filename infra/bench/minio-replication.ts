/** The incumbent: MinIO's own bucket replication, as `mc replicate add` sets it up, with its defaults. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { MinioServer } from '../sites/minio-server.ts';
import type { Prepared, Product, Stage } from './scenario.ts';

const [here, there] = ['here', 'there'] as const;
const everything = 'delete,delete-marker,existing-objects,metadata-sync';

export const minioReplication = (mc: string): Product => ({
  name: 'minio-replication',
  title: 'MINIO REPLICATION',
  needsEvents: false,
  prepare: (stage) => prepare(mc, stage),
});

const ruleSchema = z.object({ rule: z.object({ Destination: z.object({ Bucket: z.string() }) }) });

async function prepare(mc: string, stage: Stage): Promise<Prepared> {
  const config = join(stage.dir, 'mc');
  await writeAliases(config, stage);
  const run = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(mc, ['--config-dir', config, '--json', ...args], { env: { HOME: config } }))
      .stdout;
  const local = `${here}/${stage.bucket}`;
  // Its credentials come from the alias: arguments can be read by every user of the machine.
  const remote = `${there}/${stage.bucket}`;
  await run('replicate', 'add', local, '--remote-bucket', remote, '--replicate', everything);
  const listed = await run('replicate', 'ls', local);
  const arn = ruleSchema.parse(JSON.parse(listed.split('\n')[0] ?? '')).rule.Destination.Bucket;
  return {
    // It runs since the rule is there.
    run: async () => undefined,
    catchUp: async () => void (await run('replicate', 'resync', 'start', local, '--remote-bucket', arn)),
    // Its workers do all of an object's work before they take the next.
    settled: async () => undefined,
    processes: () => ({}),
    stop: async () => undefined,
  };
}

async function writeAliases(config: string, { source, target, farTarget }: Stage): Promise<void> {
  const alias = ({ rootUser, rootPassword }: MinioServer, url: string) => ({
    url,
    accessKey: rootUser,
    secretKey: rootPassword,
    api: 's3v4',
    path: 'auto',
  });
  const aliases = { [here]: alias(source, source.endpoint), [there]: alias(target, farTarget) };
  await mkdir(config, { mode: 0o700 });
  await writeFile(join(config, 'config.json'), JSON.stringify({ version: '10', aliases }), { mode: 0o600 });
}
