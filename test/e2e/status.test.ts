/** `causeway status`: what each link is doing, whether or not a process runs it. */
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createLedger } from '../../infra/bus/ledger.ts';
import { createLedgerBucket } from '../../infra/bus/ledger-bucket.ts';
import { bucketNames } from '../../infra/bus/streams.ts';
import { type LinkStatus, writeStatus } from '../../infra/host/status.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { putEvent, setupMs } from '../contract/bus/bus-world.ts';
import { credentials, type EventsWorld, startEventsWorld } from './events-world.ts';
import { runCommand } from './run-command.ts';

let world: EventsWorld;
beforeAll(async () => {
  world = await startEventsWorld();
}, setupMs);
beforeEach(() => world.reset());
afterAll(() => world?.stop());

const running = (link: string, status: Partial<LinkStatus> = {}): LinkStatus => ({
  link,
  process: 'one-1',
  state: 'healthy',
  backlog: 0,
  oldestPendingMs: 0,
  arrived: 5,
  verified: 4,
  failed: 0,
  planned: 0,
  parked: 0,
  restored: 0,
  orphans: 0,
  copied: 0,
  copiedBytes: 0,
  bytes: 0,
  bytesPerSecond: 2048,
  at: new Date().toISOString(),
  ...status,
});
const write = async (...statuses: LinkStatus[]): Promise<void> => {
  const kv = await new Kvm(world.bus.jetstream).open(bucketNames.status);
  for (const status of statuses) await writeStatus(kv, status);
};
const linksIn = z.object({ links: z.array(z.record(z.string(), z.unknown())) });
const reported = async (...args: string[]) => linksIn.parse((await world.json('status', ...args))[0]).links;

test('where nothing has run: every link, and nothing about it', async () => {
  await world.empty();
  const nothing = { state: 'not running', backlog: null, arrivalLag: null, failed: 0, deadLetters: 0 };
  expect(await reported()).toMatchObject([
    { link: 'photos_east_west', rule: 'photos', ...nothing },
    { link: 'photos_west_east', ...nothing },
    { link: 'videos_east_west', ...nothing },
  ]);
  const { code, stdout } = await world.causeway('status', 'videos');
  expect(code).toBe(0);
  expect(stdout).toMatch(/videos_east_west +not running/);
  expect(stdout).toContain(`no process runs these links: start one with causeway up -f ${world.file}`);
});

test('where no process runs: what waits all the same', async () => {
  await world.publish(putEvent(), putEvent(), putEvent({ bucket: 'videos' }));
  await world.park(putEvent());
  const kv = await new Kvm(world.bus.jetstream).open(bucketNames.ledger);
  const ledger = createLedger(createLedgerBucket(world.bus, kv), world.log, systemClock);
  const kept = {
    link: 'photos_east_west',
    reason: 'no',
    attempts: 3,
    nextTry: Date.now() + 60_000,
  } as const;
  await ledger.put({ ...kept, event: putEvent(), state: 'failed' });
  await ledger.put({ ...kept, event: putEvent(), state: 'planned' });
  await ledger.put({ ...kept, event: putEvent(), state: 'planned' });
  const [one, two, three] = await reported();
  expect(one).toMatchObject({
    state: 'not running',
    backlog: 2,
    oldestPendingMs: expect.any(Number),
    failed: 1,
    planned: 2,
    deadLetters: 1,
    processes: [],
  });
  expect(two).toMatchObject({ backlog: 0, oldestPendingMs: null, deadLetters: 0 });
  expect(three).toMatchObject({ backlog: 1 });
});

test('what processes run, how late they are, and what a link waits for', async () => {
  const lag = { arrivalLag: { p50: 12, p99: 340 }, verificationLag: { p50: 25, p99: 2500 } };
  const reason = 'site east does not answer:\u001b[31m refused';
  // Entries expire: they are written anew for each look.
  const tell = () =>
    write(
      running('photos_east_west', lag),
      running('photos_east_west', { process: 'two-2' }),
      running('photos_west_east', { state: 'paused', reason }),
    );
  await tell();
  expect(await reported('photos')).toMatchObject([
    {
      state: 'healthy',
      processes: ['one-1', 'two-2'],
      arrived: 10,
      verified: 8,
      bytesPerSecond: 4096,
      reason: null,
      ...lag,
    },
    { state: 'paused', reason, arrivalLag: null, verificationLag: null },
  ]);
  await tell();
  const { stdout } = await world.causeway('status');
  expect(stdout).toMatch(/photos_east_west +healthy +0 +- +12 ms \/ 340 ms +25 ms \/ 2\.5 s .*4\.0 KiB\/s/);
  expect(stdout).toContain('photos_west_east: paused: site east does not answer:\\u001b[31m refused');
  expect(stdout).toContain('no process runs videos_east_west: start one');
});

test('an unknown rule: exit code 2, and which was meant', async () => {
  const { code, stderr } = await world.causeway('status', 'photo');
  expect(code).toBe(2);
  expect(stderr).toMatch(/there is no rule "photo": did you mean "photos"\?/);
});

test('no NATS there: exit code 1, and where it was looked for', async () => {
  const port = await freePort();
  const { code, stdout, stderr } = await world.causeway(
    'status',
    '--nats',
    `nats://me:hush-hush@127.0.0.1:${port}`,
  );
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe(`cannot use NATS at 127.0.0.1:${port}: connection refused\n`);
  const unknown = await runCommand(['status', '-f', world.file], credentials);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(
    /no deployment is running for .*start it with causeway up, or name its NATS/,
  );
});

test('a wrong password: exit code 1, in words without it', async () => {
  const { host, port } = world.nats.server;
  const { code, stderr } = await world.causeway('status', '--nats', `nats://me:hush-hush@${host}:${port}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/refuses the user name, password or token/);
  expect(stderr).not.toContain('hush-hush');
});
