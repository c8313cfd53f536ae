/** Child servers, played by small shell scripts: waiting for them, ending them, and what is told of them. */
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../../infra/sites/ports.ts';
import { type ProcessOptions, type ServerProcess, startProcess } from '../../../../infra/sites/process.ts';

const started: ServerProcess[] = [];
afterEach(() => Promise.all(started.splice(0).map((server) => server.kill())));

async function start(script: string, options: Partial<ProcessOptions> = {}): Promise<ServerProcess> {
  const server = await startProcess({
    name: 'the server',
    binary: '/bin/sh',
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    cwd: tmpdir(),
    port: await freePort(),
    isReady: async () => true,
    ...options,
  });
  started.push(server);
  return server;
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('starting', () => {
  test('waits until the server is ready; an error of the probe means "not yet"', async () => {
    let asked = 0;
    const server = await start('exec sleep 60', {
      isReady: async () => {
        asked += 1;
        if (asked === 1) throw new Error('connection refused');
        return asked === 4;
      },
    });

    expect(asked).toBe(4);
    expect(server.running).toBe(true);
    expect(isAlive(server.pid)).toBe(true);
  });

  test('rejects at once, with what it wrote and without its secrets, if the server ends', async () => {
    const attempt = start('echo "bad password hunter22" >&2; exit 3', {
      isReady: async () => false,
      secrets: ['hunter22', ''],
    });

    await expect(attempt).rejects.toThrow(
      'the server ended before it was ready. Its last output:\nbad password ***',
    );
  });

  test('ends a server that is not ready in time', async () => {
    const attempt = start('exec sleep 60', { isReady: async () => false, readyWithinMs: 200 });

    await expect(attempt).rejects.toThrow('the server was not ready within 200 ms. It wrote nothing.');
  });

  test('is not held up by a probe that never answers', async () => {
    const attempt = start('exec sleep 60', {
      isReady: () => new Promise(() => undefined),
      readyWithinMs: 200,
    });

    await expect(attempt).rejects.toThrow('the server was not ready within 200 ms');
  });

  test('says that there is no such program', async () => {
    await expect(start('', { binary: '/no/such/server', isReady: async () => false })).rejects.toThrow(
      '/no/such/server',
    );
  });

  test('gives it no more of the environment than it was told', async () => {
    const server = await start('env; exec sleep 60', { env: { PATH: '/usr/bin:/bin', ONLY: 'this' } });
    await expect.poll(() => server.output()).toContain('ONLY=this');

    expect(server.output()).not.toContain('HOME=');
  });
});

describe('ending', () => {
  test('lets it end in order, and leaves no watchdog', async () => {
    const server = await start('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done');
    await expect.poll(() => server.output()).toContain('up');

    await server.stop();

    expect(server.running).toBe(false);
    expect(server.output()).toContain('bye');
  });

  test('kills it if it does not end in time', async () => {
    const server = await start('trap "" TERM; echo up; while :; do sleep 0.05; done');
    await expect.poll(() => server.output()).toContain('up');

    await server.stop(100);

    expect(isAlive(server.pid)).toBe(false);
  });

  test('does nothing the second time', async () => {
    const server = await start('exec sleep 60');
    await server.kill();

    await server.kill();
    await server.stop();
    await server.exited;

    expect(server.running).toBe(false);
  });
});

test('keeps only the last of a long output', async () => {
  const server = await start('yes 0123456789 | head -n 5000; echo the end; exec sleep 60');
  await expect.poll(() => server.output()).toContain('the end');

  expect(server.output().length).toBeLessThanOrEqual(8_000);
});
