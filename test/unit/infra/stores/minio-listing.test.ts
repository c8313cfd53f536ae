/** MinIO's extended listing, as a server wrote it. */
import { describe, expect, test } from 'vitest';
import { listVersions, parsePage } from '../../../../infra/stores/minio-listing.ts';

const owner = '<Owner><ID>02d6</ID><DisplayName>minio</DisplayName></Owner>';

test('reads versions, markers, metadata of any name, and where to go on', () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix>
<KeyMarker></KeyMarker><NextKeyMarker>a+b%2B%C3%B6</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>
<IsTruncated>true</IsTruncated>
<DeleteMarker><Key>a+b%2B%C3%B6</Key><LastModified>2026-01-02T03:04:06.123Z</LastModified><ETag></ETag><Size>0</Size>
${owner}<IsLatest>true</IsLatest><VersionId>v1</VersionId></DeleteMarker>
<Version><Key>a+b%2B%C3%B6</Key><LastModified>2026-01-02T03:04:05.123Z</LastModified><ETag>&#34;5d41&#34;</ETag>
<Size>5</Size>${owner}<StorageClass>STANDARD</StorageClass><UserMetadata>
<X-Amz-Replication-Status>REPLICA</X-Amz-Replication-Status><X-Amz-Meta-O#&!>&lt;odd&gt; &#x9;&amp;</X-Amz-Meta-O#&!>
<X-Amz-Meta-Empty></X-Amz-Meta-Empty><X-Amz-Meta-Key>not the key</X-Amz-Meta-Key>
<content-type>text/plain</content-type><X-Minio-Meta-M>m</X-Minio-Meta-M>
<x-amz-object-lock-mode></x-amz-object-lock-mode>
<x-amz-object-lock-retain-until-date></x-amz-object-lock-retain-until-date>
<x-amz-object-lock-legal-hold>ON</x-amz-object-lock-legal-hold></UserMetadata>
<UserTags>b=2%20x&amp;a=%2B1+y</UserTags><IsLatest>false</IsLatest><VersionId>v2</VersionId></Version>
<Version><Key>c</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&#34;e&#34;</ETag><Size>1</Size>${owner}
<IsLatest>true</IsLatest><VersionId>null</VersionId></Version>
</ListVersionsResult>`;

  const page = parsePage(xml);

  expect(page.next).toEqual({ key: 'a b+ö', versionId: 'v2' });
  expect(page.versions).toEqual([
    {
      key: 'a b+ö',
      versionId: 'v1',
      marker: true,
      latest: true,
      modified: '2026-01-02T03:04:06.123Z',
      size: 0,
      etag: '',
    },
    {
      key: 'a b+ö',
      versionId: 'v2',
      marker: false,
      latest: false,
      modified: '2026-01-02T03:04:05.123Z',
      size: 5,
      etag: '5d41',
      replica: true,
      facts: {
        headers: { 'content-type': 'text/plain', 'x-minio-meta-m': 'm' },
        metadata: { 'o#&!': '<odd> \t&', empty: '', key: 'not the key' },
        tags: { b: '2 x', a: '+1 y' },
        legalHold: 'ON',
      },
    },
    {
      key: 'c',
      versionId: 'null',
      marker: false,
      latest: true,
      modified: '2026-01-02T03:04:05.000Z',
      size: 1,
      etag: 'e',
    },
  ]);
});

test('an empty listing is at its end', () => {
  const xml =
    '<ListVersionsResult><Name>b</Name><Prefix/><IsTruncated>false</IsTruncated></ListVersionsResult>';

  expect(parsePage(xml)).toEqual({ versions: [], next: undefined });
});

describe('a listing that would have no end is refused', () => {
  const pageUpTo = (key: string, versionId: string): string =>
    `<R><IsTruncated>true</IsTruncated><NextKeyMarker>${key}</NextKeyMarker>` +
    `<NextVersionIdMarker>${versionId}</NextVersionIdMarker></R>`;
  const ask = (xml: string, after?: { key: string; versionId: string }) => {
    const answer = { status: 200, headers: {}, body: Buffer.from(xml) };
    const unused = () => Promise.reject(new Error('not asked for'));
    const wire = { site: 'paris', open: unused, send: async () => answer, refusal: unused, close: unused };
    return listVersions(wire, 'photos', { prefix: '', limit: 1, metadata: true, ...(after && { after }) }, 1);
  };

  test.each([
    ['to the same version', 'b', 'v', { key: 'b', versionId: 'v' }],
    ['back', 'a', 'v', { key: 'b', versionId: 'v' }],
    ['to the beginning', '', '', { key: 'b', versionId: 'v' }],
    ['nowhere at the start', '', '', undefined],
  ])('%s', async (_, key, versionId, after) => {
    await expect(ask(pageUpTo(key, versionId), after)).rejects.toThrow(/^site paris: the listing of photos/);
  });

  test('on to another version of the key, or to another key, is well', async () => {
    const after = { key: 'b', versionId: '' };

    expect((await ask(pageUpTo('b', 'v'), after)).next).toEqual({ key: 'b', versionId: 'v' });
    expect((await ask(pageUpTo('c', 'v'), after)).next).toEqual({ key: 'c', versionId: 'v' });
  });
});
