/** Stacks that go to receivers beside the target, as real processes: what is sent, and what is left when they fail. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Served } from '../contract/serve/process.ts';
import { type Application, applicationAt, siteOf } from './application.ts';
import { agreed, eventually } from './awaiting.ts';
import { causewayUp, credentialsOf } from './causeway-process.ts';
import { withoutEvents } from './loss.ts';
import { aided, startReceiver, token, watchedSite, writtenBy } from './receivers.ts';
import { links } from './rules.ts';
import { runCommand } from './run-command.ts';
import { killed } from './served-world.ts';
import { siteDocuments } from './site-documents.ts';
import { startWorld, type World } from './world.ts';

const buckets = ['backlog', 'killed', 'stranger', 'elsewhere', 'named'] as const;
type Bucket = (typeof buckets)[number];

let world: World;
let east: Application;
let west: Application;
const receivers: Served[] = [];

beforeAll(async () => {
  world = await startWorld(
    ['east', 'west'],
    buckets.map((name) => ({ name, objectLock: true })),
  );
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
});
afterAll(async () => {
  await world?.stop();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(receivers.splice(0).map(killed));
});

async function started(place: string, endpoint?: string): Promise<Served> {
  const receiver = await startReceiver(world, [place], endpoint);
  receivers.push(receiver);
  return receiver;
}

/** Of the rules here. */
const walkEveryMs = 2_000;
const until = new Date('2099-01-01T00:00:00Z');

/** Versions with tags, metadata and locks, and none of them announced: the walk finds them together. */
async function fill(bucket: Bucket, count: number): Promise<void> {
  const next = Array.from({ length: count }, (_, n) => n).values();
  const lane = async (): Promise<void> => {
    for (const n of next) {
      await east.put(bucket, `in/ünï ${n % (count / 2)}`, `content ${n}`.repeat(n % 40), {
        Tagging: `turn=${n}`,
        Metadata: { colour: 'red & green' },
        ...(n % 3 === 0 && { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until }),
        ...(n % 5 === 0 && { ObjectLockLegalHoldStatus: 'ON' }),
      });
    }
  };
  await withoutEvents(world, 'east', bucket, async () => {
    await Promise.all(Array.from({ length: 8 }, lane));
  });
  // A walk leaves to their events what is younger than its interval, and the few that a later one finds go singly.
  const filled = Date.now();
  await eventually(() => expect(Date.now() - filled).toBeGreaterThan(walkEveryMs));
}

/** Replicates what is there through receivers at these addresses; resolves when both sites agree. */
async function replicate(bucket: Bucket, urls: readonly string[], say?: string) {
  const own = world.store('west');
  const single = vi.spyOn(own, 'write');
  const stacked = own.stacking && vi.spyOn(own.stacking, 'write');
  const { store, told } = aided(own, urls, { ...(say !== undefined && { say }), random: () => 0.5 });
  // The first is asked first.
  const stores = new Map([...world.stores, ['west', store]]);
  const rule = {
    name: bucket,
    sites: ['east', 'west'],
    bucket,
    direction: 'one-way',
    spec: { scan: { every: `${walkEveryMs}ms` } },
  } as const;
  const running = await world.deploy(links(rule), stores);
  try {
    const lines = await agreed([east, west], { bucket }, 60_000);
    return { lines, told, singly: single.mock.calls.length, unaided: stacked?.mock.calls.length };
  } finally {
    await running.stop();
  }
}

test('a backlog goes through a receiver, versions with locks too, and none of it singly', async () => {
  await fill('backlog', 60);
  const receiver = await started('west/backlog');

  const { lines, ...sent } = await replicate('backlog', [receiver.url]);

  expect(lines.filter(({ content }) => content?.ObjectLockMode === 'GOVERNANCE')).toHaveLength(20);
  expect(sent).toEqual({ told: [], singly: 0, unaided: 0 });
  // The walk may tell of some again while they are on their way.
  expect(await writtenBy(receiver)).toBeGreaterThanOrEqual(60);
});

