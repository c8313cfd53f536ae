/**
 * A node beside a control plane: containerd and kubelet, with the controllers and the scheduler that bring pods to it.
 * They run in the namespaces of this process, which are not the machine's: see run.sh.
 */

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { environment } from '../../infra/config/env.ts';
import { freePort } from '../../infra/sites/ports.ts';
import { type ServerProcess, startProcess } from '../../infra/sites/process.ts';
import { serviceAddress } from '../k8s/api-server.ts';
import { flagsOf } from '../k8s/flags.ts';
import type { NodePrograms } from './programs.ts';

/** Where this machine is, as pods see it. */
export const gatewayAddress = '10.88.0.1';
const subnet = '10.88.0.0/16';
export const nodeName = 'node';
export const pauseImage = 'causeway.test/pause:1';

const run = promisify(execFile);

export interface Node {
  /** Puts an image there, as a registry would. */
  load(file: string): Promise<void>;
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly programs: NodePrograms;
  readonly dir: string;
  readonly admin: KubeConfig;
}

/** Between pods and this machine, which has the address of the API server's Service too. It wants a way out to know its own. */
export async function openNetwork(): Promise<void> {
  await run('mount', ['--make-rshared', '/']);
  for (const words of [
    'link add cni0 type bridge',
    `addr add ${gatewayAddress}/16 dev cni0`,
    'link set cni0 up',
    `addr add ${serviceAddress}/32 dev cni0`,
    'route add default dev cni0',
  ])
    await run('ip', words.split(' '));
}

export async function startNode({ programs, dir, admin }: NodeOptions): Promise<Node> {
  const socket = join(dir, 'containerd.sock');
  const kubeconfig = join(dir, 'kubeconfig');
  await mkdir(join(dir, 'cni'), { recursive: true });
  await writeFile(join(dir, 'cni', '10-causeway.conflist'), JSON.stringify(network(dir)));
  await writeFile(join(dir, 'containerd.toml'), containerdSettings(programs, dir, socket));
  const authority = join(dir, 'ca.crt');
  await writeFile(authority, Buffer.from(admin.getCurrentCluster()?.caData ?? '', 'base64'));
  await writeFile(kubeconfig, admin.exportConfig(), { mode: 0o600 });
  await writeFile(join(dir, 'kubelet.yaml'), JSON.stringify(kubeletSettings(socket)));
  const folders = [dirname(programs.containerd), dirname(programs.runc), environment.PATH ?? ''];
  const env = { PATH: folders.join(delimiter) };
  const ctr = (...args: readonly string[]) =>
    run(programs.ctr, ['--address', socket, '--namespace', 'k8s.io', ...args], { env });
  const running: ServerProcess[] = [];
  const start = async (
    name: string,
    binary: string,
    settings: Readonly<Record<string, string | number | boolean>>,
    isReady: (signal: AbortSignal) => Promise<boolean>,
  ): Promise<void> => {
    const args = flagsOf(settings);
    const port = await freePort();
    running.push(
      await startProcess({ name, binary, args, env, cwd: dir, port, isReady, readyWithinMs: 90_000 }),
    );
  };
  const healthy = (url: string) => async (signal: AbortSignal) => {
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    const { statusCode, body } = await request(url, { dispatcher, signal });
    await body.dump();
    return statusCode === 200;
  };

  await start('containerd', programs.containerd, { config: join(dir, 'containerd.toml') }, async () => {
    await ctr('version');
    return true;
  });
  const kubelet = { kubeconfig, config: join(dir, 'kubelet.yaml'), 'root-dir': join(dir, 'kubelet') };
  await start(
    'kubelet',
    programs.kubelet,
    { ...kubelet, 'hostname-override': nodeName, 'node-ip': gatewayAddress, v: 0 },
    healthy('http://127.0.0.1:10248/healthz'),
  );
  await start(
    'kube-controller-manager',
    programs.controllerManager,
    { kubeconfig, 'root-ca-file': authority, 'leader-elect': false, 'bind-address': '127.0.0.1' },
    healthy('https://127.0.0.1:10257/healthz'),
  );
  await start(
    'kube-scheduler',
    programs.scheduler,
    { kubeconfig, 'leader-elect': false, 'bind-address': '127.0.0.1' },
    healthy('https://127.0.0.1:10259/healthz'),
  );

  return {
    load: async (file) => void (await ctr('images', 'import', file)),
    async stop() {
      const [containerd, ...others] = running;
      for (const one of others.toReversed()) await one.stop();
      const { stdout } = await ctr('tasks', 'list', '--quiet').catch(() => ({ stdout: '' }));
      for (const task of stdout.split('\n').filter(Boolean)) {
        await ctr('tasks', 'kill', '--signal', 'SIGKILL', task).catch(() => undefined);
        await ctr('tasks', 'delete', '--force', task).catch(() => undefined);
      }
      await containerd?.stop();
      await run('sh', ['-c', leaveNothing, 'sh', dir]);
    },
  };
}

/** What is mounted below the folder is taken away, and control groups that nobody is in. */
const leaveNothing = `
awk -v dir="$1/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n1 umount -l
find /sys/fs/cgroup -depth -type d -path '*/k8s.io*' -exec rmdir {} + 2>/dev/null
true`;

const network = (dir: string) => ({
  cniVersion: '0.4.0',
  name: 'causeway',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(dir, 'addresses'),
        ranges: [[{ subnet }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
});

const containerdSettings = ({ runc, cniFolder }: NodePrograms, dir: string, socket: string): string => `
version = 2
root = "${dir}/containerd"
state = "${dir}/containerd-state"
[grpc]
address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${cniFolder}"
conf_dir = "${dir}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "${runc}"
`;

const kubeletSettings = (socket: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  containerRuntimeEndpoint: `unix://${socket}`,
  authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  failCgroupV1: false,
  failSwapOn: false,
  clusterDNS: [gatewayAddress],
  clusterDomain: 'cluster.local',
  // A full disk of the machine is none of its business.
  evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
});
