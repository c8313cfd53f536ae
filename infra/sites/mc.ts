/**
 * Users and policies of a MinIO server, through `mc admin`. Secrets reach mc by a private file and its
 * standard input, never by its arguments, which every user of the machine can read.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PolicyDocument } from './policies.ts';

const DEADLINE_MS = 30_000;
const ALIAS = 'site';

export interface AdminAccess {
  /** The path of mc. */
  readonly mc: string;
  readonly endpoint: string;
  readonly rootUser: string;
  readonly rootPassword: string;
}

export interface NewUser {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly policyName: string;
  readonly policy: PolicyDocument;
}

/** Makes the user and the policy, or sets them anew, and gives the policy to the user. */
export async function createUser(access: AdminAccess, user: NewUser): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'causeway-mc-'));
  const admin = (args: string[], input = '') => run(access, dir, ['admin', ...args], input);
  try {
    await writeFile(join(dir, 'config.json'), JSON.stringify(configuration(access)), { mode: 0o600 });
    const file = join(dir, 'policy.json');
    await writeFile(file, JSON.stringify(user.policy));
    await admin(['policy', 'create', ALIAS, user.policyName, file]);
    await admin(['user', 'add', ALIAS], `${user.accessKey}\n${user.secretKey}\n`);
    await admin(['policy', 'attach', ALIAS, user.policyName, '--user', user.accessKey]).catch(
      (error: unknown) => {
        if (!(error instanceof Error && error.message.includes('already in effect'))) throw error;
      },
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A file, since MC_HOST_<alias> cannot hold every password. */
function configuration({ endpoint, rootUser, rootPassword }: AdminAccess): object {
  const site = { url: endpoint, accessKey: rootUser, secretKey: rootPassword, api: 's3v4', path: 'auto' };
  return { version: '10', aliases: { [ALIAS]: site } };
}

function run(access: AdminAccess, dir: string, args: string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(access.mc, ['--config-dir', dir, '--no-color', ...args], {
      env: { HOME: dir },
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.stdin.on('error', () => undefined).end(input);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const what = signal === null ? output.trim() : `no answer within ${DEADLINE_MS} ms`;
      if (code === 0) resolve();
      else reject(new Error(`mc ${args.join(' ')} failed at ${access.endpoint}: ${what}`));
    });
  });
}
