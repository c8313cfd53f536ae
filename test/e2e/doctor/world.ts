/** Two real sites and NATS, and `causeway doctor` run on documents about them. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Check } from '../../../infra/doctor/check.ts';
import type { MinioServer } from '../../../infra/sites/minio-server.ts';
import { natsUrl } from '../../../infra/sites/nats-server.ts';
import { siteOf } from '../application.ts';
import { credentialsOf } from '../causeway-process.ts';
import { type Finished, runCommand } from '../run-command.ts';
import { startWorld, type World } from '../world.ts';

export interface DoctorOptions {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

export interface SiteOptions {
  readonly endpoint?: string;
  readonly via?: 'nats' | 'webhook';
}

export interface DoctorWorld {
  readonly dir: string;
  readonly nats: World['embedded']['nats'];
  /** Of the sites' own NATS, with its password. */
  readonly natsUrl: string;
  server(site: string): MinioServer;
  siteDocument(name: string, options?: SiteOptions): string;
  /** The documents of both sites. */
  both(): string[];
  /** Root may do anything, at both sites: for buckets that Causeway's own user has no permission for. */
  asRoot(): Record<string, string>;
  /** No secret shows in what it writes. */
  doctor(documents: readonly string[], options?: DoctorOptions): Promise<Finished>;
  checksOf(
    documents: readonly string[],
    options?: DoctorOptions,
  ): Promise<{ code: number | null; checks: Check[] }>;
  stop(): Promise<void>;
}

export const problems = (checks: readonly Check[]) => checks.filter(({ status }) => status !== 'ok');

export const ruleDocument = (
  name: string,
  bucket: string,
  spec = '',
): string => `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
  source: { site: paris, bucket: ${bucket} }
  targets: [{ site: tokyo, bucket: ${bucket} }]
${spec}`;

export async function startDoctorWorld(): Promise<DoctorWorld> {
  const world = await startWorld(
    ['paris', 'tokyo'],
    [{ name: 'photos' }, { name: 'records', objectLock: true }],
  );
  const { nats, sites } = world.embedded;
  const secrets = [nats.password, ...sites.map(({ credentials }) => credentials.secretAccessKey.reveal())];
  const server = (name: string): MinioServer => siteOf(world, name).server;
  const siteDocument = (
    name: string,
    { endpoint = server(name).endpoint, via = 'nats' }: SiteOptions = {},
  ): string =>
    `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "${endpoint}" }
  credentials: { env: ${name.toUpperCase()} }
  events: { minio: { via: ${via} } }
`;

  async function doctor(
    documents: readonly string[],
    { args = [], env = {} }: DoctorOptions = {},
  ): Promise<Finished> {
    const file = join(await mkdtemp(join(world.dir, 'documents-')), 'causeway.yaml');
    await writeFile(file, documents.join('---\n'));
    const finished = await runCommand(['doctor', '-f', file, ...args], {
      ...credentialsOf(world.embedded),
      ...env,
    });
    for (const secret of secrets) expect(finished.stdout + finished.stderr).not.toContain(secret);
    return finished;
  }

  return {
    dir: world.dir,
    nats,
    natsUrl: natsUrl(nats),
    server,
    siteDocument,
    both: () => [siteDocument('paris'), siteDocument('tokyo')],
    asRoot: () =>
      Object.fromEntries(
        sites.flatMap(({ name, server: { rootUser, rootPassword } }) => [
          [`${name.toUpperCase()}_ACCESS_KEY_ID`, rootUser],
          [`${name.toUpperCase()}_SECRET_ACCESS_KEY`, rootPassword],
        ]),
      ),
    doctor,
    async checksOf(documents, options = {}) {
      const args = [...(options.args ?? []), '--json'];
      const { code, stdout } = await doctor(documents, { ...options, args });
      const { ok, checks } = JSON.parse(stdout);
      expect(ok).toBe(code === 0);
      return { code, checks };
    },
    stop: () => world.stop(),
  };
}
