/** A store for each site that can be used: another one only when the site, or its keys, are others. */
import { identify } from '../../events/identity.ts';
import type { LoadedSite } from '../config/documents.ts';
import type { Store } from '../stores/index.ts';
import { fingerprintOf } from './secrets.ts';

export interface SiteStores {
  /** What there is of them now. Whoever was replaced is closed by `release`, once nobody uses it. */
  of(sites: readonly LoadedSite[]): ReadonlyMap<string, Store>;
  release(): Promise<void>;
  close(): Promise<void>;
}

export function createSiteStores(open: (site: LoadedSite) => Store): SiteStores {
  let stores = new Map<string, { readonly fingerprint: string; readonly store: Store }>();
  let replaced: Store[] = [];

  async function release(): Promise<void> {
    const closing = replaced;
    replaced = [];
    await Promise.allSettled(closing.map((store) => store.close()));
  }

  return {
    of(sites) {
      const before = stores;
      stores = new Map(
        sites.map((site) => {
          const { name } = site.metadata;
          const fingerprint = identify(JSON.stringify(site.spec.s3), ...fingerprintOf(site.access));
          const known = before.get(name);
          return [name, known?.fingerprint === fingerprint ? known : { fingerprint, store: open(site) }];
        }),
      );
      for (const [name, { store }] of before) if (stores.get(name)?.store !== store) replaced.push(store);
      return new Map([...stores].map(([name, { store }]) => [name, store]));
    },
    release,
    async close() {
      replaced.push(...[...stores.values()].map(({ store }) => store));
      stores.clear();
      await release();
    },
  };
}
