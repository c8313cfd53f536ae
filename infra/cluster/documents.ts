/**
 * The controller of Sites and ReplicationRules: what is good of them runs in this process, and their status says how it
 * goes, or what is missing. What a rule or a site has left on NATS goes before they do.
 */
import { messageOf } from '../../functions/errors.ts';
import { every } from '../host/every.ts';
import type { LinkStatus } from '../host/status.ts';
import { aborted } from './aborted.ts';
import { createCheckUps } from './check-ups.ts';
import type { ClusterObject } from './cluster-object.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { startInformer } from './informer.ts';
import { createLeavings } from './leavings.ts';
import { type KindOptions, kindRights, type Reconciled, reconcileKind } from './reconcile-kind.ts';
import { createResource } from './resource.ts';
import { createRunning, finalizer } from './running.ts';
import { readSecret, secretResource, secretRights } from './secrets.ts';
import { ruleFound, siteFound } from './verdicts.ts';

const causeway = { group: 'causeway.dev', version: 'v1alpha1' } as const;
const pollEveryMs = 2_000;

export const documents: Controller = {
  name: 'documents',
  rights: {
    own: [...kindRights(causeway.group, 'sites', 'replicationrules'), ...secretRights],
    everywhere: [],
  },
  run: runDocuments,
};

async function runDocuments(context: ControllerContext): Promise<void> {
  const { config, namespace, clock, signal, nats, replication, observer, logger } = context;
  const ofKind = (plural: string, reactions: Pick<KindOptions, 'reconcile' | 'finalize'>) =>
    reconcileKind({
      ...{ config, observer, clock, signal, finalizer, ...reactions },
      resource: { ...causeway, plural, namespace },
      onChange: () => running.soon(),
    });
  const sites = ofKind('sites', { reconcile: reconcileSite, finalize: finalizeSite });
  const rules = ofKind('replicationrules', { reconcile: reconcileRule, finalize: finalizeRule });
  const secrets = startInformer({
    name: 'secrets',
    resource: createResource(config, { ...secretResource, namespace }),
    read: readSecret,
    onChange: () => running.soon(),
    ...{ observer, clock, signal },
  });
  const leavings = createLeavings(context);
  const running = createRunning({
    context,
    caches: { sites: sites.informer, rules: rules.informer, secrets },
    onApplied(plan, changed) {
      checkUps.plan(plan, changed);
      for (const key of plan.sites.keys()) sites.look(key);
      for (const key of plan.rules.keys()) rules.look(key);
    },
  });
  const checkUps = createCheckUps({
    context,
    onSite: (key) => sites.look(key),
    onRule: (key) => rules.look(key),
  });
  let states: ReadonlyMap<string, LinkStatus> = new Map();

  async function reconcileSite(object: ClusterObject): Promise<Reconciled | undefined> {
    const planned = await running.site(object);
    return planned && siteFound(planned, checkUps.ofSite(object));
  }

  async function reconcileRule(object: ClusterObject): Promise<Reconciled | undefined> {
    const planned = await running.rule(object);
    if (!planned) return undefined;
    return ruleFound(planned, {
      health: checkUps.ofRule(object),
      nats: nats.trouble() ?? running.trouble(),
      links: planned.links.flatMap(({ id }) => states.get(id) ?? []),
      walking: planned.links.flatMap(({ id }) => (checkUps.isWalking(id) ? [id] : [])),
    });
  }

  async function finalizeRule(object: ClusterObject): Promise<number | undefined> {
    await running.now();
    return leavings.ofRule(object);
  }

  async function finalizeSite(object: ClusterObject): Promise<number | undefined> {
    await running.now();
    return leavings.ofSite(object);
  }

  every(pollEveryMs, signal, clock, async () => {
    try {
      // Does nothing where nothing changed; what failed before is tried again.
      await running.now();
      const present = (await replication.status()) ?? [];
      const before = states;
      states = new Map(present.map((status) => [status.link, status]));
      for (const { link, state } of present) if (before.get(link)?.state !== state) checkUps.hurry(link);
      await checkUps.followWalks();
      for (const { metadata } of rules.informer.all()) rules.look(`${metadata.namespace}/${metadata.name}`);
      await leavings.clear(running.plan, {
        sites: new Map(sites.informer.all().map(({ metadata }) => [metadata.name, metadata.uid])),
        rules: new Map(rules.informer.all().map(({ metadata }) => [metadata.name, metadata.uid])),
      });
    } catch (error) {
      if (!signal.aborted) logger.warn({ reason: messageOf(error) }, 'the documents are looked at again');
    }
  });
  nats.connected(signal).then(
    () => running.soon(),
    () => undefined,
  );
  await aborted(signal);
  await Promise.all([sites.ended(), rules.ended(), running.ended()]);
}
