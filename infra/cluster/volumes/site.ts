/** The Site beside the cluster, as its document and its Secret in the controller's own namespace say now. */

import type { LoadedSite } from '../../config/documents.ts';
import { readObject } from '../cluster-object.ts';
import type { ControllerContext } from '../controller.ts';
import { planOf } from '../plan.ts';
import { createResource } from '../resource.ts';
import { readSecret, secretResource } from '../secrets.ts';
import type { Missing } from './observed.ts';

type Context = Pick<ControllerContext, 'config' | 'namespace' | 'environment' | 'signal'>;

export async function findSite(name: string, context: Context): Promise<LoadedSite | Missing> {
  const { config, namespace, environment, signal } = context;
  const sites = createResource(config, { group: 'causeway.dev', version: 'v1alpha1', plural: 'sites' });
  const object = readObject(await sites.get(namespace, name, signal));
  const missing = {
    reason: 'SiteMissing',
    message: `there is no Site ${name} in namespace ${namespace}: create it`,
  };
  if (!object) return missing;
  // The first look tells which Secret it names.
  let named: string | undefined;
  const about = { sites: [object], rules: [], namespace, environment };
  const ask = (asked: string): undefined => {
    named = asked;
  };
  await planOf({ ...about, secret: ask });
  const secrets = createResource(config, secretResource);
  const secret = named === undefined ? undefined : readSecret(await secrets.get(namespace, named, signal));
  const planned = (await planOf({ ...about, secret: () => secret })).sites.get(`${namespace}/${name}`);
  if (planned?.site) return planned.site;
  return planned?.problem
    ? { reason: 'SiteNotReady', message: `Site ${name}: ${planned.problem.message}` }
    : missing;
}
