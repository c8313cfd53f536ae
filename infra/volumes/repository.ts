/** A repository of restic in a bucket, and the mounted directory whose content goes there or comes from there. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { RetryableError } from '../../functions/errors.ts';
import type { Repository, Retention } from '../../functions/volume-ports.ts';
import { exitCodes, failure, type Ran, type Restic } from './restic.ts';

/** What the mounted directory is called, on every machine: snapshots hold it under this name, with its own metadata. */
export const mountName = 'volume';

/** What file systems make in a volume's root themselves; each volume has its own. */
const notContent = 'lost+found';

const summarySchema = z.object({
  message_type: z.literal('summary'),
  snapshot_id: z.string().regex(/^[0-9a-f]{64}$/),
  total_files_processed: z.int().nonnegative(),
  total_bytes_processed: z.int().nonnegative(),
  data_added_packed: z.int().nonnegative().default(0),
});
const forgottenSchema = z.array(z.object({ keep: z.array(z.object({ id: z.string() })).nullable() }));

export interface RepositoryOptions {
  readonly restic: Restic;
  /** An absolute path that ends in `volume`. */
  readonly directory: string;
}

export function createRepository({ restic, directory }: RepositoryOptions): Repository {
  const parent = dirname(directory);
  let isAdopted = false;

  async function run(args: readonly string[], cwd?: string): Promise<Ran> {
    const ran = await restic(args, cwd === undefined ? {} : { cwd });
    if (ran.code !== 0) throw failure(args[0] ?? '', ran);
    return ran;
  }

  return {
    async prepare() {
      const looked = await restic(['cat', 'config', '--no-lock']);
      if (looked.code === exitCodes.noRepository) await run(['init']);
      else if (looked.code !== 0) throw failure('cat config', looked);
    },
    async adopt() {
      await run(['repair', 'index']);
      isAdopted = true;
    },
    async store({ volume, sync, takenAt }) {
      const time = new Date(takenAt).toISOString().slice(0, 19).replace('T', ' ');
      const about = ['--host', volume.claim, '--group-by', 'host', '--tag', sync, '--time', time];
      // An earlier snapshot, of which all may not be here, must not speak for files that look the same.
      const anew = isAdopted ? ['--force'] : [];
      const without = ['--exclude', join(directory, notContent)];
      const ran = await restic(['backup', ...about, ...anew, ...without, `./${mountName}`], { cwd: parent });
      const summary = summaryIn(ran.stdout);
      if (ran.code === exitCodes.incomplete && summary) await run(['forget', summary.snapshot_id]);
      if (ran.code === exitCodes.incomplete) {
        throw new RetryableError(`a part of the volume cannot be read: ${ran.words}`);
      }
      if (ran.code !== 0 || !summary) throw failure('backup', ran);
      return {
        snapshot: summary.snapshot_id,
        content: { files: summary.total_files_processed, bytes: summary.total_bytes_processed },
        added: summary.data_added_packed,
      };
    },
    async forget(retention) {
      const args = ['forget', '--group-by', 'host', ...keeping(retention)];
      let forgotten = await restic(args);
      if (forgotten.code === exitCodes.locked) {
        // Locks of movers that died are told by their age.
        await run(['unlock']);
        forgotten = await restic(args);
      }
      if (forgotten.code === exitCodes.locked) return undefined;
      if (forgotten.code !== 0) throw failure('forget', forgotten);
      const groups = forgottenSchema.parse(JSON.parse(lineWith('"keep":', forgotten.stdout) ?? '[]'));
      return groups.flatMap(({ keep }) => keep ?? []).map(({ id }) => id);
    },
    async prune() {
      const ran = await restic(['prune']);
      if (ran.code !== 0 && ran.code !== exitCodes.locked) throw failure('prune', ran);
    },
    async restore({ snapshot, content: { files } }) {
      // With nothing to restore restic removes nothing either.
      if (files === 0) await empty(directory);
      // The site may be one where nothing may be written, not even a lock.
      const quietly = ['--no-lock', '--sparse', '--verify'];
      const content = [`${snapshot}:/${mountName}`, '--target', directory, '--delete'];
      await run(['restore', ...content, '--exclude', `/${notContent}`, ...quietly]);
      // The mounted directory itself: its owner, its mode, its extended attributes.
      await run(['restore', snapshot, '--target', parent, '--exclude', `/${mountName}/*`, '--no-lock']);
    },
  };
}

/** Where snapshots know a directory by another name, its own metadata would be lost. */
export const isMount = (directory: string): boolean => basename(directory) === mountName;

function keeping({ last, hourly, daily, weekly, monthly }: Retention): string[] {
  return Object.entries({ last, hourly, daily, weekly, monthly }).flatMap(([period, count]) =>
    count === undefined ? [] : [`--keep-${period}`, String(count)],
  );
}

async function empty(directory: string): Promise<void> {
  const there = (await readdir(directory)).filter((name) => name !== notContent);
  await Promise.all(there.map((name) => rm(join(directory, name), { recursive: true, force: true })));
}

const lineWith = (part: string, stdout: string): string | undefined =>
  stdout.split('\n').findLast((text) => text.includes(part));

function summaryIn(stdout: string): z.infer<typeof summarySchema> | undefined {
  const line = lineWith('"message_type":"summary"', stdout);
  return line === undefined ? undefined : summarySchema.safeParse(JSON.parse(line)).data;
}
