/**
 * Runs restic. Password and keys go by its environment, never by its arguments, and nothing else of ours does. What its
 * exit codes mean: https://restic.readthedocs.io/en/stable/075_scripting.html
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { RetryableError, TerminalError } from '../../functions/errors.ts';
import type { Credentials } from '../config/credentials.ts';
import type { Secret } from '../config/secret.ts';

export interface ResticOptions {
  /** The path of the program. */
  readonly program: string;
  /** scheme://host[:port] */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Of the repository in the bucket; no slash first or last. */
  readonly path: string;
  readonly credentials: Credentials;
  readonly password: Secret;
  /** Certificate authorities to trust besides the system's. */
  readonly caFile: string | undefined;
  /** For its cache and what else it must write down. */
  readonly scratch: string;
  /** Of one run. */
  readonly deadlineMs: number;
}

export const exitCodes = { incomplete: 3, noRepository: 10, locked: 11, wrongPassword: 12 } as const;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** The last of what it said, on one line. */
  readonly words: string;
}

export type Restic = (args: readonly string[], options?: { readonly cwd?: string }) => Promise<Ran>;

/** A list of a hundred thousand snapshots. */
const mostOutput = 64 * 1024 * 1024;
/** It may complain of every file. */
const mostComplaints = 64 * 1024;
const mostWords = 2_000;

export function createRestic(options: ResticOptions): Restic {
  const { program, endpoint, bucket, path, region, caFile, scratch, deadlineMs } = options;
  const { accessKeyId, secretAccessKey, sessionToken } = options.credentials;
  const env = {
    HOME: scratch,
    TMPDIR: scratch,
    TZ: 'UTC',
    RESTIC_REPOSITORY: `s3:${endpoint}/${bucket}/${path}`,
    RESTIC_PASSWORD: options.password.reveal(),
    RESTIC_CACHE_DIR: `${scratch}/cache`,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey.reveal(),
    ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken.reveal() } : {}),
    AWS_DEFAULT_REGION: region,
    // With --json it would tell of its progress sixty times a second.
    RESTIC_PROGRESS_FPS: '0.016666',
  };
  const everywhere = [
    '--json',
    ...['--option', 's3.bucket-lookup=path', '--option', `s3.region=${region}`],
    ...(caFile === undefined ? [] : ['--cacert', caFile]),
  ];

  return async (args, { cwd = scratch } = {}) => {
    const signal = AbortSignal.timeout(deadlineMs);
    const child = spawn(program, [...args, ...everywhere], {
      env,
      cwd,
      signal,
      killSignal: 'SIGTERM',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    try {
      const [stdout, stderr, [code, killed]] = await Promise.all([
        last(child.stdout, mostOutput),
        last(child.stderr, mostComplaints),
        ended,
      ]);
      if (killed) return { code: -1, stdout, words: `it was ended by ${killed}, as for want of memory` };
      return { code, stdout, words: wordsOf(stderr) };
    } catch (cause) {
      const why = signal.aborted ? `took more than ${deadlineMs} ms` : 'could not be run';
      throw new RetryableError(`restic ${args[0]} ${why}`, { cause });
    }
  };
}

/** What came, as far as it has to be kept: whole lines, the last of them. */
async function last(stream: Readable, most: number): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    text += chunk;
    if (text.length > most) text = text.slice(-most / 2).replace(/^.*\n/, '');
  }
  return text;
}

/** With --json the messages are JSON too, some of them. */
function wordsOf(stderr: string): string {
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => messageIn(line) ?? line);
  return lines.join('; ').slice(-mostWords);
}

function messageIn(line: string): string | undefined {
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll(/\\n/g, ' ').trim();
}

/** What a failed run means. */
export function failure(command: string, { code, words }: Ran): Error {
  const reason = `restic ${command} failed (${code}): ${words}`;
  if (code === exitCodes.wrongPassword)
    return new TerminalError(
      'the password is not that of the repository: it is what the repository was made with',
    );
  return new RetryableError(reason);
}
