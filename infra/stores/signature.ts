/**
 * AWS Signature Version 4 for S3 (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html): every
 * header given is signed. The signing key is kept for a day, the time stamp for a second.
 */
import { createHmac, createSecretKey, hash } from 'node:crypto';
import { fromHeader, toHeader } from './text-encoding.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signable {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  /** Canonical: percent-encoded, sorted, every name with a `=`; empty if there is none. */
  readonly query: string;
  /** Names in lower case; values as latin1 strings of the bytes sent. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The headers of a request with those that authenticate it. */
export type Sign = (request: Signable, now?: number) => Record<string, string>;

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const EMPTY_PAYLOAD = hash('sha256', '');

/** `host` is as the Host header will have it. A body must say so by its own x-amz-content-sha256 header. */
export function signer({
  credentials,
  region,
  host,
}: {
  credentials: Credentials;
  region: string;
  host: string;
}): Sign {
  let second = 0;
  let stamp = '';
  let day = '';
  let key = createSecretKey(Buffer.alloc(32));

  function setTime(now: number): void {
    second = Math.floor(now / 1000);
    stamp = new Date(second * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
    if (stamp.slice(0, 8) === day) return;
    day = stamp.slice(0, 8);
    const secret = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${credentials.secretAccessKey}`),
    );
    // A key object: given bytes, each call would make one.
    key = createSecretKey(secret);
  }

  return (request, now = Date.now()) => {
    if (Math.floor(now / 1000) !== second) setTime(now);
    const headers: Record<string, string> = {
      host,
      'x-amz-content-sha256': EMPTY_PAYLOAD,
      ...request.headers,
      'x-amz-date': stamp,
    };
    if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;

    const names = Object.keys(headers).sort();
    const signed = names.join(';');
    let canonical = `${request.method}\n${request.path}\n${request.query}\n`;
    for (const name of names) canonical += `${name}:${trimAll(headers[name] ?? '')}\n`;
    canonical += `\n${signed}\n${headers['x-amz-content-sha256']}`;

    const scope = `${day}/${region}/s3/aws4_request`;
    const digest = hash('sha256', Buffer.from(canonical, 'latin1'));
    const signature = createHmac('sha256', key)
      .update(`AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${digest}`)
      .digest('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  };
}

// Go's unicode.IsSpace: MinIO collapses these (strings.Fields), where AWS speaks of spaces.
const space = '[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const spaces = new RegExp(`${space}+`, 'g');
const outerSpaces = new RegExp(`^${space}+|${space}+$`, 'g');
const plain = /^(?! )(?!.* $)(?!.* {2})[\x20-\x7e]*$/;

/** Without surrounding spaces, each run of spaces as one. In latin1 a byte of a character may look like a space. */
function trimAll(latin1: string): string {
  if (plain.test(latin1)) return latin1;
  return toHeader(fromHeader(latin1).replace(outerSpaces, '').replace(spaces, ' '));
}
