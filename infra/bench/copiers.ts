/** Peers that copy what is there and end: they know neither versions nor what is written later. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { here, there, writeAliases } from './aliases.ts';
import type { Prepared, Product, Stage } from './scenario.ts';

/** Stays behind its command, whose CPU time it is asked for afterwards. */
const waitingShell = ['sh', '-c', '"$@" >&2; echo "ended $?"; read _', 'sh'] as const;

interface Copying {
  readonly command: readonly [binary: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
}

const copier = (
  about: Pick<Product, 'name' | 'title'>,
  copying: (stage: Stage) => Promise<Copying>,
): Product => ({
  ...about,
  needsEvents: false,
  async prepare(stage) {
    const { command, env } = await copying(stage);
    return prepared(about.title, command, env);
  },
});

function prepared(title: string, command: readonly string[], env: Copying['env']): Prepared {
  let shell: ChildProcess | undefined;
  let complaint = '';
  const [sh, ...args] = waitingShell;
  return {
    run: () => Promise.reject(new Error(`${title} copies what is there; it does not stay`)),
    async catchUp() {
      shell = spawn(sh, [...args, ...command], { env, stdio: 'pipe' });
      shell.stderr?.on('data', (text: Buffer) => {
        complaint = `${complaint}${text.toString()}`.slice(-2000);
      });
      if (!shell.stdout) throw new Error('the shell has no output');
      const [said] = await once(shell.stdout, 'data');
      if (String(said).trim() !== 'ended 0') throw new Error(`${title} failed: ${complaint}`);
    },
    settled: async () => undefined,
    processes: (): Record<string, number> => (shell?.pid === undefined ? {} : { copier: shell.pid }),
    async stop() {
      if (!shell || shell.exitCode !== null) return;
      const ended = once(shell, 'exit');
      shell.stdin?.end();
      await ended;
    },
  };
}

const remote = (name: string, endpoint: string, user: string, password: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      type: 's3',
      provider: 'Minio',
      endpoint,
      region: 'us-east-1',
      access_key_id: user,
      secret_access_key: password,
    }).map(([field, value]) => [`RCLONE_CONFIG_${name}_${field}`.toUpperCase(), value]),
  );

const rclone = (binary: string, name: 'rclone' | 'rclone-tuned', ...flags: string[]): Product =>
  copier({ name, title: name.toUpperCase() }, async ({ dir, bucket, source, target, farTarget }) => ({
    command: [binary, 'copy', `${here}:${bucket}`, `${there}:${bucket}`, ...flags],
    env: {
      HOME: dir,
      RCLONE_CONFIG: '/dev/null',
      ...remote(here, source.endpoint, source.rootUser, source.rootPassword),
      ...remote(there, farTarget, target.rootUser, target.rootPassword),
    },
  }));

export const rcloneAsItComes = (binary: string): Product => rclone(binary, 'rclone');

export const rcloneTuned = (binary: string): Product =>
  rclone(binary, 'rclone-tuned', '--transfers', '64', '--checkers', '64', '--fast-list');

export const mcMirror = (mc: string): Product =>
  copier({ name: 'mc-mirror', title: 'MC MIRROR' }, async (stage) => ({
    command: [
      ...([mc, '--config-dir', await writeAliases(stage), '--json', 'mirror'] as const),
      ...[`${here}/${stage.bucket}`, `${there}/${stage.bucket}`],
    ],
    env: { HOME: stage.dir },
  }));
