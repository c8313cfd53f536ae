/** What the demonstration writes, as an application would: at both sites, odd names, overwrites, deletes, tags. */
import {
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

export interface Application {
  readonly site: string;
  readonly client: S3Client;
}

/** Tells what it does, one line a write. */
export async function writeSamples(
  [first, second]: readonly [Application, Application],
  bucket: string,
  tell: (line: string) => void,
): Promise<void> {
  const put = async ({ site, client }: Application, key: string, body: string | Uint8Array) => {
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    tell(`${site} wrote ${key}`);
    return VersionId;
  };
  await put(first, 'holiday/beach.jpg', Buffer.alloc(300_000, 1));
  await put(first, 'notes.txt', 'the first draft');
  await put(first, 'notes.txt', 'the second draft');
  await put(second, 'räksmörgås & co.txt', 'an odd name');
  await put(second, 'empty', Buffer.alloc(0));
  const mistake = await put(second, 'mistake.txt', 'to be forgotten');
  const old = await put(first, 'old.txt', 'to be deleted');

  await first.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'old.txt' }));
  tell(`${first.site} deleted old.txt: a marker, version ${old} stays`);
  await second.client.send(
    new DeleteObjectCommand({ Bucket: bucket, Key: 'mistake.txt', VersionId: mistake }),
  );
  tell(`${second.site} purged mistake.txt for good`);
  const Tagging = { TagSet: [{ Key: 'kind', Value: 'photo' }] };
  await first.client.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: 'holiday/beach.jpg', Tagging }));
  tell(`${first.site} tagged holiday/beach.jpg`);
}
