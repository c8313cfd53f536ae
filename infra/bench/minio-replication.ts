/** The incumbent: MinIO's own bucket replication, as `mc replicate add` sets it up, with its defaults. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { here, thereAt, writeAliases } from './aliases.ts';
import { farsOf, type Prepared, type Product, type Stage } from './scenario.ts';

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
  // Credentials come from the aliases: arguments can be read by every user of the machine.
  const local = `${here}/${stage.bucket}`;
  const all = farsOf(stage);
  for (const { bucket, targets } of stage.rules) {
    for (const [priority, far] of targets.entries()) {
      const to = `${thereAt(all.indexOf(far))}/${bucket}`;
      const options = ['--remote-bucket', to, '--replicate', everything, '--priority', String(priority)];
      await run('replicate', 'add', `${here}/${bucket}`, ...options);
    }
  }
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
