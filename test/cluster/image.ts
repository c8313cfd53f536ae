/** Images of programs that are on this machine, as `ctr images import` reads them: no registry is asked for any. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Image {
  /** With its tag. */
  readonly name: string;
  /** Programs of this machine by where they go; the libraries that they are linked with come along. */
  readonly programs: Readonly<Record<string, string>>;
  /** Folders of this machine by where they go. */
  readonly folders?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
}

/** In the form of `docker save`: one layer, its configuration, and the list of both. */
export async function writeImage(image: Image, file: string): Promise<void> {
  const dir = await mkdtemp(`${file}-`);
  const root = join(dir, 'root');
  await mkdir(root);
  for (const [to, from] of Object.entries(image.programs)) {
    for (const library of await librariesOf(from)) await put(library, join(root, library));
    await put(from, join(root, to));
  }
  for (const [to, from] of Object.entries(image.folders ?? {})) {
    await cp(from, join(root, to), { recursive: true });
  }
  await run('tar', ['--owner=0', '--group=0', '-C', root, '-cf', join(dir, 'layer.tar'), '.']);
  const digest = createHash('sha256')
    .update(await readFile(join(dir, 'layer.tar')))
    .digest('hex');
  const configuration = {
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    os: 'linux',
    config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'], Entrypoint: image.entrypoint ?? [] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [image.name], Layers: ['layer.tar'] }];
  await writeFile(join(dir, 'config.json'), JSON.stringify(configuration));
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
  await run('tar', ['-C', dir, '-cf', file, 'manifest.json', 'config.json', 'layer.tar']);
  await rm(dir, { recursive: true });
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { dereference: true });
}

/** None for a program that is linked with none. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}
