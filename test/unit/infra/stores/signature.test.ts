/** SigV4, against the examples that AWS publishes and against the AWS SDK's own signatures. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { type Signable, signer } from '../../../../infra/stores/signature.ts';
import { encodeKey, toHeader } from '../../../../infra/stores/text-encoding.ts';

const region = 'us-east-1';

/** docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const published: readonly (Signable & { readonly name: string; readonly signature: string })[] = [
  {
    name: 'GET object',
    method: 'GET',
    path: '/test.txt',
    query: '',
    headers: { range: 'bytes=0-9' },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'PUT object',
    method: 'PUT',
    path: '/test%24file.text',
    query: '',
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'GET bucket lifecycle',
    method: 'GET',
    path: '/',
    query: 'lifecycle=',
    headers: {},
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'GET bucket (list objects)',
    method: 'GET',
    path: '/',
    query: 'max-keys=2&prefix=J',
    headers: {},
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

describe('the examples that AWS publishes', () => {
  const sign = signer({
    credentials: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
    region,
    host: 'examplebucket.s3.amazonaws.com',
  });

  test.for(published)('$name', ({ signature, ...request }) => {
    const { authorization } = sign(request, Date.UTC(2013, 4, 24));

    expect(authorization).toMatch(new RegExp(`Signature=${signature}$`));
  });
});

describe('the signatures of the AWS SDK', () => {
  const credentials = { accessKeyId: 'access', secretAccessKey: 'secret/+=' };
  const keys = [
    'plain.txt',
    'a b',
    'a+b',
    'a%20b',
    'a//b',
    './x/../y',
    `q'"<>!*()`,
    'ünïcode/日本/🦆',
    '~-._',
    'x/'.repeat(450),
  ];

  test.for(keys)('for key %j', async (Key) => {
    const theirs = await signedBySdk({
      Body: 'x',
      Bucket: 'bucket',
      Key,
      Metadata: { note: ' a   b ', empty: '' },
      Tagging: 'a=1&b=%20',
    });
    const sign = signer({ credentials, region, host: '127.0.0.1:9000' });
    const { authorization = '', ...headers } = theirs.headers;
    const names = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(';') ?? [];
    const wanted = Object.fromEntries(
      names
        .filter((name) => name !== 'x-amz-date' && name !== 'host')
        .map((name) => [name, headers[name] ?? '']),
    );

    const ours = sign(
      { method: 'PUT', path: `/bucket/${encodeKey(Key)}`, query: 'x-id=PutObject', headers: wanted },
      Date.parse((headers['x-amz-date'] ?? '').replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')),
    );

    expect(theirs.path).toBe(`/bucket/${encodeKey(Key)}`);
    expect(ours.authorization).toBe(authorization);
  });

  interface Signed {
    readonly path: string;
    readonly headers: Record<string, string>;
  }

  /** What the SDK would have sent. */
  async function signedBySdk(input: PutObjectCommand['input']): Promise<Signed> {
    let signed: Signed | undefined;
    const client = new S3Client({
      endpoint: 'http://127.0.0.1:9000',
      region,
      credentials,
      forcePathStyle: true,
      requestHandler: {
        handle: async (request: Signed) => {
          signed = request;
          throw new Error('not sent');
        },
      },
    });
    await client.send(new PutObjectCommand(input)).catch(() => undefined);
    if (!signed) throw new Error('the SDK signed nothing');
    return signed;
  }
});

test('a new second and a new day have other signatures, the same second the same', () => {
  const sign = signer({ credentials: { accessKeyId: 'a', secretAccessKey: 's' }, region, host: 'h' });
  const at = (now: number) => sign({ method: 'GET', path: '/', query: '', headers: {} }, now).authorization;
  const now = Date.UTC(2026, 0, 1, 23, 59, 59);

  expect(at(now + 999)).toBe(at(now));
  expect(at(now + 1000)).not.toBe(at(now));
  expect(at(now + 1000)).toContain('/20260102/');
  expect(at(now)).toContain('/20260101/');
});

test('a session token is signed', () => {
  const sign = signer({
    credentials: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 'token' },
    region,
    host: 'h',
  });

  const headers = sign({ method: 'GET', path: '/', query: '', headers: {} });

  expect(headers['x-amz-security-token']).toBe('token');
  expect(headers.authorization).toContain('x-amz-date;x-amz-security-token');
});

test('spaces are told from bytes that look like them', () => {
  const sign = signer({ credentials: { accessKeyId: 'a', secretAccessKey: 's' }, region, host: 'h' });
  const signed = (value: string) =>
    sign({ method: 'GET', path: '/', query: '', headers: { 'x-amz-meta-a': toHeader(value) } }, 0)
      .authorization;

  // In UTF-8, à is C3 A0, and A0 is latin1's no-break space.
  expect(signed('àà b')).not.toBe(signed('à b'));
  expect(signed('a \u3000\u00a0 b')).toBe(signed('a b'));
});