test('of two, one is killed when it has written a part of a stack: the other takes it', async () => {
  await fill('killed', 60);
  let puts = 0;
  const front = await watchedSite(siteOf(world, 'west').server.endpoint, () => {
    puts += 1;
    if (puts === 20) victim.child.kill('SIGKILL');
  });
  const victim = await started('west/killed', front.endpoint);
  const other = await started('west/killed');

  const { told, singly, unaided } = await replicate('killed', [victim.url, other.url]);

  expect(told).toEqual([expect.stringContaining(`${victim.url} west/killed: `)]);
  expect(victim.child.signalCode).toBe('SIGKILL');
  expect([singly, unaided]).toEqual([0, 0]);
  expect(await writtenBy(other)).toBeGreaterThanOrEqual(60);
  await front.close();
});

test('with a wrong token it is told why, and the target unpacks the stacks itself', async () => {
  await fill('stranger', 30);
  const receiver = await started('west/stranger');

  const { told, singly, unaided } = await replicate('stranger', [receiver.url], 'another-token-altogether');

  expect(told[0]).toMatch(/ west\/stranger: it refuses the token: .*CAUSEWAY_RECEIVER_TOKEN/);
  expect(await writtenBy(receiver)).toBe(0);
  // What MinIO's unpacking would drop: n % 3 and n % 5 of 30.
  expect([singly, unaided]).toEqual([14, 1]);
});

test('where it may not write, it does not', async () => {
  await fill('elsewhere', 30);
  const receiver = await started('west/backlog');

  const { told } = await replicate('elsewhere', [receiver.url]);

  expect(told[0]).toContain('nothing may be written to west/elsewhere here: see CAUSEWAY_RECEIVES');
  expect(await writtenBy(receiver)).toBe(0);
});

describe('named in a document', () => {
  /** The rule's documents, and a token in a file beside them. */
  async function named(url: string, say = token): Promise<string> {
    await writeFile(join(world.dir, 'token'), `${say}\n`);
    const text = siteDocuments(world.embedded, {
      name: 'named',
      bucket: 'named',
      spec: [`scan: { every: ${walkEveryMs}ms }`],
    });
    const west = `  credentials: { env: WEST }\n`;
    return text.replace(west, `${west}  receivers: [{ url: "${url}", token: { file: token } }]\n`);
  }

  async function doctor(text: string): Promise<{ message: string; fix?: string; status: string }[]> {
    const file = join(world.dir, 'doctor.yaml');
    await writeFile(file, text);
    const { stdout } = await runCommand(['doctor', '-f', file, '--json'], credentialsOf(world.embedded));
    const { checks } = JSON.parse(stdout);
    return checks.filter(({ check }: { check: string }) => check === 'receivers');
  }

  test('it takes what causeway up sends', async () => {
    await fill('named', 30);
    const receiver = await started('west/named');
    const causeway = await causewayUp(world.dir, world.embedded, await named(receiver.url));

    await agreed([east, west], { bucket: 'named' }, 60_000);

    expect(await writtenBy(receiver)).toBeGreaterThanOrEqual(30);
    expect(await causeway.stop()).toBe(0);
  });

  test('doctor says that it is well, that it refuses the token, where it may not write, that it is not there', async () => {
    const receiver = await started('west/named');
    const stranger = await started('west/backlog');

    const well = await doctor(await named(receiver.url));
    const refused = await doctor(await named(receiver.url, 'another-token-altogether'));
    const elsewhere = await doctor(await named(stranger.url));
    await killed(receiver);
    const gone = await doctor(await named(receiver.url));

    expect(well).toMatchObject([{ status: 'ok', message: `${receiver.url} takes stacks for west/named` }]);
    expect(refused).toMatchObject([
      {
        status: 'failed',
        message: expect.stringContaining('it refuses the token'),
        fix: 'give the file token what the receiver has in CAUSEWAY_RECEIVER_TOKEN',
      },
    ]);
    expect(elsewhere).toMatchObject([
      {
        status: 'failed',
        message: expect.stringContaining('may not write to west/named'),
        fix: 'at the receiver: CAUSEWAY_RECEIVES=west/backlog,west/named',
      },
    ]);
    expect(gone).toMatchObject([{ status: 'failed', message: expect.stringContaining('ECONNREFUSED') }]);
    expect(JSON.stringify([well, refused])).not.toContain(token);
  });
});
