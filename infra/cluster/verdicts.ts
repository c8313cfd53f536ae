/** What is said of a Site and of a ReplicationRule in their status. */
import type { LinkStatus } from '../host/status.ts';
import type { Verdict } from './conditions.ts';
import type { PlannedRule, PlannedSite, Problem } from './plan.ts';
import type { Found } from './status-writer.ts';

const ready = (reason: string, message: string): Verdict[] => [
  { type: 'Ready', status: 'True', reason, message },
  { type: 'Progressing', status: 'False', reason, message: '' },
  { type: 'Degraded', status: 'False', reason, message: '' },
];
const refused = ({ reason, message }: Problem): Verdict[] => [
  { type: 'Ready', status: 'False', reason, message },
  { type: 'Progressing', status: 'False', reason, message: '' },
  { type: 'Degraded', status: 'True', reason, message },
];
const underWay = (reason: string, message: string): Verdict[] => [
  { type: 'Ready', status: 'False', reason, message },
  { type: 'Progressing', status: 'True', reason, message },
  { type: 'Degraded', status: 'False', reason, message: '' },
];

/** `health` is undefined where it was not asked yet. */
export type Health = { readonly problem: Problem | undefined } | undefined;

export function siteFound({ site, problem }: PlannedSite, health: Health): Found {
  if (problem || !site)
    return { verdicts: refused(problem ?? { reason: 'Invalid', message: 'cannot be read' }) };
  const { endpoint } = site.spec.s3;
  if (!health) return { verdicts: underWay('Checking', `${endpoint} is asked`) };
  if (health.problem) return { verdicts: refused(health.problem) };
  return {
    verdicts: ready('Reachable', `${endpoint} answers and takes the keys`),
    // The one dialect there is.
    figures: { dialect: 'minio' },
  };
}

export interface RuleState {
  readonly health: Health;
  /** Why NATS cannot be used now. */
  readonly nats: string | undefined;
  /** Of its links, those that run here. */
  readonly links: readonly LinkStatus[];
  /** Links whose first walk has not come to its end. */
  readonly walking: readonly string[];
}

export function ruleFound(planned: PlannedRule, state: RuleState): Found {
  return { verdicts: ruleVerdicts(planned, state), figures: figuresOf(planned, state) };
}

function ruleVerdicts({ problem, links }: PlannedRule, state: RuleState): Verdict[] {
  if (problem) return refused(problem);
  if (state.nats !== undefined) return refused({ reason: 'NatsAway', message: state.nats });
  const waiting = state.links.filter(({ state: is }) => is !== 'healthy');
  const [first] = waiting;
  if (state.health?.problem) return refused(state.health.problem);
  if (first) {
    const reason = first.state === 'paused' ? 'SiteUnavailable' : 'Broken';
    return refused({
      reason,
      message: waiting.map((link) => `${link.link}: ${link.reason ?? link.state}`).join('; '),
    });
  }
  if (state.links.length < links.length || !state.health) {
    return underWay('Starting', `${state.links.length} of ${links.length} links run`);
  }
  const verdicts = ready(
    'Replicating',
    `${links.length} ${links.length === 1 ? 'link works' : 'links work'}`,
  );
  if (state.walking.length === 0) return verdicts;
  const progress = 'what was there before is compared and sent';
  return verdicts.map((verdict) =>
    verdict.type === 'Progressing'
      ? { ...verdict, status: 'True', reason: 'FirstWalk', message: progress }
      : verdict,
  );
}

function figuresOf({ routes }: PlannedRule, { links }: RuleState): Readonly<Record<string, unknown>> {
  if (routes.length === 0 || links.length === 0) return {};
  const backlogs = links.flatMap(({ backlog }) => backlog ?? []);
  return {
    links: links
      .map(({ link, state, backlog, arrivalLag, verificationLag }) => ({
        name: link,
        state,
        ...(backlog === null ? {} : { backlog }),
        ...(arrivalLag ? { arrivalLagMs: rough(arrivalLag.p99) } : {}),
        ...(verificationLag ? { verificationLagMs: rough(verificationLag.p99) } : {}),
      }))
      .toSorted((one, other) => one.name.localeCompare(other.name)),
    backlog: backlogs.reduce((total, backlog) => total + backlog, 0),
  };
}

/** Two digits: what changes in the third is no reason to write. */
const rough = (ms: number): number => Math.max(0, Math.round(Number(ms.toPrecision(2))));
