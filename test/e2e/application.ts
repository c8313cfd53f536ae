/** An application at one site, which knows S3 and nothing of Causeway: one request a call, through the AWS SDK. */
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { VersionRef } from '../../events/object-events.ts';
import type { EmbeddedSite } from '../../infra/sites/embedded.ts';
import { rootClient } from '../../infra/sites/setup.ts';
import type { World } from './world.ts';

export type Application = ReturnType<typeof applicationAt>;

export function siteOf(world: World, name: string): EmbeddedSite {
  const site = world.embedded.sites.find((candidate) => candidate.name === name);
  if (!site) throw new Error(`no site ${name}`);
  return site;
}

const named = ({ bucket, key, versionId }: VersionRef) => ({
  Bucket: bucket,
  Key: key,
  VersionId: versionId,
});

export function applicationAt(world: World, site: string) {
  const client = rootClient(siteOf(world, site).server);
  const made = (
    bucket: string,
    key: string,
    { VersionId }: { VersionId?: string | undefined },
  ): VersionRef => {
    // MinIO names none for folders, nor without versioning.
    return { bucket, key, versionId: VersionId ?? 'null' };
  };

  return {
    client,
    async put(
      bucket: string,
      key: string,
      body: string | Uint8Array,
      about: Partial<PutObjectCommandInput> = {},
    ): Promise<VersionRef> {
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body), ...about });
      return made(bucket, key, await client.send(command));
    },
    async putInParts(
      bucket: string,
      key: string,
      bodies: Iterable<Uint8Array>,
      about: Partial<CreateMultipartUploadCommandInput> = {},
    ): Promise<VersionRef> {
      const at = { Bucket: bucket, Key: key };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ...about }));
      const Parts: CompletedPart[] = [];
      for (const Body of bodies) {
        const PartNumber = Parts.length + 1;
        const part = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
        Parts.push({ PartNumber, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 });
      }
      const MultipartUpload = { Parts };
      const command = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload });
      return made(bucket, key, await client.send(command));
    },
    async copy(
      { bucket, key, versionId }: VersionRef,
      to: string,
      about: Partial<CopyObjectCommandInput> = {},
    ): Promise<VersionRef> {
      const CopySource = `${bucket}/${encodeURIComponent(key)}?versionId=${versionId}`;
      const command = new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource, ...about });
      return made(bucket, to, await client.send(command));
    },
    /** Leaves a delete marker, which is returned. */
    async remove(bucket: string, key: string): Promise<VersionRef> {
      return made(bucket, key, await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
    },
    async purge(ref: VersionRef, { bypassGovernance = false } = {}): Promise<void> {
      const about = bypassGovernance ? { BypassGovernanceRetention: true } : {};
      await client.send(new DeleteObjectCommand({ ...named(ref), ...about }));
    },
    /** One request; version IDs are left out where a marker is wanted. */
    async removeMany(
      bucket: string,
      objects: readonly { readonly key: string; readonly versionId?: string }[],
    ): Promise<void> {
      const Objects = objects.map(({ key, versionId }) => ({ Key: key, VersionId: versionId }));
      const answer = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
      if (answer.Errors?.length) throw new Error(`multi-delete failed: ${JSON.stringify(answer.Errors)}`);
    },
    async tag(ref: VersionRef, tags: Readonly<Record<string, string>>): Promise<void> {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await client.send(new PutObjectTaggingCommand({ ...named(ref), Tagging: { TagSet } }));
    },
    async untag(ref: VersionRef): Promise<void> {
      await client.send(new DeleteObjectTaggingCommand(named(ref)));
    },
    async retain(
      ref: VersionRef,
      Mode: 'GOVERNANCE' | 'COMPLIANCE',
      until: Date,
      { bypassGovernance = false } = {},
    ): Promise<void> {
      const about = bypassGovernance ? { BypassGovernanceRetention: true } : {};
      const Retention = { Mode, RetainUntilDate: until };
      await client.send(new PutObjectRetentionCommand({ ...named(ref), Retention, ...about }));
    },
    async hold(ref: VersionRef, Status: 'ON' | 'OFF'): Promise<void> {
      await client.send(new PutObjectLegalHoldCommand({ ...named(ref), LegalHold: { Status } }));
    },
  };
}
