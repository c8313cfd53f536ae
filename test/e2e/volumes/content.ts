/** What a volume may hold. */
import { chmod, chown, link, mkdir, open, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setAttribute } from './tree.ts';

const isRoot = process.getuid?.() === 0;

/** One of everything that a file system can tell apart; the mounted directory has marks of its own. */
export async function fill(volume: string): Promise<void> {
  const at = (...path: string[]): string => join(volume, ...path);
  await mkdir(at('many', 'small'), { recursive: true });
  await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      writeFile(at('many', 'small', `${index}.txt`), `file ${index}`),
    ),
  );
  await writeFile(at('empty'), '');
  await mkdir(at('empty-folder'), { mode: 0o700 });
  await writeFile(at('ünïcode 日本 \n line'), 'odd name');
  await writeFile(at('secret'), 'for one', { mode: 0o600 });
  await writeFile(at('program'), '#!/bin/sh\n');
  await chmod(at('program'), 0o4755);
  await chmod(at('many'), 0o1777);
  await link(at('program'), at('many', 'same-program'));
  await symlink('../nowhere', at('dangling'));
  await symlink('secret', at('to-secret'));
  await writeFile(at('marked'), 'with attributes');
  await setAttribute(volume, 'marked', 'user.color', 'blue');
  await sparse(at('sparse'));
  await utimes(at('empty'), 1_000_000_000.25, 1_000_000_000.25);
  if (isRoot) {
    await chown(at('secret'), 1234, 5678);
    await chown(volume, 999, 998);
  }
  await chmod(volume, 0o2770);
}

/** 64 MiB, of which a few bytes are written. */
async function sparse(path: string): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(64 * 1024 * 1024);
  await file.write(Buffer.from('in the middle'), 0, 13, 32 * 1024 * 1024);
  await file.close();
}

/** What happens to a volume between two snapshots. */
export async function change(volume: string, word: string): Promise<void> {
  await writeFile(join(volume, 'many', 'small', '7.txt'), word);
  await writeFile(join(volume, `${word}.new`), word);
  await rm(join(volume, 'many', 'small', '8.txt'), { force: true });
  await rm(join(volume, 'empty-folder'), { recursive: true, force: true });
}
