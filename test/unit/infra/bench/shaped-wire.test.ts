/** A link's bandwidth is shared by its connections, as on a line. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ShapedWire, startShapedWire } from '../../../../infra/bench/shaped-wire.ts';

const KIBIBYTE = 1024;
const bytesPerSecond = 2048 * KIBIBYTE;
let server: Server;
let wire: ShapedWire;

/** Answers how many bytes came, when they have ended. */
beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    buffer(socket).then((all) => socket.end(`${all.length}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  wire = await startShapedWire({ upstream: `127.0.0.1:${port}`, bytesPerSecond });
});
afterEach(async () => {
  await wire.stop();
  server.close();
});

async function sent(bytes: number): Promise<string> {
  const { hostname, port } = new URL(`tcp://${wire.address}`);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.end(Buffer.alloc(bytes));
  return (await buffer(socket)).toString();
}

test('two connections have it together, and all arrives', async () => {
  const bytes = 512 * KIBIBYTE;
  const began = performance.now();
  const answers = await Promise.all([sent(bytes), sent(bytes)]);
  const seconds = (performance.now() - began) / 1000;

  expect(answers).toEqual([`${bytes}`, `${bytes}`]);
  expect(wire.passed()).toBe(2 * bytes + 2 * `${bytes}`.length);
  // What a late timer may catch up with is a tenth of a second.
  expect(seconds).toBeGreaterThan((2 * bytes) / bytesPerSecond - 0.11);
});

test('one does not wait for all of another', async () => {
  let isEnded = false;
  const large = sent(bytesPerSecond).then(() => {
    isEnded = true;
  });
  await sent(KIBIBYTE);

  expect(isEnded).toBe(false);
  await large;
});
