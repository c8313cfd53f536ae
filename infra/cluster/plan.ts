/**
 * What the cluster's documents come to: each is checked by itself, by what it names, and beside the others; what is good
 * of them is what runs. One bad document holds up nobody but those that need it.
 */

import type { Link } from '../../functions/ports.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import { checkDocument, type LoadedSite } from '../config/documents.ts';
import type { Environment } from '../config/env.ts';
import { linksOf, type Route, routesOf } from '../config/links.ts';
import { type Finding, fieldName } from '../config/problems.ts';
import type { ReplicationRule } from '../config/replication-rule.ts';
import { competition, wrongExclusions, wrongPlaces } from '../config/rule-findings.ts';
import { readSiteAccess } from '../config/site-access.ts';
import { type ClusterObject, keyOf } from './cluster-object.ts';
import type { SiteSecret } from './secrets.ts';

/** Why a document cannot run, and what somebody has to do. */
export interface Problem {
  /** One word for programs: letters. */
  readonly reason: string;
  readonly message: string;
}

export interface PlannedSite {
  /** The version of the document that this speaks of. */
  readonly object: ClusterObject;
  readonly site: LoadedSite | undefined;
  readonly problem: Problem | undefined;
}

export interface PlannedRule {
  readonly object: ClusterObject;
  /** Empty where the document cannot be read. */
  readonly routes: readonly Route[];
  /** Those of its links that can run. */
  readonly links: readonly Link[];
  readonly problem: Problem | undefined;
}

/** By `namespace/name`; links have no namespace: all documents are of one. */
export interface Plan {
  readonly sites: ReadonlyMap<string, PlannedSite>;
  readonly rules: ReadonlyMap<string, PlannedRule>;
  readonly links: readonly Link[];
}

export interface Documents {
  readonly sites: readonly ClusterObject[];
  readonly rules: readonly ClusterObject[];
  readonly namespace: string;
  /** Undefined where there is none. Throws a Problem's message where they cannot be read. */
  secret(name: string): SiteSecret | undefined | 'unreadable';
  readonly environment: Environment;
}

export async function planOf(documents: Documents): Promise<Plan> {
  const sites = new Map<string, PlannedSite>();
  for (const object of documents.sites) sites.set(keyOf(object), await plannedSite(object, documents));
  const loaded = [...sites.values()].flatMap(({ site }) => site ?? []);
  const endpoints = new Map(loaded.map(({ metadata, spec }) => [metadata.name, spec.s3.endpoint]));
  const accepted: ReplicationRule[] = [];
  const judged = documents.rules.toSorted(byAge).map((object) => {
    const read = readRule(object, accepted, endpoints);
    if (read.rule && !read.problem) accepted.push(read.rule);
    return { object, ...read };
  });
  // The graph is that of all rules, so that a site that is not ready changes nothing about the others' deletes.
  const links = linksOf({ rules: accepted });
  const canRun = ({ source, target }: Link): boolean =>
    [source, target].every(({ site }) => endpoints.has(site));
  const rules = new Map(
    judged.map(({ object, rule, problem }): [string, PlannedRule] => [
      keyOf(object),
      {
        object,
        routes: rule ? routesOf(rule) : [],
        links: problem ? [] : links.filter((link) => link.rule === object.metadata.name && canRun(link)),
        problem: problem ?? (rule && missing(rule, sites, documents)),
      },
    ]),
  );
  return { sites, rules, links: [...rules.values()].flatMap((planned) => planned.links) };
}

/** Labels are left aside: Kubernetes allows more of them than a file does. */
const documentOf = ({ apiVersion, kind, metadata: { name }, spec }: ClusterObject): unknown => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});

/** The links that a rule makes, by itself; none where it cannot be read. */
export function routesIn(object: ClusterObject): readonly Route[] {
  const checked = checkDocument(documentOf(object));
  return 'rule' in checked ? routesOf(checked.rule) : [];
}

