/** Where the servers' programs come from, played through with small scripts in place of servers and of Go. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findBinary, TOOLS } from '../../../../infra/sites/binaries.ts';

const NATS_2_9 = 'echo "nats-server: v2.9.10"';
const NATS_2_12 = 'echo "nats-server: v2.12.0"';
const MINIO = 'echo "minio version RELEASE.2025-09-07T16-13-09Z"';

let dir: string;
let env: Record<string, string>;
let lines: string[];
const report = (line: string) => lines.push(line);
const cached = (tool: keyof typeof TOOLS) =>
  join(dir, 'cache', 'causeway', 'bin', `${tool}-${TOOLS[tool].version}`);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-binaries-'));
  env = { PATH: join(dir, 'path'), XDG_CACHE_HOME: join(dir, 'cache') };
  lines = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function script(path: string, text: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('the order', () => {
  test('what the environment names comes first', async () => {
    const named = await script(join(dir, 'mine', 'minio'), MINIO);
    await script(join(dir, 'path', 'minio'), MINIO);

    expect(await findBinary('minio', { ...env, MINIO_BIN: named }, report)).toBe(named);
  });

  test('then the PATH, then the cache', async () => {
    const inCache = await script(cached('minio'), MINIO);
    expect(await findBinary('minio', env, report)).toBe(inCache);

    const onPath = await script(join(dir, 'path', 'minio'), MINIO);
    expect(await findBinary('minio', env, report)).toBe(onPath);
    expect(lines).toEqual([]);
  });

  test('an old nats-server on the PATH is passed over', async () => {
    await script(join(dir, 'path', 'nats-server'), NATS_2_9);
    const inCache = await script(cached('nats-server'), NATS_2_12);
    expect(await findBinary('nats-server', env, report)).toBe(inCache);

    const onPath = await script(join(dir, 'path', 'nats-server'), NATS_2_12);
    expect(await findBinary('nats-server', env, report)).toBe(onPath);
  });

  test('Midnight Commander is not taken for mc', async () => {
    await script(join(dir, 'path', 'mc'), 'echo "GNU Midnight Commander 4.8.29"');
    const inCache = await script(cached('mc'), 'exit 1');

    expect(await findBinary('mc', env, report)).toBe(inCache);
  });
});

describe('what the environment names wrongly', () => {
  test('a file that is not there', async () => {
    const attempt = findBinary('minio', { ...env, MINIO_BIN: join(dir, 'nowhere') }, report);

    await expect(attempt).rejects.toThrow(
      `MINIO_BIN names ${dir}/nowhere, which is not a file that can be run: correct it, or unset it`,
    );
  });

  test('an old nats-server', async () => {
    const named = await script(join(dir, 'old'), NATS_2_9);

    await expect(findBinary('nats-server', { ...env, NATS_SERVER_BIN: named }, report)).rejects.toThrow(
      `NATS_SERVER_BIN names ${named}, which is version 2.9, and at least 2.12 is needed: correct it, or unset it`,
    );
  });

  test('another program', async () => {
    const named = await script(join(dir, 'other'), 'echo hello');

    await expect(findBinary('minio', { ...env, MINIO_BIN: named }, report)).rejects.toThrow(
      'does not answer --version as minio does',
    );
  });
});

describe('a build', () => {
  const go = (text: string) => script(join(dir, 'path', 'go'), text);
  const buildsMinio = `/bin/mkdir -p "$GOBIN" && echo "$@ $CGO_ENABLED $GOTOOLCHAIN" >> "\${GOBIN%/cache/*}/calls" &&
/bin/sleep 0.3 && echo built > "$GOBIN/minio" && /bin/chmod +x "$GOBIN/minio"`;

  test('is made once, however many want it, and says how long it takes', async () => {
    await go(buildsMinio);

    const found = await Promise.all([1, 2, 3].map(() => findBinary('minio', env, report)));

    expect(new Set(found)).toEqual(new Set([cached('minio')]));
    expect(await readFile(join(dir, 'calls'), 'utf8')).toBe(
      `install -trimpath -ldflags=-s -w github.com/minio/minio@${TOOLS.minio.version} 0 auto\n`,
    );
    expect(lines.filter((line) => line.startsWith('building minio from source'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('waiting for another process'))).toHaveLength(2);
    expect(lines.at(-1)).toMatch(/^built minio in \d+ s$/);
    expect(await readdir(join(dir, 'cache', 'causeway', 'bin'))).toEqual([`minio-${TOOLS.minio.version}`]);
  });

  test('goes on where another process died in the middle', async () => {
    await go(buildsMinio);
    const lock = `${cached('minio')}.lock`;
    await mkdir(lock, { recursive: true });
    await utimes(lock, new Date(0), new Date(0));

    expect(await findBinary('minio', env, report)).toBe(cached('minio'));
  });

  test("keeps the user's own settings of Go", async () => {
    await go(buildsMinio);
    await findBinary('minio', { ...env, GOTOOLCHAIN: 'local' }, report);

    expect(await readFile(join(dir, 'calls'), 'utf8')).toMatch(/ 0 local\n$/);
  });

  test('that fails says why, and the three ways out', async () => {
    await go('echo "dial tcp: no route to host" >&2; exit 1');

    await expect(findBinary('minio', env, report)).rejects.toThrow(
      /minio was not found; building it failed\..*MINIO_BIN.*PATH.*Go 1\.24[\s\S]*no route to host/,
    );
    expect(await readdir(join(dir, 'cache', 'causeway', 'bin'))).toEqual([]);
  });
});

describe('where nothing works', () => {
  const ways =
    'Either set NATS_SERVER_BIN to the path of the program (2.12 or newer), or put nats-server (2.12 or newer) on ' +
    'the PATH, or install Go 1.24 or newer (https://go.dev/dl): it is then built from source, once.';

  test('one message names the three ways out', async () => {
    await expect(findBinary('nats-server', env, report)).rejects.toThrow(
      `nats-server was not found; there is no Go to build it with. ${ways}`,
    );
  });

  test('it says what is wrong with the one on the PATH', async () => {
    const old = await script(join(dir, 'path', 'nats-server'), NATS_2_9);

    await expect(findBinary('nats-server', env, report)).rejects.toThrow(
      `${old} is version 2.9, and at least 2.12 is needed; there is no Go to build it with. ${ways}`,
    );
  });
});
