/** The incumbent: MinIO's own bucket replication, as `mc replicate add` sets it up, with its defaults. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { here, there, writeAliases } from './aliases.ts';
import type { Prepared, Product, Stage } from './scenario.ts';

const everything = 'delete,delete-marker,existing-objects,metadata-sync';

export const minioReplication = (mc: string): Product => ({
  name: 'minio-replication',
  title: 'MINIO REPLICATION',
  needsEvents: false,
  prepare: (stage) => prepare(mc, stage),
});

const ruleSchema = z.object({ rule: z.object({ Destination: z.object({ Bucket: z.string() }) }) });

async function prepare(mc: string, stage: Stage): Promise<Prepared> {
  const config = await writeAliases(stage);
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
