/**
 * S3 requests to one site, beneath the SDK, which costs four times the CPU a call: signed, on kept-alive
 * connections, each with a deadline. Any status is an answer; only a failure to get one throws.
 */
import type { Readable } from 'node:stream';
import { errors, Pool } from 'undici';
import { RetryableError, SiteUnavailableError, TerminalError } from '../../functions/errors.ts';
import { isUnreachable, networkWords, type Refusal, refused } from './errors.ts';
import { type Exchange, exchange } from './exchange.ts';
import { retryAfterMs } from './retry-after.ts';
import { type Credentials, signer, UNSIGNED_PAYLOAD } from './signature.ts';
import { encodeComponent, encodeKey, fromHeader } from './text-encoding.ts';
import { textOf } from './xml.ts';

export interface WireOptions {
  /** The site's name, for errors. */
  readonly site: string;
  /** `https://host[:port]` */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** PEM; without it, the certificate authorities that Node trusts. */
  readonly ca?: string | undefined;
  readonly connections?: number | undefined;
  readonly connectMs?: number | undefined;
  /** Longest pause between two pieces of a body. */
  readonly progressMs?: number | undefined;
}

export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket?: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case; values as toHeader makes them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream comes with its own content-length and x-amz-content-sha256. */
  readonly body?: Uint8Array | Readable;
  readonly deadlineMs: number;
}

export interface Wire {
  readonly site: string;
  /** The answer as soon as its headers are there; the body must be taken or destroyed. */
  open(request: WireRequest): Promise<Exchange>;
  /** The whole answer, if it is not longer than 64 MiB. */
  send(request: WireRequest): Promise<Answer>;
  /** The error for an answer that was not the wanted one. Takes its body. */
  refusal(request: WireRequest, answer: Exchange | Answer): Promise<Error>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const LONGEST_ANSWER = 64 * 1024 * 1024;
const LONGEST_ERROR = 64 * 1024;
const LONGEST_LIFE_SIGN_MS = 3_000;
const LONGEST_CLOSE_MS = 5_000;

export function wire(options: WireOptions): Wire {
  const {
    site,
    region,
    credentials,
    ca,
    connections = 128,
    connectMs = 5_000,
    progressMs = 30_000,
  } = options;
  const url = new URL(options.endpoint);
  const pool = new Pool(url.origin, {
    connections,
    // MinIO closes idle connections after 30 s; a request on one that is just being closed would fail.
    keepAliveTimeout: 15_000,
    keepAliveMaxTimeout: 25_000,
    allowH2: false,
    connect: { timeout: connectMs, ...(ca !== undefined && { ca }) },
  });
  const sign = signer({ credentials, region, host: url.host });
  let lifeSign: Promise<boolean> | undefined;

  function open(request: WireRequest, explain = failure): Promise<Exchange> {
    const { method, bucket, key, query, headers = {}, body, deadlineMs } = request;
    const path = `/${bucket === undefined ? '' : encodeComponent(bucket)}${key === undefined ? '' : `/${encodeKey(key)}`}`;
    const canonicalQuery = query ? encodeQuery(query) : '';
    const signed = sign({
      method,
      path,
      query: canonicalQuery,
      headers:
        body instanceof Uint8Array ? { 'x-amz-content-sha256': UNSIGNED_PAYLOAD, ...headers } : headers,
    });
    return exchange(
      pool,
      {
        method,
        path: canonicalQuery === '' ? path : `${path}?${canonicalQuery}`,
        headers: signed,
        body: body ?? null,
      },
      { headersMs: deadlineMs, progressMs, explain: (error) => explain(request, error) },
    );
  }

  /** A connection that broke says nothing of the site: ask it whether it is there. */
  async function failure(request: WireRequest, error: unknown): Promise<unknown> {
    if (!(error instanceof Error)) return error;
    const message = `${doing(request)}: ${networkWords(error)}`;
    // A header that HTTP cannot carry.
    if (error instanceof errors.InvalidArgumentError)
      return new TerminalError(`site ${site}: ${message}`, { cause: error });
    if (isUnreachable(error) || !(await isAlive(request.deadlineMs)))
      return new SiteUnavailableError(site, message, { cause: error });
    return new RetryableError(`site ${site}: ${message}`, { cause: error });
  }

  function isAlive(patienceMs: number): Promise<boolean> {
    const deadlineMs = Math.min(patienceMs, LONGEST_LIFE_SIGN_MS);
    lifeSign ??= open({ method: 'HEAD', deadlineMs }, async (_request, error) => error)
      .then(({ status, body }) => {
        body.destroy();
        return status !== 502 && status !== 503 && status !== 504;
      })
      .catch(() => false)
      .finally(() => {
        lifeSign = undefined;
      });
    return lifeSign;
  }

  return {
    site,
    open: async (request) => open(request),
    async send(request) {
      const { status, headers, body } = await open(request);
      return {
        status,
        headers,
        body: request.method === 'HEAD' ? Buffer.alloc(0) : await body.gather(LONGEST_ANSWER),
      };
    },
    async refusal(request, { status, headers, body }) {
      const bytes = Buffer.isBuffer(body)
        ? body
        : await body.gather(LONGEST_ERROR).catch(() => Buffer.alloc(0));
      return refused({ site, doing: doing(request), ...told(status, headers, bytes.toString('utf8')) });
    },
    async close() {
      const impatient = setTimeout(() => void pool.destroy(), LONGEST_CLOSE_MS);
      await pool.close();
      clearTimeout(impatient);
    },
  };
}

/** MinIO tells a HEAD's error in headers, everything else's in the body. */
function told(
  status: number,
  headers: Answer['headers'],
  body: string,
): Pick<Refusal, 'status' | 'code' | 'message' | 'retryAfterMs'> {
  const code = headers['x-minio-error-code'] ?? textOf(body, 'Code') ?? '';
  const message = headers['x-minio-error-desc']?.replace(/^"|"$/g, '') ?? textOf(body, 'Message') ?? '';
  const afterMs = retryAfterMs(headers['retry-after']);
  return {
    status,
    code,
    message: fromHeader(message).slice(0, 300),
    ...(afterMs !== undefined && { retryAfterMs: afterMs }),
  };
}

function doing({ method, bucket, key, query }: WireRequest): string {
  const target = [bucket, key].filter((part) => part !== undefined).join('/');
  const version = query?.versionId;
  return `${method} ${target || '/'}${version === undefined ? '' : ` (version ${version})`}`;
}

function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .sort()
    .map((name) => `${encodeComponent(name)}=${encodeComponent(query[name] ?? '')}`)
    .join('&');
}
