/**
 * What rules and sites that go leave on NATS, and taking it away. Nobody is held up for long: where NATS does not come
 * back soon, the object may go, and what it left is found later by its owner's mark, as is what a process that died, or
 * a finalizer that was removed by force, has left.
 */
import { z } from 'zod';
import { messageOf } from '../../functions/errors.ts';
import type { Bus } from '../bus/connection.ts';
import { forgetLink, forgetSite, type Left, linksLeft, sitesLeft } from '../bus/forget.ts';
import type { ClusterObject } from './cluster-object.ts';
import type { ControllerContext } from './controller.ts';
import { type Plan, routesIn } from './plan.ts';

export interface Leavings {
  /** Once nothing of it runs any more. Resolves to undefined when it may go, else to when to try again. */
  ofRule(object: ClusterObject): Promise<number | undefined>;
  ofSite(object: ClusterObject): Promise<number | undefined>;
  /** Takes away what belongs to nothing that is there, after each plan and now and then. */
  clear(plan: Plan, present: Present): Promise<void>;
}

/** All objects that are there, planned or not: their uids, by name. */
export interface Present {
  readonly sites: ReadonlyMap<string, string>;
  readonly rules: ReadonlyMap<string, string>;
}

const againAfterMs = 1_000;
const goesAfterMs = 10_000;
const clearEveryMs = 60_000;

const linksSchema = z.object({ links: z.array(z.object({ name: z.string() })) });

export function createLeavings({
  nats,
  owner,
  clock,
  logger,
}: Pick<ControllerContext, 'nats' | 'owner' | 'clock' | 'logger'>): Leavings {
  /** What went without them: NATS may have lost the marks, but not all that belongs to them. */
  const owed = new Map<string, { readonly object: ClusterObject; readonly work: () => Promise<void> }>();
  let cleared: { readonly plan: Plan; readonly at: number } | undefined;

  function usable(): Bus {
    const trouble = nats.trouble();
    if (trouble !== undefined || !nats.bus) throw new Error(trouble ?? 'NATS was not reached yet');
    return nats.bus;
  }

  async function takeAway(object: ClusterObject, work: () => Promise<void>): Promise<number | undefined> {
    const { kind, metadata } = object;
    const about = { kind, name: metadata.name };
    try {
      await work();
      return undefined;
    } catch (error) {
      const reason = messageOf(error);
      if (clock.now() - Date.parse(metadata.deletionTimestamp ?? '') < goesAfterMs) return againAfterMs;
      logger.warn({ ...about, reason }, 'it may go: what it leaves on NATS is taken away when NATS is back');
      owed.set(`${kind} ${metadata.name}`, { object, work });
      cleared = undefined;
      return undefined;
    }
  }

  return {
    ofRule: (object) =>
      takeAway(object, async () => {
        const bus = usable();
        const { name } = object.metadata;
        const known = linksSchema.safeParse(object.status).data?.links ?? [];
        const links = new Set([...(await linksLeft(bus)), ...known].map((link) => link.name));
        for (const { id } of routesIn(object)) links.add(id);
        for (const link of links) if (ruleOf(link) === name) await forgetLink(bus, link);
      }),
    ofSite: (object) => takeAway(object, () => forgetSite(usable(), object.metadata.name)),
    async clear(plan, present) {
      if (nats.trouble() !== undefined || !nats.bus) return;
      if (cleared?.plan === plan && clock.now() - cleared.at < clearEveryMs) return;
      for (const [about, { object, work }] of owed) {
        const { name, uid } = object.metadata;
        const there = (object.kind === 'Site' ? present.sites : present.rules).get(name);
        // It is on its way.
        if (there === uid) return;
        // Another one of its name goes on with what is there.
        if (there === undefined) await work();
        owed.delete(about);
      }
      const isOurs = (left: Left): boolean => left.owner === owner;
      const routes = new Map(
        [...plan.rules.values()].map(({ object, routes: all }) => [
          object.metadata.name,
          new Set(all.map(({ id }) => id)),
        ]),
      );
      for (const left of await linksLeft(nats.bus)) {
        const wanted = routes.get(ruleOf(left.name));
        const isOrphan = isOurs(left) && !present.rules.has(ruleOf(left.name));
        // Of a rule that cannot be read, everything is left as it is.
        const isOutdated = wanted !== undefined && wanted.size > 0 && !wanted.has(left.name);
        if (isOrphan || isOutdated) await forgetLink(nats.bus, left.name);
      }
      for (const left of await sitesLeft(nats.bus)) {
        if (isOurs(left) && !present.sites.has(left.name)) await forgetSite(nats.bus, left.name);
      }
      cleared = { plan, at: clock.now() };
    },
  };
}

const ruleOf = (link: string): string => link.split('_')[0] ?? '';
