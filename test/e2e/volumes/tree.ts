/** A directory as a whole: contents, modes, owners, times, links and extended attributes, as one archive shows them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const mostBytes = 512 * 1024 * 1024;

/** Two are the same when their archives are: names, types, modes, numeric owners, nanoseconds, links, attributes. */
const reproducible = [
  ...['--format=pax', '--sort=name', '--numeric-owner', '--xattrs', '--xattrs-include=*'],
  '--pax-option=delete=atime,delete=ctime',
  '--exclude=./lost+found',
];

/** What tells two directories apart: nothing where they are the same, else a listing of both. */
export async function differences(one: string, other: string): Promise<string> {
  const [first, second] = await Promise.all([archive(one), archive(other)]);
  if (first.equals(second)) return '';
  const listings = await Promise.all([first, second].map(listing));
  return listings.join('\n--- and ---\n');
}

async function archive(directory: string): Promise<Buffer> {
  const args = ['-C', directory, ...reproducible, '-cf', '-', '.'];
  const { stdout } = await run('tar', args, { encoding: 'buffer', maxBuffer: mostBytes });
  return stdout;
}

async function listing(content: Buffer): Promise<string> {
  const listed = run('tar', ['-tvf', '-', '--full-time', '--numeric-owner'], { maxBuffer: mostBytes });
  listed.child.stdin?.end(content);
  return (await listed).stdout;
}

/** Sets an extended attribute of a file in a directory, by the one tool that every system has. */
export async function setAttribute(
  directory: string,
  file: string,
  name: string,
  value: string,
): Promise<void> {
  const option = `--pax-option=SCHILY.xattr.${name}:=${value}`;
  const packed = await run('tar', ['-C', directory, '--format=pax', option, '-cf', '-', file], {
    encoding: 'buffer',
    maxBuffer: mostBytes,
  });
  const unpacked = run('tar', ['-C', directory, '--xattrs', '--xattrs-include=*', '-xpf', '-']);
  unpacked.child.stdin?.end(packed.stdout);
  await unpacked;
}
