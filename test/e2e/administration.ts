/** What an operator does to a site with `mc admin`, in the middle of everything. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { environment } from '../../infra/config/env.ts';
import { findBinary } from '../../infra/sites/binaries.ts';
import { siteOf } from './application.ts';
import type { World } from './world.ts';

/** `site` in the arguments stands for the site. */
export async function administrate(world: World, site: string, ...args: readonly string[]): Promise<string> {
  const { server } = siteOf(world, site);
  const mc = await findBinary('mc', environment, console.error);
  const { host, port, rootUser, rootPassword } = server;
  const MC_HOST_site = `http://${rootUser}:${encodeURIComponent(rootPassword)}@${host}:${port}`;
  const { stdout } = await promisify(execFile)(mc, ['--config-dir', world.dir, 'admin', ...args], {
    env: { HOME: world.dir, MC_HOST_site },
  });
  return stdout;
}
