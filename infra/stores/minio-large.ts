/**
 * Writing a large replica to MinIO in parts. They need not be cut as the source's were. What is stored of them stays
 * for the next attempt, which is told of it: MinIO does not tell whose an upload is.
 */
import { identify } from '../../events/identity.ts';
import type { VersionRef } from '../../events/object-events.ts';
import { TerminalError } from '../../functions/errors.ts';
import type { Content } from '../../functions/ports.ts';
import type { Resume } from '../../functions/uploads.ts';
import { cutOf } from './minio-cut.ts';
import { abort, complete, initiate } from './minio-multipart.ts';
import { EncryptedPartError, LostUploadError, sendParts, storedParts, type Upload } from './minio-parts.ts';
import type { Means, Outcome } from './minio-replica.ts';
import { WrongContentError } from './verified-reader.ts';

export async function putParts(
  means: Means,
  ref: VersionRef,
  content: Content,
  resume?: Resume,
): Promise<Outcome | 'unfinished'> {
  const upload = (await earlier(means, ref, content, resume)) ?? (await begin(means, ref, content));
  if (upload === undefined) return 'already';
  const { uploadId, cut } = upload;
  const giveUp = async (): Promise<void> => {
    await abort(means, ref, uploadId);
    await resume?.forget().catch(() => undefined);
  };
  let isRemembered = upload.stored.size > 0;
  try {
    await resume?.hold({ uploadId, partSize: cut.partSize, identity: identityOf(content) });
    isRemembered = resume !== undefined;
    const etags = await sendParts(means, ref, content, upload, resume);
    if (etags === undefined) return 'unfinished';
    const outcome = await complete(means, ref, content.facts, { uploadId, etags });
    // Somebody else's upload of the same version may have been completed before.
    if (outcome === 'already') await giveUp();
    else await resume?.forget().catch(() => undefined);
    return outcome;
  } catch (error) {
    if (!isRemembered || isUseless(error)) await giveUp();
    throw error;
  }
}

/** Nothing of what is stored helps the next attempt. */
const isUseless = (error: unknown): boolean =>
  [LostUploadError, EncryptedPartError, WrongContentError, TerminalError].some(
    (kind) => error instanceof kind,
  );

/** Tags and locks may change on the way: they are brought over by themselves. */
function identityOf({ facts: { etag, size, headers, metadata } }: Content): string {
  const sorted = [headers, metadata].map((all) => JSON.stringify(Object.entries(all).sort()));
  return identify(etag, size, ...sorted);
}

/** What an earlier attempt began, if it can be gone on with. */
async function earlier(
  means: Means,
  ref: VersionRef,
  content: Content,
  resume: Resume | undefined,
): Promise<Upload | undefined> {
  const begun = await resume?.begun();
  if (!begun) return undefined;
  const { uploadId, partSize, identity } = begun;
  if (identity !== identityOf(content)) {
    await abort(means, ref, uploadId);
    return undefined;
  }
  const sources = await cutOf(content);
  const cut = {
    partSize,
    count: Math.ceil(content.facts.size / partSize),
    isSources: sources.isSources && sources.partSize === partSize,
  };
  const stored = await storedParts(means, ref, content, { uploadId, cut });
  return stored && { uploadId, cut, stored };
}

/** Undefined where the version is there already. */
async function begin(means: Means, ref: VersionRef, content: Content): Promise<Upload | undefined> {
  const cut = await cutOf(content);
  const uploadId = await initiate(means, ref, content.facts);
  return uploadId === undefined ? undefined : { uploadId, cut, stored: new Map() };
}
