/** Two sites with two buckets each, and a controller that follows their documents on a real API server. */
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CoreV1Api } from '@kubernetes/client-node';
import { expect } from 'vitest';
import { linksLeft } from '../../../infra/bus/forget.ts';
import { countMessages } from '../../../infra/bus/read-stream.ts';
import { bucketNames } from '../../../infra/bus/streams.ts';
import { rootClient } from '../../../infra/sites/setup.ts';
import { eventually } from '../../e2e/awaiting.ts';
import {
  type ControllerProcess,
  type ControllerWorld,
  type DocumentKind,
  startControllerWorld,
} from '../controller-world.ts';

export interface DocumentsWorld extends ControllerWorld {
  /** The one that leads. */
  controller: ControllerProcess;
  client(site: string): ReturnType<typeof rootClient>;
  core(): CoreV1Api;
  siteSpec(name: string): object;
  /** Resolves when an object that is written to this bucket of Paris is in Tokyo. */
  arrives(bucket: string): Promise<void>;
  isGone(kind: DocumentKind, name: string, withinMs?: number): Promise<void>;
  /** The links that NATS still knows of. */
  left(): Promise<string[]>;
  leavesNothing(rule: string): Promise<void>;
}

export const photos = ['ReplicationRule', 'photos'] as const;
export const songs = ['ReplicationRule', 'songs'] as const;
export const linkOf = (rule: string): string => `${rule}_paris_tokyo`;
export const ruleSpec = (bucket: string) => ({
  source: { site: 'paris', bucket },
  targets: [{ site: 'tokyo', bucket }],
  scan: { every: '1s' },
});
/** The links that a controller has started. */
export const starts = (of: ControllerProcess): unknown[] =>
  of.log.flatMap(({ msg, link }) => (msg === 'the link starts' ? [link] : []));

export async function startDocumentsWorld(): Promise<DocumentsWorld> {
  const world = await startControllerWorld(['paris', 'tokyo'], [{ name: 'photos' }, { name: 'songs' }]);
  const controller = await world.start();
  const client = (site: string) => rootClient(world.site(site).server);
  const left = async (): Promise<string[]> => (await linksLeft(world.bus)).map(({ name }) => name);
  let count = 0;

  /** What of a rule is on NATS. */
  async function traces(rule: string): Promise<string[]> {
    const links = (await left()).filter((link) => link.startsWith(`${rule}_`));
    const buckets = [bucketNames.ledger, bucketNames.walks, bucketNames.orphans, bucketNames.status];
    const keys = await Promise.all(
      buckets.map(async (bucket) => {
        const subjects = [`$KV.${bucket}.${linkOf(rule)}`, `$KV.${bucket}.${linkOf(rule)}.>`];
        return (await countMessages(world.bus, `KV_${bucket}`, subjects)) > 0 ? [bucket] : [];
      }),
    );
    return [...links, ...keys.flat()];
  }

  return {
    ...world,
    controller,
    client,
    core: () => world.cluster.apiServer.admin.makeApiClient(CoreV1Api),
    siteSpec: (name) => ({
      s3: { endpoint: world.site(name).server.endpoint },
      credentials: { secretName: `${name}-keys` },
      events: { minio: { via: 'nats' } },
    }),
    async arrives(bucket) {
      count += 1;
      const at = { Bucket: bucket, Key: `object-${count}` };
      await client('paris').send(new PutObjectCommand({ ...at, Body: at.Key }));
      await eventually(async () => {
        const found = await client('tokyo').send(new GetObjectCommand(at));
        expect(await found.Body?.transformToString()).toBe(at.Key);
      });
    },
    isGone: (kind, name, withinMs = 15_000) =>
      eventually(async () => expect(await world.get(kind, name)).toBeUndefined(), withinMs),
    left,
    leavesNothing: (rule) => eventually(async () => expect(await traces(rule)).toEqual([]), 15_000),
  };
}
