/** `status`, `replay` and `dead-letters` as scripts run them: child processes against a real nats-server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type CausewayEvent, deriveEvent } from '../../events/cloudevent.ts';
import type { Bus } from '../../infra/bus/connection.ts';
import { createDeadLetters } from '../../infra/bus/dead-letters.ts';
import { readEvents, type StoredEvent } from '../../infra/bus/event-history.ts';
import { createEventLog } from '../../infra/bus/event-log.ts';
import { readLetters } from '../../infra/bus/kept-letters.ts';
import { createLedger } from '../../infra/bus/ledger.ts';
import { createLedgerBucket } from '../../infra/bus/ledger-bucket.ts';
import { bucketNames, ensureStreams, streamNames } from '../../infra/bus/streams.ts';
import type { EventLog } from '../../infra/host/ports.ts';
import { type LinkStatus, writeStatus } from '../../infra/host/status.ts';
import { systemClock } from '../../infra/host/system-clock.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { all, type BusWorld, putEvent, setupMs, startBusWorld } from '../contract/bus/bus-world.ts';
import { links } from './rules.ts';
import { type Finished, runCommand } from './run-command.ts';

const wanted = {
  links: links(
    { name: 'photos', sites: ['east', 'west'], bucket: 'photos' },
    { name: 'videos', sites: ['east', 'west'], bucket: 'videos', direction: 'one-way' },
  ),
  sites: ['east', 'west'],
};
const site = (name: string, port: number): string => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "http://127.0.0.1:${port}" }
  credentials: { env: ${name.toUpperCase()} }
---
`;
const rule = (name: string, direction: string): string => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
  source: { site: east, bucket: ${name} }
  targets: [{ site: west, bucket: ${name} }]
  direction: ${direction}
---
`;
const credentials = {
  EAST_ACCESS_KEY_ID: 'east-access',
  EAST_SECRET_ACCESS_KEY: 'east-secret-key',
  WEST_ACCESS_KEY_ID: 'west-access',
  WEST_SECRET_ACCESS_KEY: 'west-secret-key',
};

let world: BusWorld;
let bus: Bus;
let log: EventLog;
let dir: string;
let file: string;
let url: string;

beforeAll(async () => {
  world = await startBusWorld();
  bus = await world.connect();
  log = createEventLog(bus);
  dir = await mkdtemp(join(tmpdir(), 'causeway-commands-'));
  file = join(dir, 'causeway.yaml');
  await writeFile(
    file,
    site('east', 1) + site('west', 2) + rule('photos', 'two-way') + rule('videos', 'one-way'),
  );
  const { user, password, host, port } = world.server;
  url = `nats://${user}:${password}@${host}:${port}`;
}, setupMs);
beforeEach(async () => {
  for await (const name of bus.manager.streams.names()) await bus.manager.streams.delete(name);
  await ensureStreams(bus, wanted);
});
afterAll(async () => {
  await world?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Nothing that it says holds a secret, and there is no progress where nobody watches. */
async function causeway(...args: readonly string[]): Promise<Finished> {
  const finished = await runCommand([...args, '-f', file], { ...credentials, CAUSEWAY_NATS_URL: url });
  const said = finished.stdout + finished.stderr;
  for (const secret of [world.server.password, 'east-secret-key', 'west-secret-key']) {
    expect(said).not.toContain(secret);
  }
  expect(said).not.toContain('\u001b');
  return finished;
}

