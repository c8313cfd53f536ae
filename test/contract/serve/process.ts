/** `causeway serve`, or another command that listens, as a process of its own, and a site whose answers the test decides. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type CausewayEvent, contentType } from '../../../events/cloudevent.ts';
import { type Environment, environment } from '../../../infra/config/env.ts';
import { type HttpServer, serveHttp } from '../../../infra/host/http-server.ts';

const source = fileURLToPath(new URL('../../../infra/cli/causeway.mjs', import.meta.url));

/** For `main`: another command of the command line. */
export const commandLine = (command: string): readonly string[] => [source, command];

export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** The one JSON line. */
  readonly document: unknown;
  /** Code and signal, once it is gone. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  send(event: CausewayEvent): Promise<Response>;
  status(path: string): Promise<number>;
}

export interface ServeOptions {
  readonly args: readonly string[];
  readonly env: Environment;
  readonly port: number;
  /** Put before the command: what makes it process 1. */
  readonly under?: readonly string[];
  /** What Node runs, with its first arguments; by default the command line's `serve`. */
  readonly main?: readonly string[];
}

export async function serveProcess({
  args,
  env,
  port,
  under = [],
  main = [source, 'serve'],
}: ServeOptions): Promise<Served> {
  const [command = process.execPath, ...rest] = [...under, process.execPath, ...main, ...args, '--json'];
  const child = spawn(command, rest, {
    env: { ...environment, CAUSEWAY_LOG: 'fatal', ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code, signal]): [number | null, NodeJS.Signals | null] => [
    code,
    signal,
  ]);
  const tooEarly = ended.then(([code]) => Promise.reject(new Error(`${main.join(' ')} ended with ${code}`)));
  tooEarly.catch(() => undefined);
  const [line] = await Promise.race([once(child.stdout, 'data'), tooEarly]);
  const url = `http://127.0.0.1:${port}`;
  return {
    child,
    url,
    document: JSON.parse(String(line)),
    ended,
    send: (event) =>
      fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body: JSON.stringify(event) }),
    status: async (path) => (await fetch(`${url}${path}`)).status,
  };
}

/** Runs a command line that is to fail. */
export async function failedServe(
  args: readonly string[],
  env: Environment,
  main: readonly string[] = [source, 'serve'],
) {
  const child = spawn(process.execPath, [...main, ...args], {
    env: { ...environment, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [words, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { words, code };
}

export interface Site {
  readonly server: HttpServer;
  /** Resolves when an object is asked for. */
  readonly asked: Promise<void>;
  /** Answers what was asked, and all that is asked from now on. */
  answer(): void;
}

/** An S3 site where no version is, which says so when it is told to. */
export async function silentSite(): Promise<Site> {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const server = await serveHttp(
    { host: '127.0.0.1', port: 0, mostBytes: 1024 },
    async ({ method, path }) => {
      const isObject = path.split('/').length > 2;
      if (!isObject) return { status: 200 };
      asked.resolve();
      await answered.promise;
      const body = '<Error><Code>NoSuchVersion</Code></Error>';
      return {
        status: 404,
        headers: { 'content-type': 'application/xml' },
        ...(method === 'HEAD' ? {} : { body }),
      };
    },
  );
  return { server, asked: asked.promise, answer: () => answered.resolve() };
}

export async function writeDocuments(dir: string, port: number): Promise<string> {
  const site = (name: string, host: string): string => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec: { s3: { endpoint: "http://${host}:${port}" }, credentials: { env: ${name.toUpperCase()} } }
`;
  const rule = `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: photos }
spec: { source: { site: paris, bucket: photos }, targets: [{ site: tokyo, bucket: photos }] }
`;
  const file = join(dir, 'causeway.yaml');
  await writeFile(file, [site('paris', '127.0.0.1'), site('tokyo', 'localhost'), rule].join('---\n'));
  return file;
}

export const credentials: Environment = {
  PARIS_ACCESS_KEY_ID: 'paris',
  PARIS_SECRET_ACCESS_KEY: 'paris-secret',
  TOKYO_ACCESS_KEY_ID: 'tokyo',
  TOKYO_SECRET_ACCESS_KEY: 'tokyo-secret',
};
