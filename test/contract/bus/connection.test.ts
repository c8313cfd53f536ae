/** Connecting to NATS: what is refused, in which words, and how soon. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectBus } from '../../../infra/bus/connection.ts';
import type { NatsServers } from '../../../infra/config/nats-url.ts';
import { Secret } from '../../../infra/config/secret.ts';
import { freePort } from '../../../infra/sites/ports.ts';
import { type BusWorld, setupMs, startBusWorld } from './bus-world.ts';

let world: BusWorld;
const fakes: Server[] = [];

beforeAll(async () => {
  world = await startBusWorld();
}, setupMs);
afterEach(() => {
  for (const fake of fakes.splice(0)) fake.close();
});
afterAll(() => world?.stop());

/** Something that listens, and is no nats-server of ours. */
async function listen(welcome: (socket: Socket) => void): Promise<NatsServers> {
  const fake = createServer((socket) => {
    socket.on('error', () => undefined);
    welcome(socket);
  });
  fakes.push(fake);
  const port = await freePort();
  await new Promise<void>((resolve) => fake.listen(port, '127.0.0.1', resolve));
  return { servers: [`127.0.0.1:${port}`], tls: false, login: undefined };
}

/** What a nats-server of that version says to begin with; its PONG ends the client's handshake. */
const greeting =
  (version: string) =>
  (socket: Socket): void => {
    socket.write(`INFO {"server_id":"F","version":"${version}","headers":true,"max_payload":1048576}\r\n`);
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
  };

async function refusal(access: NatsServers): Promise<{ words: string; ms: number }> {
  const before = performance.now();
  const outcome = await connectBus(access).then(
    async (bus) => {
      await bus.close();
      return 'connected';
    },
    (error: unknown) => (error instanceof Error ? `${error.message}\n${error.stack}` : String(error)),
  );
  return { words: outcome, ms: performance.now() - before };
}

test.each(['2.9.10', '2.11.99', '1.4.0'])(
  'refuses a server of version %s, and says what to do',
  async (version) => {
    const access = await listen(greeting(version));
    const { words, ms } = await refusal(access);
    expect(words).toMatch(
      new RegExp(`${access.servers[0]} is ${version}: Causeway needs 2.12 or later. Upgrade it`),
    );
    expect(ms).toBeLessThan(2000);
  },
);

test.each(['2.12.0', '2.15.2', '3.0.0-RC.1'])('takes a server of version %s', async (version) => {
  const bus = await connectBus(await listen(greeting(version)));
  expect(bus.connection.info?.version).toBe(version);
  await bus.connection.close();
});

test('a wrong password is refused at once, in words without it', async () => {
  const login = { user: world.server.user, password: new Secret('not-the-password') };
  const { words, ms } = await refusal({ ...world.access, login });
  expect(words).toMatch(/refuses the user name, password or token/);
  expect(words).not.toContain('not-the-password');
  expect(ms).toBeLessThan(2000);
});

test('no password where one is wanted: says how to give it', async () => {
  const { words } = await refusal({ ...world.access, login: undefined });
  expect(words).toMatch(/wants a user name and password, or a token: nats:\/\/user:password@host:port/);
});

test('a token where a password is wanted is refused, in words without it', async () => {
  const { words } = await refusal({ ...world.access, login: { token: new Secret('not-the-token') } });
  expect(words).toMatch(/refuses the user name, password or token/);
  expect(words).not.toContain('not-the-token');
});

test('TLS where there is none', async () => {
  expect((await refusal({ ...world.access, tls: true })).words).toMatch(/does not support 'tls'/);
});

test('nobody listens', async () => {
  const { words, ms } = await refusal({ ...world.access, servers: [`127.0.0.1:${await freePort()}`] });
  expect(words).toMatch(/connection refused/);
  expect(ms).toBeLessThan(2000);
});

test('who listens is no NATS server', async () => {
  const http = await listen((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  expect((await refusal(http)).words).toMatch(/what answers there is no NATS server/);
  const closing = await listen((socket) => void socket.end());
  expect((await refusal(closing)).words).toMatch(/what answers there is no NATS server/);
});

test('who listens says nothing: gives up after five seconds', async () => {
  const { words, ms } = await refusal(await listen(() => undefined));
  expect(words).toMatch(/no answer within 5 s/);
  expect(ms).toBeLessThan(8000);
});

test('of several servers, one that answers will do', async () => {
  const bus = await connectBus({
    ...world.access,
    servers: [`127.0.0.1:${await freePort()}`, ...world.access.servers],
  });
  await bus.manager.getAccountInfo();
  await bus.close();
});
