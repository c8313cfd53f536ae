/** What a receiver takes over HTTP, and how it says what it does not take. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { zstdCompressSync } from 'node:zlib';
import { HTTP } from 'cloudevents';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { handedOver } from '../../events/catalogue.ts';
import { SiteUnavailableError } from '../../functions/errors.ts';
import type { StackEntry } from '../../functions/ports.ts';
import { memoryStore } from '../../infra/stores/memory.ts';
import type { MemorySite } from '../../infra/stores/memory-site.ts';
import { openReceiver, type Receiver, ReceiverError } from '../../infra/stores/receiver.ts';
import { archiveType, packStack } from '../../infra/stores/stack-archive.ts';
import { listen } from '../e2e/front.ts';
import { bytes, plainFacts } from './store/fixture.ts';
import { buckets, newSite } from './store/memory-fixture.ts';
import { type ReceiverFixture, receiverAt, token } from './store/receiver-fixture.ts';
import { selfSigned } from './store/self-signed.ts';

const bucket = buckets.versioned;
const place = `paris/${bucket}`;
let site: MemorySite;
let isAway: boolean;
let host: ReceiverFixture;
let sender: Receiver;

beforeEach(async () => {
  site = newSite();
  isAway = false;
  const store = memoryStore(site, {
    async deliver(_request, effect) {
      if (isAway) throw new SiteUnavailableError('paris', 'away');
      return effect();
    },
  });
  host = await receiverAt(store, [bucket]);
  sender = openReceiver({ url: host.url, token });
});
afterEach(async () => {
  await sender.close();
  await host.stop();
});

function entryOf(key: string): StackEntry {
  const body = bytes('hello '.repeat(100));
  return { ref: { bucket, key, versionId: randomUUID() }, facts: plainFacts(body), body };
}
const held = (): number => site.bucket(bucket).versions.page({ prefix: '', limit: 100 }).entries.length;

interface Post {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer;
}

/** A stack as it must be, but for what the test says. */
async function post({ headers = {}, body: given }: Post = {}): Promise<Response> {
  const { body, bytes: size } = await packStack([entryOf('a')]);
  const sent = given ?? body;
  const all = {
    authorization: `Bearer ${token}`,
    'content-type': archiveType,
    'content-digest': `sha-256=:${createHash('sha256').update(sent).digest('base64')}:`,
    'ce-specversion': '1.0',
    'ce-id': 'one',
    'ce-type': 'dev.causeway.stack.sent.v1',
    'ce-source': 'test',
    'ce-subject': place,
    'ce-causewaybytes': String(size),
    ...headers,
  };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return fetch(host.url, { method: 'POST', headers: Object.fromEntries(kept), body: new Uint8Array(sent) });
}

test('a stack is answered with a CloudEvent that tells what was written', async () => {
  const answer = await post();

  expect(answer.status).toBe(200);
  const headers = Object.fromEntries(answer.headers);
  const event = HTTP.toEvent({ headers, body: await answer.text() });
  expect(event).toMatchObject({
    specversion: '1.0',
    type: 'dev.causeway.stack.written.v1',
    source: 'causeway:receive-stack',
    subject: place,
    causationid: 'one',
  });
  const { data } = Array.isArray(event) ? {} : event;
  expect(handedOver['dev.causeway.stack.written.v1'].schema.parse(data).entries).toMatchObject([
    { key: 'a', state: 'written', size: 600 },
  ]);
  expect(held()).toBe(1);
});

