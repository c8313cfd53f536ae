/** Every peer that Causeway is compared with. A new one is one file and one line here. */
import { mcMirror, rcloneAsItComes, rcloneTuned } from './copiers.ts';
import { minioReplication } from './minio-replication.ts';
import type { Programs } from './programs.ts';
import type { PeerName, Product } from './scenario.ts';

/** `rclone` is built only where it is asked for. */
export const peers: Readonly<
  Record<PeerName, (programs: Programs, findRclone: () => Promise<string>) => Promise<Product>>
> = {
  'minio-replication': async ({ mc }) => minioReplication(mc),
  rclone: async (_, findRclone) => rcloneAsItComes(await findRclone()),
  'rclone-tuned': async (_, findRclone) => rcloneTuned(await findRclone()),
  'mc-mirror': async ({ mc }) => mcMirror(mc),
};
