import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../../../infra/config/load.ts';
import { renderProblem } from '../../../../infra/config/problems.ts';

const environment = {
  PARIS_ACCESS_KEY_ID: 'AK',
  PARIS_SECRET_ACCESS_KEY: 'sekret',
  TOKEN: 'a-token-that-is-long-enough',
  SPACED: 'a token with a few spaces',
};
const s3 = '  s3: { endpoint: https://s3.example }';
const credentials = '  credentials: { env: PARIS }';

/** A site whose spec begins in line 5. */
const site = (...spec: string[]): string =>
  ['apiVersion: causeway.dev/v1alpha1', 'kind: Site', 'metadata: { name: paris }', 'spec:', ...spec].join(
    '\n',
  );

async function problemsOf(text: string): Promise<string[]> {
  const loaded = await readDocuments('f', text, environment);
  return loaded.ok ? [] : loaded.problems.map(renderProblem);
}

describe('a site', () => {
  it.each<[string, string, string]>([
    [
      'an unknown field',
      site(s3, credentials, '  event: none'),
      'f:7:3: Site paris: spec.event: unknown field; did you mean "events"?',
    ],
    [
      'an unknown field that is like none',
      site(s3, credentials, '  tls:', '    insecure: true', '    caFile: x'),
      'f:8:5: Site paris: spec.tls.insecure: unknown field; known here: caFile',
    ],
    [
      'an unknown field beneath a default',
      site(s3, credentials, '  events: { minio: { vai: nats } }'),
      'f:7:22: Site paris: spec.events.minio.vai: unknown field; did you mean "via"?',
    ],
    [
      'a source of events that is not known',
      site(s3, credentials, '  events: { mino: {} }'),
      'f:7:13: Site paris: spec.events.mino: unknown field; did you mean "minio"?',
    ],
    ['no credentials', site(s3), 'f:4:1: Site paris: spec.credentials: is missing'],
    [
      'empty credentials',
      site(s3, '  credentials: {}'),
      'f:6:16: Site paris: spec.credentials: must name exactly one of env, file and secretName',
    ],
    [
      'credentials of two kinds',
      site(s3, '  credentials: { env: PARIS, file: x }'),
      'f:6:16: Site paris: spec.credentials: must name exactly one of env, file and secretName',
    ],
    [
      'credentials that are nothing',
      site(s3, '  credentials:'),
      'f:6:3: Site paris: spec.credentials: must be a mapping, not nothing',
    ],
    [
      'credentials in variables that are not set',
      site(s3, '  credentials: { env: TOKYO }'),
      'f:6:23: Site paris: spec.credentials.env: TOKYO_ACCESS_KEY_ID and TOKYO_SECRET_ACCESS_KEY are not set in the environment',
    ],
    [
      'credentials in a file that is not there',
      site(s3, '  credentials: { file: /nowhere/keys }'),
      'f:6:24: Site paris: spec.credentials.file: /nowhere/keys cannot be read: there is no such file',
    ],
    [
      'a Kubernetes Secret',
      site(s3, '  credentials: { secretName: paris }'),
      'f:6:30: Site paris: spec.credentials.secretName: a Kubernetes Secret can be read only on Kubernetes: name env or file here',
    ],
    [
      'a certificate file that is none',
      site(s3, credentials, '  tls: { caFile: /dev/null }'),
      'f:7:18: Site paris: spec.tls.caFile: /dev/null holds no certificate in PEM form',
    ],
    [
      'a certificate without TLS',
      site('  s3: { endpoint: http://s3.example }', credentials, '  tls: { caFile: /dev/null }'),
      'f:7:18: Site paris: spec.tls.caFile: has no effect: spec.s3.endpoint is http, not https',
    ],
    [
      'an endpoint that is no URL',
      site('  s3: { endpoint: s3.example:9000 }', credentials),
      'f:5:19: Site paris: spec.s3.endpoint: must be a URL such as https://s3.paris.example',
    ],
    [
      'an endpoint with a bucket in it',
      site('  s3: { endpoint: https://s3.example/photos }', credentials),
      'f:5:19: Site paris: spec.s3.endpoint: must end after host and port: buckets are named by rules',
    ],
    [
      'an endpoint with credentials in it',
      site('  s3: { endpoint: https://me:sekret@s3.example }', credentials),
      'f:5:19: Site paris: spec.s3.endpoint: must not hold credentials: name them under spec.credentials',
    ],
    [
      'a dialect with a slip',
      site('  s3: { endpoint: https://s3.example, dialect: mino }', credentials),
      'f:5:48: Site paris: spec.s3.dialect: must be auto or minio; did you mean "minio"?',
    ],
    [
      'a dialect that is not in this version',
      site('  s3: { endpoint: https://s3.example, dialect: plain }', credentials),
      'f:5:48: Site paris: spec.s3.dialect: this version speaks to MinIO only: dialect is minio or auto',
    ],
    [
      'events that are not in this version',
      site(s3, credentials, '  events: { sqs: { queueUrl: https://sqs.example/q } }'),
      'f:7:13: Site paris: spec.events.sqs: events from SQS are not in this version: leave events out, and the scan finds changes',
    ],
    [
      'a receiver without a token',
      site(s3, credentials, '  receivers: [{ url: https://r.example }]'),
      'f:7:15: Site paris: spec.receivers[0].token: is missing',
    ],
    [
      'a receiver whose token is in two places',
      site(s3, credentials, '  receivers: [{ url: https://r.example, token: { env: A, file: b } }]'),
      'f:7:48: Site paris: spec.receivers[0].token: must name exactly one of env, file and secretName',
    ],
    [
      'a receiver whose token is in a variable that is not set',
      site(s3, credentials, '  receivers: [{ url: https://r.example, token: { env: NOT_SET } }]'),
      'f:7:55: Site paris: spec.receivers[0].token.env: NOT_SET is not set in the environment',
    ],
    [
      'a receiver whose token is too short',
      site(s3, credentials, '  receivers: [{ url: https://r.example, token: { env: PARIS_ACCESS_KEY_ID } }]'),
      'f:7:55: Site paris: spec.receivers[0].token.env: the token must have 16 characters or more',
    ],
    [
      'a receiver whose token is no text for a header',
      site(s3, credentials, '  receivers: [{ url: https://r.example, token: { env: SPACED } }]'),
      'f:7:55: Site paris: spec.receivers[0].token.env: the token must be of visible ASCII characters',
    ],
    [
      'a receiver with a path',
      site(s3, credentials, '  receivers: [{ url: https://r.example/x, token: { env: TOKEN } }]'),
      'f:7:22: Site paris: spec.receivers[0].url: must end after host and port: it says itself where it may write',
    ],
    [
      'limits, which are not in this version',
      site(s3, credentials, '  limits: { bandwidth: 50MiB/s, requests: 500/s }'),
      'f:7:3: Site paris: spec.limits: limits are not in this version',
    ],
    [
      'a name that is no DNS label',
      site(s3, credentials).replace('paris', 'paris_1'),
      'f:3:19: Site paris_1: metadata.name: must be 1 to 63 of a-z, 0-9 and -, with a letter or digit first and last',
    ],
    [
      'a name that is a number',
      site(s3, credentials).replace('paris', '1'),
      'f:3:19: Site: metadata.name: must be text, not a number (put it in quotes)',
    ],
    [
      'another version of the schema',
      site(s3, credentials).replace('v1alpha1', 'v1'),
      'f:1:13: Site paris: apiVersion: must be causeway.dev/v1alpha1; did you mean "causeway.dev/v1alpha1"?',
    ],
  ])('with %s is refused', async (_, text, expected) => {
    expect(await problemsOf(text)).toEqual([expected]);
  });

  it('with several problems gets all of them at once, in order', async () => {
    const text = site('  s3: { dialect: 7 }', '  credentials: { env: TOKYO }', '  limits: {}');

    expect(await problemsOf(text.replace('endpoint', ''))).toEqual([
      'f:5:3: Site paris: spec.s3.endpoint: is missing',
      'f:5:18: Site paris: spec.s3.dialect: must be auto or minio',
      'f:7:3: Site paris: spec.limits: limits are not in this version',
    ]);
  });

  it('has receivers, whose tokens are where it says', async () => {
    const text = site(s3, credentials, '  receivers: [{ url: "https://r.example", token: { env: TOKEN } }]');

    const loaded = await readDocuments('f', text, environment);

    const [receiver] = (loaded.ok && loaded.documents.sites[0]?.access.receivers) || [];
    expect([receiver?.url, receiver?.token.reveal()]).toEqual(['https://r.example', environment.TOKEN]);
  });

  it('has its name once', async () => {
    expect(await problemsOf(`${site(s3, credentials)}\n---\n${site(s3, credentials)}`)).toEqual([
      'f:10:19: Site paris: metadata.name: the name is taken by the Site at f:3',
    ]);
  });
});
