/** A directory as a whole: contents, modes, owners, times, links and extended attributes, as one archive shows them. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
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
  const [first, second] = await Promise.all([digest(one), digest(other)]);
  if (first === second) return '';
  const listings = await Promise.all([one, other].map(listing));
  return listings.join('\n--- and ---\n');
}

const packing = (directory: string): string[] => ['-C', directory, ...reproducible, '-cf', '-', '.'];

async function digest(directory: string): Promise<string> {
  const child = spawn('tar', packing(directory), { stdio: ['ignore', 'pipe', 'inherit'] });
  const hash = createHash('sha256');
  const [[code]] = await Promise.all([once(child, 'close'), pipeline(child.stdout, hash)]);
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  return hash.digest('hex');
}

async function listing(directory: string): Promise<string> {
  const { stdout } = await run('tar', packing(directory), { encoding: 'buffer', maxBuffer: mostBytes });
  const listed = run('tar', ['-tvf', '-', '--full-time', '--numeric-owner'], { maxBuffer: mostBytes });
  listed.child.stdin?.end(stdout);
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
