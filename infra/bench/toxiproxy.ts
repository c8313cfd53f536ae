/** A round trip between the sites: toxiproxy on the loopback holds back what passes, half of it each way. */
import { freePort } from '../sites/ports.ts';
import { type ServerProcess, startProcess } from '../sites/process.ts';
import { onFreePort } from '../sites/restartable.ts';

const host = '127.0.0.1';

export interface SlowWire {
  /** What is reached through it. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Without a round trip the wire is the same, only that nothing is held back. */
export async function startSlowWire(options: {
  readonly binary: string;
  readonly dir: string;
  /** host:port */
  readonly upstream: string;
  readonly rttMs: number;
}): Promise<SlowWire> {
  const { binary, dir, upstream, rttMs } = options;
  const { server, api } = await onFreePort(undefined, freePort, async (port) => {
    const address = `http://${host}:${port}`;
    const started: ServerProcess = await startProcess({
      name: 'toxiproxy',
      binary,
      args: ['-host', host, '-port', String(port)],
      env: { HOME: dir },
      cwd: dir,
      port,
      isReady: async (signal) => (await fetch(`${address}/version`, { signal })).ok,
    });
    return { server: started, api: address };
  });
  try {
    const wire = await freePort();
    await post(`${api}/proxies`, { name: 'target', listen: `${host}:${wire}`, upstream, enabled: true });
    for (const stream of rttMs > 0 ? ['upstream', 'downstream'] : []) {
      const attributes = { latency: rttMs / 2, jitter: 0 };
      await post(`${api}/proxies/target/toxics`, { type: 'latency', stream, attributes });
    }
    return { endpoint: `http://${host}:${wire}`, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`toxiproxy: ${response.status} ${await response.text()}`);
}