const line = z.record(z.string(), z.unknown());
async function json(...args: readonly string[]) {
  const { code, stdout, stderr } = await causeway(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((text) => line.parse(JSON.parse(text)));
}

const stored = (): Promise<StoredEvent[]> => all(readEvents(bus, {}));
const pending = async (link: string): Promise<number> =>
  (await bus.manager.consumers.info(streamNames.events, link)).num_pending;

async function publish(...events: CausewayEvent[]): Promise<CausewayEvent[]> {
  for (const event of events) await log.publish([{ event }]);
  return events;
}

function dueEvent(cause: CausewayEvent, link = 'photos_east_west'): CausewayEvent {
  const data = { link, bucket: 'photos', key: 'k', versionId: 'v1', reason: 'missing', round: 0 } as const;
  return deriveEvent({ type: 'dev.causeway.version.due.v1', data }, cause, {
    source: 'causeway:scan-retry',
    time: cause.time,
  });
}

async function park(event: CausewayEvent, link = 'photos_east_west', reason = 'it cannot be'): Promise<void> {
  const body = Buffer.from(JSON.stringify(event));
  await createDeadLetters(log, systemClock).add({
    link,
    function: 'replicate',
    reason,
    attempts: 3,
    body,
    cause: event,
  });
}

describe('replay', () => {
  test('puts each source event back as a new event that the original caused, for every link that starts there', async () => {
    const originals = await publish(putEvent(), putEvent({ bucket: 'videos' }));
    await publish(dueEvent(putEvent()));
    const before = [await pending('photos_east_west'), await pending('videos_east_west')];
    const lines = await json('replay');
    expect(lines).toMatchObject([
      { event: originals[0]?.id, type: originals[0]?.type, bucket: 'photos', key: 'k', site: 'east' },
      { event: originals[1]?.id, bucket: 'videos' },
      { summary: { replayed: 2, notReplayable: 0, dryRun: false } },
    ]);
    const copies = (await stored()).slice(3);
    expect(copies.map(({ event }) => event?.causationid)).toEqual(originals.map(({ id }) => id));
    expect(copies.map(({ event }) => event?.id)).toEqual([lines[0]?.as, lines[1]?.as]);
    expect(copies.map(({ event }) => event?.data)).toEqual(originals.map(({ data }) => data));
    expect(copies.map(({ event }) => event?.type)).toEqual(originals.map(({ type }) => type));
    const after = [await pending('photos_east_west'), await pending('videos_east_west')];
    expect(after).toEqual(before.map((count) => count + 1));
  });

  test('again replays the originals again, and never the copies', async () => {
    await publish(putEvent(), putEvent());
    for (let turn = 1; turn <= 2; turn++) {
      expect((await json('replay')).at(-1)).toMatchObject({ summary: { replayed: 2 } });
      expect(await stored()).toHaveLength(2 + 2 * turn);
    }
  });

  test('a dry run lists what would be replayed and changes nothing', async () => {
    const [event] = await publish(putEvent({ key: 'a/b\u001b[31m.jpg' }));
    const lines = await json('replay', '--dry-run');
    expect(lines).toMatchObject([
      { event: event?.id, key: 'a/b\u001b[31m.jpg' },
      { summary: { replayed: 1, dryRun: true } },
    ]);
    expect(lines[0]).not.toHaveProperty('as');
    const { stdout, code } = await causeway('replay', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('photos/a/b\\u001b[31m.jpg');
    expect(stdout).toContain('1 event would be replayed');
    expect(await stored()).toHaveLength(1);
  });

  test('times, types, keys and a link narrow it down', async () => {
    const [early] = await publish(putEvent({ key: 'a/1' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const between = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [late, odd, video] = await publish(
      putEvent({ key: 'a/b/2' }),
      putEvent({ key: '[x]?(y).*' }),
      putEvent({ bucket: 'videos', key: 'a/1' }),
    );
    const due = dueEvent(putEvent());
    await publish(due);
    const listed = async (...args: string[]) => {
      const lines = await json('replay', '--dry-run', ...args);
      return lines.slice(0, -1).map(({ event }) => event);
    };
    expect(await listed('--since', between)).toEqual([late?.id, odd?.id, video?.id]);
    expect(await listed('--until', between)).toEqual([early?.id]);
    expect(await listed('--since', '1h', '--key', 'a/*')).toEqual([early?.id, video?.id]);
    expect(await listed('--key', 'a/**')).toEqual([early?.id, late?.id, video?.id]);
    expect(await listed('--key', '[x]?(y).\\*')).toEqual([odd?.id]);
    expect(await listed('--type', 'dev.causeway.version.due.v1')).toEqual([due.id]);
    expect(await listed('--link', 'videos_east_west')).toEqual([video?.id]);
  });

  test('to one link, nobody else gets it', async () => {
    await publish(putEvent({ bucket: 'videos' }));
    const before = await pending('videos_east_west');
    const lines = await json('replay', '--link', 'videos_east_west');
    expect(lines[0]).toMatchObject({ link: 'videos_east_west' });
    expect(await pending('videos_east_west')).toBe(before + 1);
    expect((await stored()).at(-1)?.subject).toMatch(/^causeway\.link\.videos_east_west\./);
  });

  test('thousands of events, none twice, and nothing of its own', async () => {
    const events = Array.from({ length: 3000 }, (_, key) => putEvent({ key: `k${key}` }));
    await log.publish(events.map((event) => ({ event })));
    const { stdout, stderr, code } = await causeway('replay');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('3,000 events replayed\n');
    const causes = (await stored()).slice(3000).map(({ event }) => event?.causationid);
    expect(causes.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  });

  test('from dead letters: to the link that parked it, and out of the letters; what cannot be stays and says why', async () => {
    const event = putEvent({ key: 'parked' });
    await park(event);
    await park(putEvent(), 'gone_east_west');
    const letters = createDeadLetters(log, systemClock);
    await letters.add({ reason: 'not JSON', attempts: 1, body: Buffer.from('{"half') });
    const dry = await json('replay', '--from-dead-letters', '--dry-run');
    expect(dry.at(-1)).toMatchObject({ summary: { replayed: 1, notReplayable: 2, dryRun: true } });
    expect(await all(readLetters(bus, {}))).toHaveLength(3);
    const lines = await json('replay', '--from-dead-letters');
    expect(lines).toMatchObject([
      { notReplayable: 'the documents make no link gone_east_west', deadLetter: 2 },
      { notReplayable: 'its body is no event', deadLetter: 3, reason: 'not JSON' },
      { event: event.id, link: 'photos_east_west', deadLetter: 1 },
      { summary: { replayed: 1, notReplayable: 2 } },
    ]);
    const [copy, ...others] = await stored();
    expect(others).toEqual([]);
    expect(copy?.subject).toMatch(/^causeway\.link\.photos_east_west\.ObjectCreated-Put\./);
    expect(copy?.event).toMatchObject({ causationid: event.id, data: event.data, type: event.type });
    expect(await pending('photos_east_west')).toBe(1);
    expect((await all(readLetters(bus, {}))).map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect((await json('replay', '--from-dead-letters')).at(-1)).toMatchObject({ summary: { replayed: 0 } });
  });

  test('a letter that is parked again after its replay is kept again, at once', async () => {
    const event = putEvent();
    await park(event);
    await json('replay', '--from-dead-letters');
    const [copy] = await stored();
    if (!copy?.event) throw new Error('nothing was replayed');
    await park(copy.event);
    expect(await all(readLetters(bus, {}))).toHaveLength(1);
    expect((await json('replay', '--from-dead-letters')).at(-1)).toMatchObject({ summary: { replayed: 1 } });
    expect(await stored()).toHaveLength(2);
  });

  test.each([
    [['--since', 'yesterday'], /--since: "yesterday" is no time/],
    [['--since', '1h', '--until', '2h'], /--until .* is before --since/],
    [['--nonsense'], /unknown option '--nonsense'/],
    [['--nats', 'http://127.0.0.1'], /--nats must be a URL such as/],
  ])('%j is wrong usage: exit code 2', async (args, words) => {
    const { code, stdout, stderr } = await causeway('replay', ...args, '--json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(words);
  });

  test('says why what Causeway told itself is left out', async () => {
    const { code, stdout } = await causeway('replay', '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/is not, unless --type names it: all of that follows again from the former/);
  });

  test('on a NATS that holds nothing of Causeway’s: exit code 1, and why', async () => {
    for await (const name of bus.manager.streams.names()) await bus.manager.streams.delete(name);
    const { code, stderr } = await causeway('replay');
    expect(code).toBe(1);
    expect(stderr).toMatch(/nothing has run here yet/);
  });
});

describe('dead-letters', () => {
  test('none', async () => {
    const { code, stdout } = await causeway('dead-letters');
    expect([code, stdout]).toEqual([0, 'no dead letters\n']);
    expect((await causeway('dead-letters', '--json')).stdout).toBe('');
  });

  test('lists what was parked and why; what cannot be read is shortened and made harmless', async () => {
    const event = putEvent({ key: 'a\u001b]0;owned\u0007b' });
    await park(event, 'photos_east_west', 'west holds something\nelse');
    const letters = createDeadLetters(log, systemClock);
    await letters.add({ reason: 'not JSON', attempts: 1, body: Buffer.from(`\u001b[2J${'x'.repeat(9000)}`) });
    const { code, stdout } = await causeway('dead-letters');
    expect(code).toBe(0);
    expect(stdout).toContain('photos_east_west  replicate  3 attempts');
    expect(stdout).toContain('west holds something\\u000aelse');
    expect(stdout).toContain(`photos/a\\u001b]0;owned\\u0007b  version`);
    expect(stdout).toContain(`event ${event.id}`);
    expect(stdout).toContain('no link  1 attempt');
    expect(stdout).toContain('not an event: \\u001b[2Jxxx');
    expect(stdout).toMatch(/2 dead letters\n$/);
    expect(stdout.length).toBeLessThan(2000);
    const [one, two] = await json('dead-letters');
    expect(one).toMatchObject({
      link: 'photos_east_west',
      function: 'replicate',
      reason: 'west holds something\nelse',
      attempts: 3,
      type: event.type,
      event: event.id,
      bucket: 'photos',
      key: 'a\u001b]0;owned\u0007b',
      sequence: 1,
    });
    expect(one).not.toHaveProperty('body');
    expect(two).toMatchObject({ reason: 'not JSON', body: expect.stringMatching(/^.{400,600}$/s) });
  });

  test('of a link, of a rule, of a link that the documents no longer make; the last few', async () => {
    for (const key of ['1', '2', '3']) await park(putEvent({ key }));
    await park(putEvent({ key: '4' }), 'photos_west_east');
    await park(putEvent({ key: '5' }), 'videos_east_west');
    await park(putEvent({ key: '6' }), 'old_east_west');
    const keys = async (...args: string[]) => (await json('dead-letters', ...args)).map(({ key }) => key);
    expect(await keys('--link', 'photos_east_west')).toEqual(['1', '2', '3']);
    expect(await keys('--link', 'photos')).toEqual(['1', '2', '3', '4']);
    expect(await keys('--link', 'old_east_west')).toEqual(['6']);
    expect(await keys('--limit', '2')).toEqual(['5', '6']);
    expect(await keys('--limit', '2', '--link', 'photos')).toEqual(['3', '4']);
    expect(await keys('--limit', '99')).toHaveLength(6);
  });

  test.each([
    [['--link', 'photo'], /did you mean "photos"/],
    [['--limit', '0'], /--limit: must be a whole number from 1/],
  ])('%j is wrong usage: exit code 2', async (args, words) => {
    const { code, stderr } = await causeway('dead-letters', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
  });
});

describe('status', () => {
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
    bytes: 0,
    bytesPerSecond: 2048,
    at: new Date().toISOString(),
    ...status,
  });
  const write = async (...statuses: LinkStatus[]): Promise<void> => {
    const kv = await new Kvm(bus.jetstream).open(bucketNames.status);
    for (const status of statuses) await writeStatus(kv, status);
  };
  const linksIn = z.object({ links: z.array(line) });
  const reported = async (...args: string[]) => linksIn.parse((await json('status', ...args))[0]).links;

  test('where nothing has run: every link, and nothing about it', async () => {
    for await (const name of bus.manager.streams.names()) await bus.manager.streams.delete(name);
    const nothing = { state: 'not running', backlog: null, arrivalLag: null, failed: 0, deadLetters: 0 };
    expect(await reported()).toMatchObject([
      { link: 'photos_east_west', rule: 'photos', ...nothing },
      { link: 'photos_west_east', ...nothing },
      { link: 'videos_east_west', ...nothing },
    ]);
    const { code, stdout } = await causeway('status', 'videos');
    expect(code).toBe(0);
    expect(stdout).toMatch(/videos_east_west +not running/);
    expect(stdout).toContain(`no process runs these links: start one with causeway up -f ${file}`);
  });

  test('where no process runs: what waits all the same', async () => {
    await publish(putEvent(), putEvent(), putEvent({ bucket: 'videos' }));
    await park(putEvent());
    const kv = await new Kvm(bus.jetstream).open(bucketNames.ledger);
    const ledger = createLedger(createLedgerBucket(bus, kv), log, systemClock);
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
    await write(
      running('photos_east_west', lag),
      running('photos_east_west', { process: 'two-2' }),
      running('photos_west_east', { state: 'paused', reason }),
    );
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
    const { stdout } = await causeway('status');
    expect(stdout).toMatch(/photos_east_west +healthy +0 +- +12 ms \/ 340 ms +25 ms \/ 2\.5 s .*4\.0 KiB\/s/);
    expect(stdout).toContain('photos_west_east: paused: site east does not answer:\\u001b[31m refused');
    expect(stdout).toContain('no process runs videos_east_west: start one');
  });

  test('an unknown rule: exit code 2, and which was meant', async () => {
    const { code, stderr } = await causeway('status', 'photo');
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no rule "photo": did you mean "photos"\?/);
  });

  test('no NATS there: exit code 1, and where it was looked for', async () => {
    const port = await freePort();
    const { code, stdout, stderr } = await causeway(
      'status',
      '--nats',
      `nats://me:hush-hush@127.0.0.1:${port}`,
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`cannot use NATS at 127.0.0.1:${port}: connection refused\n`);
    const unknown = await runCommand(['status', '-f', file], credentials);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(
      /no deployment is running for .*start it with causeway up, or name its NATS/,
    );
  });

  test('a wrong password: exit code 1, in words without it', async () => {
    const { host, port } = world.server;
    const { code, stderr } = await causeway('status', '--nats', `nats://me:hush-hush@${host}:${port}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/refuses the user name, password or token/);
    expect(stderr).not.toContain('hush-hush');
  });
});
