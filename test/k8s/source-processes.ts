/** `causeway sources` and `causeway dispatch` as processes under their own accounts' tokens, and the Broker they tell. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CausewayEvent, decodeEvent } from '../../events/cloudevent.ts';
import type { Environment } from '../../infra/config/env.ts';
import { type HttpServer, serveHttp } from '../../infra/host/http-server.ts';
import { natsUrl } from '../../infra/sites/nats-server.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { commandLine, type Served, serveProcess } from '../contract/serve/process.ts';
import type { ControllerWorld } from './controller-world.ts';

/** What was brought to it, in its order. */
export interface Heard {
  readonly events: readonly CausewayEvent[];
  readonly server: HttpServer;
}

export async function startBroker(): Promise<Heard> {
  const events: CausewayEvent[] = [];
  const server = await serveHttp({ host: '127.0.0.1', port: 0, mostBytes: 1024 * 1024 }, async (request) => {
    events.push(decodeEvent((await request.body()) ?? Buffer.alloc(0)));
    return { status: 202 };
  });
  return { events, server };
}

/** They name a site that nobody asks for anything. */
async function documentsIn(dir: string): Promise<string> {
  const file = join(dir, 'causeway.yaml');
  await writeFile(
    file,
    `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: paris }
spec: { s3: { endpoint: "http://127.0.0.1:9" }, credentials: { env: PARIS } }
`,
  );
  return file;
}

const extra = {
  sources: [],
  dispatch: ['--to', 'http://127.0.0.1:9/{function}'],
} as const;
const accounts = { sources: 'causeway-sources', dispatch: 'causeway-dispatcher' } as const;

export async function startTaker(
  command: keyof typeof extra,
  { world, dir, env }: { readonly world: ControllerWorld; readonly dir: string; readonly env: Environment },
): Promise<Served> {
  const port = await freePort();
  return serveProcess({
    main: commandLine(command),
    args: ['-f', await documentsIn(dir), '--listen', String(port), ...extra[command]],
    port,
    env: {
      PARIS_ACCESS_KEY_ID: 'paris',
      PARIS_SECRET_ACCESS_KEY: 'paris-secret',
      CAUSEWAY_NATS_URL: natsUrl(world.embedded.nats),
      KUBECONFIG: await world.kubeconfig(accounts[command]),
      ...env,
    },
  });
}
