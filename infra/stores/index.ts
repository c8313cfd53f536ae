/** Every store, by dialect. A new one is one file, one line here, and passes the contract suite. */
import { minioStore } from './minio.ts';
import type { Store, StoreOptions } from './store-options.ts';

export type { Store } from './store-options.ts';

const dialects = {
  minio: minioStore,
} satisfies Record<string, (options: StoreOptions) => Store>;

/** `auto` finds nothing out yet: there is one dialect. */
export type Dialect = keyof typeof dialects | 'auto';

export function openStore({ dialect, ...options }: StoreOptions & { readonly dialect: Dialect }): Store {
  return dialects[dialect === 'auto' ? 'minio' : dialect](options);
}