describe('nothing is written, and it says why, where', () => {
  test.each<[string, number, string, Post]>([
    ['there is no token', 401, 'CAUSEWAY_RECEIVER_TOKEN', { headers: { authorization: undefined } }],
    [
      'the token is wrong',
      401,
      'CAUSEWAY_RECEIVER_TOKEN',
      { headers: { authorization: `Bearer ${token}x` } },
    ],
    [
      'the bucket is none of its own',
      403,
      'CAUSEWAY_RECEIVES',
      { headers: { 'ce-subject': 'paris/locked' } },
    ],
    [
      'the site is none of its own',
      403,
      'CAUSEWAY_RECEIVES',
      { headers: { 'ce-subject': `tokyo/${bucket}` } },
    ],
    ['no place is named', 400, 'subject', { headers: { 'ce-subject': 'versioned' } }],
    ['it is another event', 400, 'type', { headers: { 'ce-type': 'dev.causeway.stack.written.v1' } }],
    ['it is no event', 400, 'CloudEvent', { headers: { 'ce-specversion': undefined } }],
    ['it is no archive by its type', 415, 'application/zstd', { headers: { 'content-type': 'text/plain' } }],
    ['it is no archive', 400, 'not zstd', { body: Buffer.from('no archive') }],
    ['it was damaged on its way', 400, 'content-digest', { headers: { 'content-digest': 'sha-256=:x:' } }],
    ['it says to be too large', 413, 'at most', { headers: { 'ce-causewaybytes': '50331649' } }],
    ['it is larger than it says', 400, 'not zstd of', { headers: { 'ce-causewaybytes': '1024' } }],
    [
      'it unpacks to more than it says',
      400,
      'not zstd of',
      { body: zstdCompressSync(Buffer.alloc(50_000_000)), headers: { 'ce-causewaybytes': '4096' } },
    ],
  ])('%s', async (_, status, words, request) => {
    const answer = await post(request);

    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(words)]);
    expect(held()).toBe(0);
  });
});

test('it asks to go another way while its site does not answer', async () => {
  isAway = true;

  const answer = await post();

  expect([answer.status, answer.headers.get('causeway-failed')]).toEqual([503, 'site:paris']);
});

test('whoever has the token may ask where it writes', async () => {
  expect(await sender.places(1000)).toEqual([place]);
  expect((await fetch(host.url)).status).toBe(401);
});

describe('a sender is told', () => {
  test('what was written', async () => {
    const { entries } = await sender.send(place, await packStack([entryOf('a'), entryOf('b')]), 5000);

    expect(entries).toMatchObject([
      { key: 'a', state: 'written' },
      { key: 'b', state: 'written' },
    ]);
  });

  test('that the token is refused, whatever the size of what it sent', async () => {
    const impostor = openReceiver({ url: host.url, token: 'another-token-altogether' });
    const large = { body: Buffer.alloc(40_000_000), bytes: 40_000_000 };

    const sent = impostor.send(place, large, 10_000);

    await expect(sent).rejects.toThrow(/^it refuses the token/);
    await expect(sent).rejects.toThrow(ReceiverError);
    await impostor.close();
  });

  test('behind TLS, only by whom the site’s authority vouches for', async () => {
    const { certificate, privateKey } = selfSigned();
    const answer = JSON.stringify({ places: [place] });
    const server = createServer({ cert: certificate, key: privateKey }, (_request, response) =>
      response.end(answer),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const [trusting, stranger] = [
      openReceiver({ url, token, ca: certificate }),
      openReceiver({ url, token }),
    ];

    expect(await trusting.places(5000)).toEqual([place]);
    await expect(stranger.places(5000)).rejects.toThrow('its TLS certificate is not accepted');
    await Promise.all([trusting.close(), stranger.close()]);
    server.close();
  });

  test('that nobody is there', async () => {
    await host.stop();

    await expect(sender.places(1000)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('that there is no answer in time', async () => {
    const silent = await listen(() => undefined);
    const waiting = openReceiver({ url: silent.endpoint, token });

    await expect(waiting.places(50)).rejects.toThrow('no answer within 50 ms');
    await waiting.close();
    await silent.close();
  });

  test('that somebody else answers', async () => {
    const other = await listen((_request, response) => response.end('<html>welcome</html>'));
    const asking = openReceiver({ url: other.endpoint, token });

    await expect(asking.places(1000)).rejects.toThrow('no receiver’s answer');
    await asking.close();
    await other.close();
  });
});
