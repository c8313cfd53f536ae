/** The objects of a round: their names, in the order they are written, and what is in them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MinioServer } from '../sites/minio-server.ts';
import { type Wire, wire } from '../stores/wire.ts';
import type { BodyOf } from './content.ts';

const deadlineMs = 30_000;
/** One object in so many has tags and metadata. */
const taggedEvery = 10;
/** PUTs at once where they are not paced. */
const writers = 32;
const folderSize = 1000;

/** Names sort as they are written. Folders hold a thousand, so that a listing from the middle stays cheap. */
export function objectNames(folder: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const part = String(Math.floor(index / folderSize)).padStart(4, '0');
    return `${folder}/${part}/${String(index).padStart(7, '0')}`;
  });
}

export const rootWire = ({ name, endpoint, region, rootUser, rootPassword }: MinioServer): Wire =>
  wire({
    site: name,
    endpoint,
    region,
    credentials: { accessKeyId: rootUser, secretAccessKey: rootPassword },
  });

export interface Offer {
  readonly site: MinioServer;
  readonly bucket: string;
  readonly names: readonly string[];
  readonly bodyOf: BodyOf;
  /** 0: as fast as the site takes them. */
  readonly ratePerSecond: number;
  /** MinIO is told that they were written so long ago. */
  readonly ageMs?: number;
  readonly signal: AbortSignal;
}

export interface Offered {
  /** When the first was sent and the last was acknowledged: milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
  /** Of all contents together. */
  readonly bytes: number;
}

/** Writes them in order. Throws when the site does not take one. */
export async function offer(options: Offer): Promise<Offered> {
  const { site, bucket, names, bodyOf, ratePerSecond, ageMs, signal } = options;
  const client = rootWire(site);
  const age = ageMs !== undefined && {
    'x-minio-source-mtime': new Date(Date.now() - ageMs).toISOString(),
  };
  let bytes = 0;
  const put = async (key: string, index: number): Promise<void> => {
    const body = bodyOf(index);
    bytes += body.length;
    const extra =
      index % taggedEvery === 0
        ? { 'x-amz-tagging': `round=bench&number=${index}`, 'x-amz-meta-number': `${index}` }
        : {};
    const headers = { 'content-type': 'application/octet-stream', ...extra, ...age };
    const request = { method: 'PUT', bucket, key, headers, body, deadlineMs } as const;
    const answer = await client.send(request);
    if (answer.status !== 200) throw await client.refusal(request, answer);
  };
  const began = Date.now();
  try {
    if (ratePerSecond > 0) await paced(names, ratePerSecond, signal, put);
    else await eager(names, signal, put);
  } finally {
    await client.close();
  }
  return { began, ended: Date.now(), bytes };
}

/** Puts a delete marker on each of them. */
export async function removeLatest({
  site,
  bucket,
  names,
  signal,
}: Pick<Offer, 'site' | 'bucket' | 'names' | 'signal'>): Promise<void> {
  const client = rootWire(site);
  try {
    await eager(names, signal, async (key) => {
      const request = { method: 'DELETE', bucket, key, deadlineMs } as const;
      const answer = await client.send(request);
      if (answer.status !== 204) throw await client.refusal(request, answer);
    });
  } finally {
    await client.close();
  }
}

type Put = (key: string, index: number) => Promise<void>;

/** Each at its own moment, whether or not those before have ended: a slow site meets a longer queue, not less work. */
async function paced(names: readonly string[], rate: number, signal: AbortSignal, put: Put): Promise<void> {
  const began = performance.now();
  const running: Promise<void>[] = [];
  for (const [index, name] of names.entries()) {
    const early = began + (index * 1000) / rate - performance.now();
    if (early > 0) await sleep(early, undefined, { signal });
    signal.throwIfAborted();
    const writing = put(name, index);
    // Heard at the end.
    writing.catch(() => undefined);
    running.push(writing);
  }
  await Promise.all(running);
}

async function eager(names: readonly string[], signal: AbortSignal, put: Put): Promise<void> {
  const rest = names.entries();
  const write = async (): Promise<void> => {
    for (const [index, name] of rest) {
      signal.throwIfAborted();
      await put(name, index);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}
