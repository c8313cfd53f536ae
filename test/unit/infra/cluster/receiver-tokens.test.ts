/** Tokens of receivers that a Site takes from Secrets of its namespace. */
import { expect, test } from 'vitest';
import { readObject } from '../../../../infra/cluster/cluster-object.ts';
import { planOf } from '../../../../infra/cluster/plan.ts';
import { fingerprintOf, readSecret } from '../../../../infra/cluster/secrets.ts';

const metadata = (name: string) => ({ name, namespace: 'causeway', uid: name, resourceVersion: '1' });
const encoded = (text: string): string => Buffer.from(text).toString('base64');
const keys = readSecret({
  metadata: metadata('tokyo-keys'),
  data: { accessKeyId: encoded('AK'), secretAccessKey: encoded('sekret') },
});
const tokenIn = (data: Readonly<Record<string, string>>) =>
  readSecret({ metadata: metadata('tokyo-receiver'), data });

async function planned(secret: ReturnType<typeof tokenIn>) {
  const site = readObject({
    apiVersion: 'causeway.dev/v1alpha1',
    kind: 'Site',
    metadata: { ...metadata('tokyo'), generation: 1 },
    spec: {
      s3: { endpoint: 'https://s3.tokyo.example' },
      credentials: { secretName: 'tokyo-keys' },
      receivers: [{ url: 'https://receiver.tokyo.example', token: { secretName: 'tokyo-receiver' } }],
    },
  });
  if (!site) throw new Error('the site is no object');
  const { sites } = await planOf({
    sites: [site],
    rules: [],
    namespace: 'causeway',
    secret: (name) => (name === 'tokyo-keys' ? keys : secret),
    environment: {},
  });
  const found = sites.get('causeway/tokyo');
  return { site: found?.site, problem: found?.problem };
}

test('the token is what the Secret holds, without the line break of a file', async () => {
  const { site } = await planned(tokenIn({ token: encoded('the-token-of-the-receiver\n') }));

  const [receiver] = site?.access.receivers ?? [];
  expect(receiver?.token.reveal()).toBe('the-token-of-the-receiver');
});

test('another token makes another store', async () => {
  const [one, other] = await Promise.all(
    ['a', 'b'].map((letter) => planned(tokenIn({ token: encoded(letter.repeat(20)) }))),
  );
  if (!one?.site || !other?.site) throw new Error('the sites are not ready');

  expect(fingerprintOf(one.site.access)).not.toEqual(fingerprintOf(other.site.access));
});

test('a Secret that is not there, or has no token, is named', async () => {
  expect((await planned(undefined)).problem).toEqual({
    reason: 'SecretMissing',
    message:
      'spec.receivers[0].token.secretName: there is no Secret tokyo-receiver in namespace causeway: create it with token',
  });
  expect((await planned(tokenIn({}))).problem).toEqual({
    reason: 'SecretIncomplete',
    message:
      'spec.receivers[0].token.secretName: Secret tokyo-receiver does not hold token: add what is missing',
  });
});
