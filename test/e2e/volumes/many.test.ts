/**
 * A volume of very many small files arrives as it was, and our own processes take no more memory for it than for a few.
 * It takes some twenty minutes and 8 GiB of disk for a million, so it runs only with CAUSEWAY_TEST_FILES=1000000 (or another
 * number): `CAUSEWAY_TEST_FILES=1000000 npx vitest run --config test/vitest.config.ts test/e2e/volumes/many.test.ts`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '../../../infra/config/env.ts';
import { eventually } from '../awaiting.ts';
import { differences } from './tree.ts';
import {
  bucket,
  type Moved,
  type Mover,
  rules,
  setupMs,
  startVolumeWorld,
  type VolumeWorld,
} from './world.ts';

const MEBIBYTE = 1024 * 1024;
const files = Number(environment.CAUSEWAY_TEST_FILES ?? 0);
const claim = 'many';
const filesInAFolder = 1000;
const within = 3_600_000;
/** Of the process that runs restic. */
const most = 200 * MEBIBYTE;

let volumes: VolumeWorld;
let running: Awaited<ReturnType<VolumeWorld['world']['deploy']>>;
beforeAll(async () => {
  if (files === 0) return;
  volumes = await startVolumeWorld();
  running = await volumes.world.deploy(rules);
}, setupMs);
afterAll(async () => {
  await running?.stop();
  await volumes?.stop();
}, within);

async function fillWith(volume: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += filesInAFolder) {
    const folder = join(volume, String(from));
    await mkdir(folder);
    const numbers = Array.from(
      { length: Math.min(filesInAFolder, count - from) },
      (_, index) => from + index,
    );
    await Promise.all(numbers.map((number) => writeFile(join(folder, String(number)), `file ${number}`)));
  }
}

interface Watched {
  readonly moved: Moved;
  readonly peak: number;
}

/** Its time, and the most memory that it ever had. */
async function watched(what: string, { pid, ended }: Mover): Promise<Watched> {
  const begun = Date.now();
  let peak = 0;
  const look = async (): Promise<void> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
  };
  const timer = setInterval(look, 100);
  const moved = await ended.finally(() => clearInterval(timer));
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${what} ${files} files: ${seconds} s, at most ${Math.round(peak / MEBIBYTE)} MiB of memory`);
  return { moved, peak };
}

const hasArrived = (count: number) =>
  eventually(async () => {
    const keys = await volumes.keys('tokyo', bucket, claim);
    expect(keys.filter((key) => key.includes('/shipments/'))).toHaveLength(count);
  }, 600_000);

test.skipIf(files === 0)(
  `${files} small files`,
  async () => {
    const [source, destination] = [await volumes.volume(), await volumes.volume()];
    await fillWith(source, files);
    const restore = () => volumes.restore('tokyo', destination, { claim, waitSeconds: 600 });

    const first = await watched('shipping', volumes.ship('paris', source, { sync: 'one', claim }));
    expect(first.moved).toMatchObject({ code: 0, event: { data: { content: { files } } } });
    await hasArrived(1);
    const restored = await watched('restoring', restore());
    expect(restored.moved).toMatchObject({ code: 0, event: { data: { sync: 'one' } } });
    await writeFile(join(source, '0', 'later'), 'one more');
    const second = await watched(
      'shipping one more of',
      volumes.ship('paris', source, { sync: 'two', claim }),
    );
    await hasArrived(2);
    const again = await watched('restoring one more of', restore());

    expect(again.moved).toMatchObject({ code: 0, event: { data: { content: { files: files + 1 } } } });
    expect(await differences(source, destination)).toBe('');
    const peaks = [first, restored, second, again].map(({ peak }) => peak);
    expect(Math.min(...peaks)).toBeGreaterThan(0);
    expect(Math.max(...peaks)).toBeLessThan(most);
  },
  within,
);
