/** What a site says of a bucket as a whole, through the AWS SDK: rare calls, the same for every dialect. */

import { Agent } from 'node:https';
import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  ListBucketsCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { RefusedError, SiteUnavailableError } from '../../functions/errors.ts';
import type { BucketInfo } from '../../functions/ports.ts';
import { networkWords, refused } from './errors.ts';
import type { StoreOptions } from './store-options.ts';

export interface Buckets {
  info(bucket: string): Promise<BucketInfo | undefined>;
  close(): void;
}

export function buckets({
  site,
  endpoint,
  region,
  credentials,
  ca,
  connectMs,
  deadlines,
}: StoreOptions): Buckets {
  const client = new S3Client({
    endpoint,
    region,
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
    },
    forcePathStyle: true,
    // Retries are the functions' business.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectMs ?? 5_000,
      requestTimeout: deadlines.requestMs,
      throwOnRequestTimeout: true,
      ...(ca !== undefined && { httpsAgent: new Agent({ ca, keepAlive: true }) }),
    },
  });

  /** Undefined for the code that says there is no such thing. */
  async function ask<T>(doing: string, absentCode: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!(error instanceof S3ServiceException)) {
        throw new SiteUnavailableError(site, `${doing}: ${networkWords(error)}`, { cause: error });
      }
      if (error.name === absentCode) return undefined;
      const { httpStatusCode = 0 } = error.$metadata;
      throw refused({ site, doing, status: httpStatusCode, code: error.name, message: error.message });
    }
  }

  return {
    async info(bucket) {
      const Bucket = bucket;
      const versioning = await ask(`GET ${bucket} versioning`, 'NoSuchBucket', () =>
        client.send(new GetBucketVersioningCommand({ Bucket })),
      );
      if (!versioning) return undefined;
      const [lock, listed] = await Promise.all([
        ask(`GET ${bucket} object lock`, 'ObjectLockConfigurationNotFoundError', () =>
          client.send(new GetObjectLockConfigurationCommand({ Bucket })),
        ),
        ask('GET the list of buckets', '', () => client.send(new ListBucketsCommand({}))),
      ]);
      const created = listed?.Buckets?.find(({ Name }) => Name === bucket)?.CreationDate;
      if (!created)
        throw new RefusedError(site, 'AccessDenied', `${bucket} is not in the list of its buckets`);
      return {
        versioning: states[versioning.Status ?? 'Off'],
        objectLock: lock?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled',
        created: created.toISOString(),
      };
    },
    close: () => client.destroy(),
  };
}

const states = { Enabled: 'enabled', Suspended: 'suspended', Off: 'off' } as const;