const words = (findings: readonly Finding[]): string =>
  findings
    .map(({ path, message, hint }) => {
      const field = fieldName(path);
      return `${field === '' ? '' : `${field}: `}${message}${hint === undefined ? '' : `; ${hint}`}`;
    })
    .join('. ');

async function plannedSite(object: ClusterObject, documents: Documents): Promise<PlannedSite> {
  const checked = checkDocument(documentOf(object));
  if (!('site' in checked)) {
    const findings = 'findings' in checked ? checked.findings : [];
    return { object, site: undefined, problem: { reason: 'Invalid', message: words(findings) } };
  }
  const { site } = checked;
  const { namespace } = documents;
  let reason = 'AccessIncomplete';
  let ca: string | undefined;
  const secretOf = (name: string, holding: string): SiteSecret | { readonly problem: string } => {
    const secret = documents.secret(name);
    if (secret === 'unreadable') {
      reason = 'SecretsUnreadable';
      return {
        problem: `Secrets of namespace ${namespace} cannot be read: the account needs get, list and watch on them`,
      };
    }
    if (secret) return secret;
    reason = 'SecretMissing';
    return { problem: `there is no Secret ${name} in namespace ${namespace}: create it with ${holding}` };
  };
  const incomplete = (name: string, lacking: string): { readonly problem: string } => {
    reason = 'SecretIncomplete';
    return { problem: `Secret ${name} ${lacking}: add what is missing` };
  };
  const access = await readSiteAccess(site, './causeway.yaml', documents.environment, {
    credentials(name) {
      const secret = secretOf(name, 'accessKeyId and secretAccessKey');
      if ('problem' in secret) return secret;
      ca = secret.ca;
      const { credentials } = secret;
      return 'problem' in credentials ? incomplete(name, credentials.problem) : credentials;
    },
    token(name) {
      const secret = secretOf(name, 'token');
      if ('problem' in secret) return secret;
      return secret.token ? { text: secret.token.reveal() } : incomplete(name, 'does not hold token');
    },
  });
  if ('findings' in access)
    return { object, site: undefined, problem: { reason, message: words(access.findings) } };
  return { object, site: { ...site, access: { ...access, ca: access.ca ?? ca } }, problem: undefined };
}

/** Who was there first stays; `accepted` are those that were before. */
function readRule(
  object: ClusterObject,
  accepted: readonly ReplicationRule[],
  endpoints: ReadonlyMap<string, string>,
): { readonly rule?: ReplicationRule; readonly problem?: Problem } {
  const checked = checkDocument(documentOf(object));
  if (!('rule' in checked)) {
    const findings = 'findings' in checked ? checked.findings : [];
    return { problem: { reason: 'Invalid', message: words(findings) } };
  }
  const { rule } = checked;
  const wrong = [...wrongPlaces(rule, endpoints), ...wrongExclusions(rule)];
  if (wrong.length > 0) return { rule, problem: { reason: 'Invalid', message: words(wrong) } };
  const competing = competition([...accepted, rule]).get(rule) ?? [];
  if (competing.length > 0) return { rule, problem: { reason: 'Conflict', message: words(competing) } };
  return { rule };
}

const byAge = ({ metadata: one }: ClusterObject, { metadata: other }: ClusterObject): number =>
  one.creationTimestamp.localeCompare(other.creationTimestamp) || one.name.localeCompare(other.name);

function missing(
  { spec }: ReplicationRule,
  sites: ReadonlyMap<string, PlannedSite>,
  { namespace }: Documents,
): Problem | undefined {
  const names = [...sites.values()].map(({ object }) => object.metadata.name);
  for (const { site: name } of [spec.source, ...spec.targets]) {
    const planned = sites.get(`${namespace}/${name}`);
    if (!planned) {
      const hint = didYouMean(name, names);
      const message = `there is no Site ${name} in namespace ${namespace}: create it${hint ? `, or ${hint}` : ''}`;
      return { reason: 'SiteMissing', message };
    }
    if (planned.problem) {
      return { reason: 'SiteNotReady', message: `Site ${name}: ${planned.problem.message}` };
    }
  }
  return undefined;
}
