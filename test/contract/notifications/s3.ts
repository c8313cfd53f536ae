/** What ordinary clients ask of an S3 site, a request each, and what a listing then shows. */
import { hash } from 'node:crypto';
import type { ListedVersion } from '../../../functions/ports.ts';
import { listVersions } from '../../../infra/stores/minio-listing.ts';
import type { Answer, Wire, WireRequest } from '../../../infra/stores/wire.ts';
import { escapeXml, textOf } from '../../../infra/stores/xml.ts';

export interface Version {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

type Headers = Readonly<Record<string, string>>;
export const aCat = Buffer.from('a cat');
const deadlineMs = 30_000;

export type S3 = ReturnType<typeof s3Over>;

export function s3Over(wire: Wire) {
  /** Throws when it is refused. */
  async function ask(request: Omit<WireRequest, 'deadlineMs'>): Promise<Answer> {
    const full = { ...request, deadlineMs };
    const answer = await wire.send(full);
    if (answer.status >= 300) throw await wire.refusal(full, answer);
    return answer;
  }

  const sendXml = (request: Omit<WireRequest, 'deadlineMs' | 'body'>, xml: string): Promise<Answer> => {
    const body = Buffer.from(xml);
    return ask({ ...request, body, headers: { 'content-md5': hash('md5', body, 'base64') } });
  };

  const made = (bucket: string, key: string, { headers }: Answer): Version => ({
    bucket,
    key,
    versionId: headers['x-amz-version-id'] ?? '',
  });

  return {
    ask,
    async put(bucket: string, key: string, headers: Headers = {}, body: Uint8Array = aCat): Promise<Version> {
      return made(bucket, key, await ask({ method: 'PUT', bucket, key, body, headers }));
    },
    async putInParts(bucket: string, key: string): Promise<Version> {
      const begun = await ask({ method: 'POST', bucket, key, query: { uploads: '' } });
      const uploadId = textOf(begun.body.toString(), 'UploadId') ?? '';
      const query = { uploadId, partNumber: '1' };
      const { headers } = await ask({ method: 'PUT', bucket, key, query, body: aCat });
      const part = `<Part><PartNumber>1</PartNumber><ETag>${headers.etag}</ETag></Part>`;
      const body = Buffer.from(`<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`);
      return made(bucket, key, await ask({ method: 'POST', bucket, key, query: { uploadId }, body }));
    },
    async copy({ bucket, key }: Version, to: string): Promise<Version> {
      const headers = { 'x-amz-copy-source': encodeURI(`/${bucket}/${key}`) };
      return made(bucket, to, await ask({ method: 'PUT', bucket, key: to, headers }));
    },
    putTags: (version: Version, name: string, value: string) =>
      sendXml(
        { ...place(version, 'tagging'), method: 'PUT' },
        `<Tagging><TagSet><Tag><Key>${name}</Key><Value>${value}</Value></Tag></TagSet></Tagging>`,
      ),
    deleteTags: (version: Version) => ask({ ...place(version, 'tagging'), method: 'DELETE' }),
    putRetention: (version: Version, until: string) =>
      sendXml(
        { ...place(version, 'retention'), method: 'PUT' },
        `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`,
      ),
    putLegalHold: (version: Version, status: 'ON' | 'OFF') =>
      sendXml(
        { ...place(version, 'legal-hold'), method: 'PUT' },
        `<LegalHold><Status>${status}</Status></LegalHold>`,
      ),
    async delete(bucket: string, key: string, headers: Headers = {}): Promise<Version> {
      return made(bucket, key, await ask({ method: 'DELETE', bucket, key, headers }));
    },
    deleteVersion: ({ bucket, key, versionId }: Version) =>
      ask({ method: 'DELETE', bucket, key, query: { versionId } }),
    /** One request; an empty version ID names none. */
    deleteMany(bucket: string, versions: readonly Version[]) {
      const named = (id: string): string => (id === '' ? '' : `<VersionId>${id}</VersionId>`);
      const objects = versions.map(
        ({ key, versionId }) => `<Object><Key>${escapeXml(key)}</Key>${named(versionId)}</Object>`,
      );
      const request = { method: 'POST', bucket, query: { delete: '' } } as const;
      return sendXml(request, `<Delete>${objects.join('')}</Delete>`);
    },
    setLifecycle: (bucket: string, rules: string) =>
      sendXml(
        { method: 'PUT', bucket, query: { lifecycle: '' } },
        `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`,
      ),
    /** Whatever it answers: a look is what makes an expired object expire at once. */
    look: (bucket: string, key: string) => wire.send({ method: 'HEAD', bucket, key, deadlineMs }),
    async list(bucket: string, prefix: string): Promise<readonly ListedVersion[]> {
      return (await listVersions(wire, bucket, { prefix, limit: 1000, metadata: true }, deadlineMs)).versions;
    },
  };
}

const place = ({ bucket, key, versionId }: Version, subresource: string) => ({
  bucket,
  key,
  query: { [subresource]: '', versionId },
});
