/** Free ports: different ones, of the range that outgoing connections do not use, and really free. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkPort, freePort, freePorts } from '../../../../infra/sites/ports.ts';

test('gives different ports below the range of outgoing connections', async () => {
  const ports = await freePorts(20);

  expect(new Set(ports).size).toBe(20);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test('refuses a port that something listens on, and takes it once it is free', async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  await expect(checkPort('MinIO of site paris', port)).rejects.toThrow(
    `MinIO of site paris: port ${port} of 127.0.0.1: address already in use`,
  );

  await new Promise((resolve) => server.close(resolve));
  await expect(checkPort('MinIO of site paris', port)).resolves.toBeUndefined();
});
