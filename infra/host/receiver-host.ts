/**
 * A receiver over HTTP: stacks are posted to it, each a CloudEvent in binary mode, and what was written comes back as
 * a CloudEvent with 200. Whoever posts is known by the token; where he may write is this host's own configuration. The
 * sender is a store of Causeway's, no Broker, so that what is wrong with a request is told by 4xx; 503 asks to go
 * another way. GET tells where it writes.
 */
import { hash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { handedOver } from '../../events/catalogue.ts';
import { contentType } from '../../events/cloudevent.ts';
import type { ReceiverDefinition } from '../../functions/define.ts';
import { messageOf, SiteUnavailableError } from '../../functions/errors.ts';
import type { Clock, ObjectStore } from '../../functions/ports.ts';
import type { Secret } from '../config/secret.ts';
import { byteBudget } from '../stores/byte-budget.ts';
import { type Archive, archiveType, mostArchiveBytes, unpackStack } from '../stores/stack-archive.ts';
import { ArchiveError } from '../stores/untar.ts';
import { type HttpAnswer, type HttpRequest, type HttpServer, serveHttp } from './http-server.ts';
import { sendAgain } from './http-settle.ts';
import { isSameSecret } from './same-secret.ts';
import { standingAnswer } from './standing.ts';

export interface ReceiverHostOptions {
  readonly definition: ReceiverDefinition;
  readonly host: string;
  readonly port: number;
  readonly token: Secret;
  /** Where it may write: site/bucket, and the site's store. */
  readonly places: ReadonlyMap<string, ObjectStore>;
  /** In which a stack must have come in. */
  readonly deadlineMs: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Told of each stack that was dealt with, and how many of its entries failed. */
  onStack(place: string, count: { readonly written: number; readonly failed: number }): void;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Knative ends a container ten seconds after it was told to stop. */
const drainMs = 8_000;
/** Stacks as they came and unpacked: at least one at a time. What their writes hold is the stores' own. */
const room = byteBudget(2 * mostArchiveBytes);

export async function startReceiverHost(
  options: ReceiverHostOptions,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { host, port, deadlineMs } = options;
  const server: HttpServer = await serveHttp(
    { host, port, mostBytes: mostArchiveBytes, deadlineMs },
    (request) => answer(options, request),
  );
  return { port: server.port, stop: () => server.close(drainMs) };
}

async function answer(options: ReceiverHostOptions, request: HttpRequest): Promise<HttpAnswer> {
  const { path, method, headers } = request;
  const standing = await standingAnswer(path, { notReady: () => undefined, metrics: options.metrics });
  if (standing) return standing;
  if (!isSameSecret(headers.authorization ?? '', `Bearer ${options.token.reveal()}`)) {
    return { status: 401, body: 'the token is not the one in CAUSEWAY_RECEIVER_TOKEN\n' };
  }
  if (method === 'GET') {
    const body = JSON.stringify({ places: [...options.places.keys()] });
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }
  if (method !== 'POST') return { status: 405, headers: { allow: 'GET, POST' }, body: 'POST a stack\n' };
  return take(options, request);
}

const type = 'dev.causeway.stack.sent.v1';

async function take(options: ReceiverHostOptions, request: HttpRequest): Promise<HttpAnswer> {
  const { headers } = request;
  const attributes = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('ce-') ? [[name.slice(3), value]] : [],
    ),
  );
  const event = handedOver[type].schema.safeParse(attributes);
  if (attributes.type !== type || !event.success) {
    const why = event.success ? `its type is not ${type}` : z.prettifyError(event.error);
    return { status: 400, body: `not a stack as a CloudEvent in binary mode: ${why}\n` };
  }
  const { id, subject, causewaybytes: bytes } = event.data;
  const store = options.places.get(subject);
  if (!store) {
    return { status: 403, body: `nothing may be written to ${subject} here: see CAUSEWAY_RECEIVES\n` };
  }
  if (headers['content-type'] !== archiveType) return { status: 415, body: `a stack is ${archiveType}\n` };
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (!Number.isSafeInteger(length)) return { status: 411, body: 'a stack comes with its content-length\n' };
  if (length > mostArchiveBytes || bytes > mostArchiveBytes) {
    return { status: 413, body: `a stack has ${mostArchiveBytes} bytes at most\n` };
  }
  const release = await room.take(length + bytes);
  try {
    const body = await request.body();
    if (!body) return { status: 413, body: `a stack has ${mostArchiveBytes} bytes at most\n` };
    if (headers['content-digest'] !== `sha-256=:${hash('sha256', body, 'base64')}:`) {
      return { status: 400, body: 'the stack is not what its content-digest says\n' };
    }
    return await write(options, { id, subject, store }, { body, bytes });
  } catch (error) {
    if (error instanceof ArchiveError) return { status: 400, body: `${error.message}\n` };
    if (!(error instanceof SiteUnavailableError)) throw error;
    return sendAgain(1000, messageOf(error), `site:${error.site}`);
  } finally {
    release();
  }
}

interface Stack {
  readonly id: string;
  readonly subject: string;
  readonly store: ObjectStore;
}

async function write(
  { definition, clock, onStack }: ReceiverHostOptions,
  { id, subject, store }: Stack,
  archive: Archive,
): Promise<HttpAnswer> {
  const bucket = subject.slice(subject.indexOf('/') + 1);
  const data = await definition.handle(await unpackStack(archive, bucket), store);
  const failed = data.entries.filter(({ state }) => state === 'failed').length;
  onStack(subject, { written: data.entries.length - failed, failed });
  const event = {
    specversion: '1.0',
    id: randomUUID(),
    type: definition.answers,
    source: `causeway:${definition.name}`,
    subject,
    time: new Date(clock.now()).toISOString(),
    datacontenttype: 'application/json',
    causationid: id,
    data,
  };
  return { status: 200, headers: { 'content-type': contentType }, body: JSON.stringify(event) };
}
