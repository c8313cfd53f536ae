/** What both sides hold at the end of a round, compared version by version: ID, ETag, size, time, headers, tags. */
import { compareKey } from '../../functions/replication/compare-key.ts';
import { walk } from '../../functions/replication/walk.ts';
import type { MinioServer } from '../sites/minio-server.ts';
import { openStore } from '../stores/index.ts';
import type { Stage } from './scenario.ts';

const deadlines = { requestMs: 30_000, putMs: 30_000 };

export interface Compared {
  /** At the source. */
  readonly versions: number;
  /** Versions by what is different about them; empty where both sides agree. */
  readonly differences: Readonly<Record<string, number>>;
}

/** Each bucket with each of its targets. */
export async function compareSides({ source, rules }: Stage): Promise<Compared> {
  const differences: Record<string, number> = {};
  let versions = 0;
  for (const { bucket, targets } of rules) {
    for (const { target } of targets) {
      const compared = await comparePair(source, target, bucket);
      versions += compared.versions;
      for (const [what, count] of Object.entries(compared.differences))
        differences[what] = (differences[what] ?? 0) + count;
    }
  }
  return { versions, differences };
}

async function comparePair(source: MinioServer, target: MinioServer, bucket: string): Promise<Compared> {
  const [left, right] = [openRoot(source), openRoot(target)];
  const differences: Record<string, number> = {};
  let versions = 0;
  try {
    for await (const listed of walk(
      { source: { store: left, bucket }, target: { store: right, bucket } },
      '',
      '',
    )) {
      versions += listed.source.length;
      for (const finding of compareKey(listed)) {
        const what = finding.kind === 'content' ? finding.fields.join(', ') : finding.kind;
        differences[what] = (differences[what] ?? 0) + 1;
      }
    }
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
  return { versions, differences };
}

const openRoot = ({ name, endpoint, region, rootUser, rootPassword }: MinioServer) =>
  openStore({
    site: name,
    endpoint,
    region,
    dialect: 'minio',
    credentials: { accessKeyId: rootUser, secretAccessKey: rootPassword },
    deadlines,
  });
