/** One thing that can come to a function, and what must become of it, whichever host calls it. */
import type { EventType } from '../../../events/catalogue.ts';
import { type CausewayEvent, type Draft, makeEvent } from '../../../events/cloudevent.ts';
import type { VersionRef } from '../../../events/object-events.ts';
import { bucket, type HostWorld, type SiteName } from './world.ts';

export interface Case {
  readonly name: string;
  /** Prepares the world and gives the event. The rule carries the key. */
  arrange(world: HostWorld, key: string): CausewayEvent | Promise<CausewayEvent>;
  /** `taken` where it is left out. */
  readonly fate?: 'taken' | 'comes again';
  readonly emits?: readonly EventType[];
  readonly ledger?: readonly ('failed' | 'planned')[];
  /** Why it is kept as a dead letter. */
  readonly parked?: RegExp;
  /** What the sites then hold. */
  holds?(world: HostWorld, key: string): void | Promise<void>;
  /** Makes good what was wrong: when the event comes again it is taken. */
  mend?(world: HostWorld): void;
}

export interface FunctionCases {
  readonly function: string;
  /** The schedule brings the next event, whatever becomes of this one. */
  readonly comesByItself?: true;
  readonly cases: readonly [happy: Case, ...others: Case[]];
}

let made = 0;

/** An event of Causeway's own. */
export function ownEvent(world: HostWorld, draft: Draft): CausewayEvent {
  made += 1;
  const time = new Date(world.clock.now()).toISOString();
  return makeEvent(draft, { id: `own-${made}`, source: 'test', time });
}

/** A user's version at a site. */
export function put(world: HostWorld, site: SiteName, key: string, content = 'a cat'): VersionRef {
  const { versionId } = world.clients[site].put(bucket, key, Buffer.from(content), {
    metadata: { who: 'somebody' },
  });
  return { bucket, key, versionId };
}

/** The same version at both sites, as replicated. */
export async function putBoth(world: HostWorld, key: string): Promise<VersionRef> {
  const ref = put(world, 'east', key);
  const content = await world.stores.east.read(ref);
  if (!content) throw new Error('it was not written');
  await world.stores.west.write(ref, content);
  return ref;
}

export const lookAt = (world: HostWorld, site: SiteName, ref: VersionRef) => world.stores[site].look(ref);

/** Time passes, and who held a key holds it no longer: also who never heard what came of a request. */
export const rightsExpire = (world: HostWorld): void => world.locked.clear();
