/** Where the embedded NATS of a running `up` is: a file beside the documents, readable by its owner only. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { NatsServers } from '../config/nats-url.ts';
import { Secret } from '../config/secret.ts';

const stateSchema = z.object({ server: z.string(), user: z.string(), password: z.string() });

const fileIn = (dir: string): string => join(dir, 'nats.json');

export async function writeState(dir: string, state: z.infer<typeof stateSchema>): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const fresh = `${fileIn(dir)}.new`;
  await writeFile(fresh, JSON.stringify(state), { mode: 0o600 });
  await rename(fresh, fileIn(dir));
}

export const removeState = (dir: string): Promise<void> => rm(fileIn(dir), { force: true });

export const serversOf = ({ server, user, password }: z.infer<typeof stateSchema>): NatsServers => ({
  servers: [server],
  tls: false,
  login: { user, password: new Secret(password) },
});

/** Undefined where no `up` with an embedded NATS runs. */
export async function readState(dir: string): Promise<NatsServers | undefined> {
  try {
    return serversOf(stateSchema.parse(JSON.parse(await readFile(fileIn(dir), 'utf8'))));
  } catch {
    return undefined;
  }
}
