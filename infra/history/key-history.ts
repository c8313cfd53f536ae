/** All that can be found out about one key: at the sites, in the rules, and in a running deployment. */
import { messageOf } from '../../functions/errors.ts';
import type { Clock, Link, ObjectStore } from '../../functions/ports.ts';
import { nullVersion } from '../../functions/replication/placing.ts';
import { whyNot } from '../../functions/replication/why-not.ts';
import type { Bus } from '../bus/connection.ts';
import { type KeyEvents, keyEvents } from './key-events.ts';
import { type KeyVersion, type KeyVersions, keyVersions, type PlaceToAsk } from './key-versions.ts';
import { joinedWith, type Place } from './places.ts';

export interface KeyHistory extends KeyVersions {
  readonly places: readonly Place[];
  readonly links: readonly {
    readonly link: Link;
    /** Why it leaves the key, or some of its versions, alone. */
    readonly reasons: readonly string[];
    readonly isConcerned: boolean;
  }[];
  /** The reason why a deployment could not be asked, in its place. */
  readonly events: KeyEvents | string;
}

export interface Inquiry {
  readonly place: Place;
  readonly key: string;
  readonly links: readonly Link[];
  readonly stores: ReadonlyMap<string, ObjectStore>;
  readonly clock: Clock;
  /** Rejects where no deployment can be asked. */
  connect(): Promise<Bus>;
}

export async function keyHistory({
  place,
  key,
  links,
  stores,
  clock,
  connect,
}: Inquiry): Promise<KeyHistory> {
  const joined = joinedWith(place, links);
  let events: KeyEvents | string;
  try {
    const bus = await connect();
    try {
      events = await keyEvents(bus, joined, key, clock);
    } finally {
      await bus.close();
    }
  } catch (error) {
    events = messageOf(error);
  }
  const toAsk = joined.places.flatMap((at): PlaceToAsk[] => {
    const store = stores.get(at.site);
    return store ? [{ place: at, store }] : [];
  });
  const found = await keyVersions(toAsk, key, typeof events === 'string' ? [] : toldIds(events));
  return {
    ...found,
    places: toAsk.map((asked) => asked.place),
    events,
    links: joined.links.map((link) => ({ link, ...concern(link, key, found.versions) })),
  };
}

function toldIds({ events, pending, deadLetters }: KeyEvents): string[] {
  const all = [...events, ...pending, ...deadLetters].flatMap(({ event }) =>
    event && 'versionId' in event.data ? [event.data.versionId] : [],
  );
  return all.filter((versionId) => versionId !== undefined);
}

function concern(link: Link, key: string, versions: readonly KeyVersion[]) {
  const always = whyNot(link, key);
  if (always !== undefined) return { isConcerned: false, reasons: [always] };
  const byVersion = versions.map(({ version }) => {
    if (link.twoWay && version.versionId === nullVersion) return 'null versions are not replicated two-way';
    if (version.marker) return link.deleteMarkers ? undefined : 'it leaves delete markers alone';
    return whyNot(link, key, version.facts?.tags);
  });
  const isConcerned = versions.length === 0 || byVersion.includes(undefined);
  return { isConcerned, reasons: [...new Set(byVersion.filter((reason) => reason !== undefined))] };
}
