/** What is known of the health of sites, of rules' buckets, and of links' first walks; and when it is asked again. */
import { messageOf } from '../../functions/errors.ts';
import { type ClusterObject, keyOf } from './cluster-object.ts';
import type { ControllerContext } from './controller.ts';
import { createHealth } from './health.ts';
import type { Plan, Problem } from './plan.ts';
import type { Changed } from './running.ts';
import type { Health } from './verdicts.ts';
import { createWorkQueue } from './work-queue.ts';

export interface CheckUps {
  /** Asks about what changed. */
  plan(plan: Plan, changed: Changed): void;
  ofSite(object: ClusterObject): Health;
  ofRule(object: ClusterObject): Health;
  /** A link has another state than before: its rule is asked about soon. */
  hurry(link: string): void;
  /** Whether a link has not yet been through its buckets once. */
  isWalking(link: string): boolean;
  followWalks(): Promise<void>;
}

export interface CheckUpsOptions {
  readonly context: ControllerContext;
  /** There is news of it. */
  onSite(key: string): void;
  onRule(key: string): void;
}

const againWhenWellMs = 5 * 60_000;
const againWhenNotMs = 10_000;
const atOnce = 2;

export function createCheckUps({ context, onSite, onRule }: CheckUpsOptions): CheckUps {
  const { clock, signal, replication, openWire, logger } = context;
  const health = createHealth({ openWire, clock });
  const known = new Map<string, { readonly problem: Problem | undefined }>();
  const walked = new Set<string>();
  let current: Plan = { sites: new Map(), rules: new Map(), links: [] };
  const queue = createWorkQueue({
    async work(name) {
      const [kind, key = ''] = name.split(' ');
      const before = current;
      const problem = kind === 'site' ? await askSite(key) : await askRule(key);
      // What was asked of another document than there is now says nothing.
      if (before !== current) return 0;
      if (problem === 'gone') {
        known.delete(name);
        return undefined;
      }
      known.set(name, { problem });
      if (kind === 'site') onSite(key);
      else onRule(key);
      return problem ? againWhenNotMs : againWhenWellMs;
    },
    onFailure: (name, error) => logger.warn({ about: name, reason: messageOf(error) }, 'will be asked again'),
    concurrency: atOnce,
    clock,
    signal,
  });

  async function askSite(key: string): Promise<Problem | undefined | 'gone'> {
    const site = current.sites.get(key)?.site;
    return site ? health.ofSite(site) : 'gone';
  }

  async function askRule(key: string): Promise<Problem | undefined | 'gone'> {
    const rule = current.rules.get(key);
    if (!rule || rule.links.length === 0) return 'gone';
    const names = new Set(rule.links.flatMap(({ source, target }) => [source.site, target.site]));
    for (const name of names) {
      const site = current.sites.get(`${rule.object.metadata.namespace}/${name}`)?.site;
      const problem = site && (await health.ofLinks(site, rule.links));
      if (problem) return { ...problem, message: `Site ${name}: ${problem.message}` };
    }
    return undefined;
  }

  return {
    plan(plan, changed) {
      current = plan;
      const ask = (kind: string, keys: ReadonlySet<string>): void => {
        for (const key of keys) {
          known.delete(`${kind} ${key}`);
          queue.add(`${kind} ${key}`);
        }
      };
      ask('site', changed.sites);
      ask('rule', changed.rules);
      const links = new Set(plan.links.map(({ id }) => id));
      for (const link of walked) if (!links.has(link)) walked.delete(link);
    },
    ofSite: (object) => known.get(`site ${keyOf(object)}`),
    ofRule: (object) => known.get(`rule ${keyOf(object)}`),
    hurry(link) {
      const rule = [...current.rules].find(([, { links }]) => links.some(({ id }) => id === link));
      if (rule) queue.add(`rule ${rule[0]}`);
      for (const key of current.sites.keys()) {
        if (link.split('_').includes(key.split('/')[1] ?? '')) queue.add(`site ${key}`);
      }
    },
    isWalking: (link) => !walked.has(link),
    async followWalks() {
      for (const link of current.links) {
        if (walked.has(link.id)) continue;
        const rounds = await replication.rounds(link).catch(() => undefined);
        if (rounds !== undefined && rounds > 0) walked.add(link.id);
      }
    },
  };
}
