/** Two sites, a rule that carries a bucket of repositories, and movers as their Jobs run them: bundles with real restic. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import type { CausewayEvent } from '../../../events/cloudevent.ts';
import { readEvent } from '../../../events/cloudevent.ts';
import type { Link } from '../../../functions/ports.ts';
import { readShipmentName } from '../../../functions/volumes/shipment-name.ts';
import { environment } from '../../../infra/config/env.ts';
import { createUser } from '../../../infra/sites/create-user.ts';
import { natsUrl } from '../../../infra/sites/nats-server.ts';
import type { PolicyDocument } from '../../../infra/sites/policies.ts';
import { restoreCommand, type ShipTask, shipCommand } from '../../../infra/volumes/tasks.ts';
import { bundleMovers } from '../../../knative/bundling.ts';
import { applicationAt, siteOf } from '../application.ts';
import { eventually } from '../awaiting.ts';
import { links } from '../rules.ts';
import { startWorld, type World } from '../world.ts';
import { findBuiltRestic } from './restic.ts';

export const bucket = 'volumes';
/** No rule carries it: what arrives there is the test's to say. */
export const apart = 'apart';
export const password = 'correct horse battery staple';
export const sites = ['paris', 'tokyo'] as const;
export type SiteName = (typeof sites)[number];

/** As the documentation has it: locks are for those who work at one site. */
export const rules: readonly Link[] = links({
  name: 'volumes',
  sites,
  bucket,
  direction: 'two-way',
  spec: { source: { site: 'paris', bucket, exclude: ['*/locks/*'] }, scan: { every: '1s' } },
});

/** As the documentation has them: who restores only reads. */
function policyOf(role: 'writer' | 'reader'): PolicyDocument {
  const write = role === 'writer' ? ['s3:PutObject', 's3:DeleteObject'] : [];
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket', 's3:GetBucketLocation'],
        Resource: [bucket, apart].map((name) => `arn:aws:s3:::${name}`),
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', ...write],
        Resource: [bucket, apart].map((name) => `arn:aws:s3:::${name}/*`),
      },
    ],
  };
}

export interface Moved {
  readonly code: number | null;
  /** Of what it emitted, the last. */
  readonly event: CausewayEvent | undefined;
  readonly words: string;
}

export interface Mover {
  readonly args: readonly string[];
  readonly pid: number | undefined;
  /** Resolves when it says this. */
  says(words: RegExp): Promise<void>;
  readonly ended: Promise<Moved>;
}

interface RestoreAbout {
  readonly claim?: string;
  readonly bucket?: string;
  readonly waitSeconds?: number;
}

export interface VolumeWorld {
  readonly world: World;
  /** A fresh directory, called as mounted volumes are. */
  volume(): Promise<string>;
  ship(
    site: SiteName,
    directory: string,
    about: Partial<ShipTask> & { readonly sync: string },
    user?: 'writer' | 'reader',
  ): Mover;
  restore(site: SiteName, directory: string, about?: RestoreAbout): Mover;
  /** Waits for a sync, and restores it. */
  arrived(
    site: SiteName,
    directory: string,
    about: { readonly sync: string; readonly claim?: string },
  ): Promise<Moved>;
  /** Of a volume's repository and its shipments. */
  keys(site: SiteName, inBucket: string, claim: string): Promise<string[]>;
  /** From the first site's bucket without a rule to the other's. */
  carry(key: string): Promise<void>;
  stop(): Promise<void>;
}

export const addedBy = ({ event }: Moved): number =>
  event?.type === 'dev.causeway.snapshot.shipped.v1' ? event.data.added : Number.NaN;

/** A program may have to be built first. */
export const setupMs = 40 * 60_000;

export async function startVolumeWorld(): Promise<VolumeWorld> {
  const world = await startWorld(sites, [{ name: bucket }, { name: apart }]);
  const dir = await mkdtemp(join(tmpdir(), 'causeway-volumes-'));
  const restic = await findBuiltRestic(environment, console.error);
  await bundleMovers(join(dir, 'app'));
  for (const site of sites) {
    const { server } = siteOf(world, site);
    for (const role of ['writer', 'reader'] as const) {
      const policy = policyOf(role);
      const user = { accessKey: role, secretKey: `${role}-secret`, policyName: role, policy };
      await createUser(server, user);
    }
  }
  let volumes = 0;

  const place = (site: SiteName, directory: string, claim: string) => ({
    site,
    endpoint: siteOf(world, site).server.endpoint,
    region: 'us-east-1',
    bucket,
    path: `shop/${claim}`,
    directory,
  });

  function run([program = '', ...args]: readonly string[], user: 'writer' | 'reader'): Mover {
    const file = program.replace(/^\/app/, join(dir, 'app'));
    const child = spawn(process.execPath, [file, ...args, '--json'], {
      env: {
        PATH: environment.PATH,
        RESTIC_BIN: restic,
        REPOSITORY_ACCESS_KEY_ID: user,
        REPOSITORY_SECRET_ACCESS_KEY: `${user}-secret`,
        REPOSITORY_PASSWORD: password,
        CAUSEWAY_NATS_URL: natsUrl(world.embedded.nats),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let words = '';
    const heard = new EventTarget();
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      words += chunk;
      heard.dispatchEvent(new Event('words'));
    });
    const ended = Promise.all([text(child.stdout), once(child, 'close')]).then(([out, [code]]): Moved => {
      const [line] = out.trim().split('\n').slice(-1);
      return { code, words, event: line ? readEvent(JSON.parse(line)) : undefined };
    });
    return {
      args: [file, ...args],
      pid: child.pid,
      ended,
      async says(wanted) {
        while (!wanted.test(words)) await once(heard, 'words');
      },
    };
  }

  function restore(
    site: SiteName,
    directory: string,
    { claim = 'orders', ...about }: RestoreAbout = {},
  ): Mover {
    const task = { ...place(site, directory, claim), waitSeconds: 60, ...about };
    return run(restoreCommand(task), 'reader');
  }

  async function keys(site: SiteName, inBucket: string, claim: string): Promise<string[]> {
    const { client } = applicationAt(world, site);
    const listed = await client.send(
      new ListObjectsV2Command({ Bucket: inBucket, Prefix: `shop/${claim}/` }),
    );
    return (listed.Contents ?? []).map(({ Key = '' }) => Key);
  }

  return {
    world,
    restore,
    keys,
    async arrived(site, directory, { sync, claim = 'orders' }) {
      const isShipment = (key: string) => readShipmentName(key.slice(`shop/${claim}/`.length))?.sync === sync;
      await eventually(
        async () => expect((await keys(site, bucket, claim)).some(isShipment)).toBe(true),
        60_000,
      );
      const moved = await restore(site, directory, { claim }).ended;
      expect(moved).toMatchObject({ code: 0, event: { data: { sync } } });
      return moved;
    },
    async carry(key) {
      const [from, to] = [applicationAt(world, 'paris'), applicationAt(world, 'tokyo')];
      const { Body } = await from.client.send(new GetObjectCommand({ Bucket: apart, Key: key }));
      await to.put(apart, key, (await Body?.transformToByteArray()) ?? '');
    },
    async volume() {
      const directory = join(dir, String(++volumes), 'volume');
      await mkdir(directory, { recursive: true });
      return directory;
    },
    ship(site, directory, { claim = 'orders', ...about }, user = 'writer') {
      const task = {
        namespace: 'shop',
        replication: 'orders',
        keepLast: 3,
        takenAt: new Date().toISOString(),
      };
      return run(shipCommand({ ...place(site, directory, claim), claim, ...task, ...about }), user);
    },
    async stop() {
      await world.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
