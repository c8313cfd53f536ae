/** A round trip between the sites: toxiproxy on the loopback holds back what passes, half of it each way. */
import { freePort } from '../sites/ports.ts';
import { type ServerProcess, startProcess } from '../sites/process.ts';
import { onFreePort } from '../sites/restartable.ts';

const host = '127.0.0.1';

export interface SlowWire {
  /** What is reached through it. */
  readonly endpoint: string;
  /** Breaks what is open and refuses what comes, until it is mended. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Bytes that passed, both ways together, on connections that have ended: cut it first to know all. */
  passed(): Promise<number>;
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
      args: ['-host', host, '-port', String(port), '-proxy-metrics'],
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
    for (const stream of ['upstream', 'downstream']) {
      const toxic = (type: string, attributes: object) =>
        post(`${api}/proxies/target/toxics`, { type, stream, attributes });
      if (rttMs > 0) await toxic('latency', { latency: rttMs / 2, jitter: 0 });
    }
    return {
      endpoint: `http://${host}:${wire}`,
      cut: () => post(`${api}/proxies/target`, { enabled: false }),
      mend: () => post(`${api}/proxies/target`, { enabled: true }),
      passed: async () => bytesIn(await (await fetch(`${api}/metrics`)).text()),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What clients sent it, and what the server answered. */
function bytesIn(metrics: string): number {
  const received = metrics.matchAll(/^toxiproxy_proxy_received_bytes_total\{.*\} (\S+)$/gm);
  return [...received].reduce((sum, [, value]) => sum + Number(value), 0);
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`toxiproxy: ${response.status} ${await response.text()}`);
}
