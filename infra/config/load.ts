/**
 * Reads documents from YAML files and checks them, alone and together. Either all of them are good, or every
 * problem is told at once, with its place in the file.
 */
import { checkDocument, type Documents, type LoadedSite } from './documents.ts';
import type { Environment } from './env.ts';
import type { Finding, Problem } from './problems.ts';
import type { ReplicationRule } from './replication-rule.ts';
import { competition, missingSites, wrongExclusions, wrongPlaces } from './rule-findings.ts';
import { type Site, siteAccessSchema } from './site.ts';
import { readSiteAccess } from './site-access.ts';
import { readText } from './text-file.ts';
import { parseYaml, type SourceDocument, type YamlSource } from './yaml-source.ts';

export type Loaded =
  | { readonly ok: true; readonly documents: Documents }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const mostBytes = 1024 * 1024;

/** Reads files in the order given; a file may hold several documents, and they may refer to another file's. */
export async function loadDocuments(files: readonly string[], environment: Environment): Promise<Loaded> {
  const sources: YamlSource[] = [];
  for (const file of files) {
    const read = await readText(file, mostBytes);
    const source =
      'text' in read
        ? parseYaml(file, read.text)
        : { documents: [], problems: [{ file, message: read.problem }] };
    sources.push(source);
  }
  return joinSources(sources, files[0] ?? 'documents', environment);
}

/** The same for text that is already here; `file` names it in problems and is where relative paths start. */
export function readDocuments(file: string, text: string, environment: Environment): Promise<Loaded> {
  return joinSources([parseYaml(file, text)], file, environment);
}

interface Placed<Document> {
  readonly document: Document;
  readonly source: SourceDocument;
}

async function joinSources(
  sources: readonly YamlSource[],
  file: string,
  environment: Environment,
): Promise<Loaded> {
  const texts = sources.flatMap(({ documents }) => documents);
  const problems = sources.flatMap((source) => source.problems);
  if (texts.length === 0 && problems.length === 0) {
    return {
      ok: false,
      problems: [{ file, message: 'holds no documents', hint: 'write a Site and a ReplicationRule' }],
    };
  }
  const report = (source: SourceDocument, findings: readonly Finding[]): void => {
    problems.push(...findings.map((finding) => source.problem(finding)));
  };
  const sites: Placed<Site>[] = [];
  const rules: Placed<ReplicationRule>[] = [];
  for (const source of texts) {
    if (source.value === undefined) continue;
    const checked = checkDocument(source.value);
    if ('site' in checked) sites.push({ document: checked.site, source });
    else if ('rule' in checked) rules.push({ document: checked.rule, source });
    else report(source, checked.findings);
  }
  reportDuplicates(texts, report);
  reportMissingSites(texts, problems, report);
  checkRules(rules, sites, report);
  const loaded = await withAccess(texts, sites, environment, report);
  if (problems.length > 0) return { ok: false, problems: inOrder(problems, sources) };
  return { ok: true, documents: { sites: loaded, rules: rules.map(({ document }) => document) } };
}

type Report = (source: SourceDocument, findings: readonly Finding[]) => void;

/** Keys and certificates are looked for even where a document has other faults. */
async function withAccess(
  texts: readonly SourceDocument[],
  sites: readonly Placed<Site>[],
  environment: Environment,
  report: Report,
): Promise<LoadedSite[]> {
  const loaded: LoadedSite[] = [];
  for (const source of texts.filter(({ kind }) => kind === 'Site')) {
    const { data } = siteAccessSchema.safeParse(source.value);
    const access = data && (await readSiteAccess(data, source.file, environment));
    if (access && 'findings' in access) report(source, access.findings);
    else if (access) {
      const placed = sites.find((site) => site.source === source);
      if (placed) loaded.push({ ...placed.document, access });
    }
  }
  return loaded;
}

/** A site counts as there, good or not: a rule is not to blame for a mistake in the site that it names. */
function reportMissingSites(
  texts: readonly SourceDocument[],
  problems: readonly Problem[],
  report: Report,
): void {
  const unreadable = problems.some(({ line }) => line === undefined);
  const nameless = texts.some(({ value, kind, name }) => value === undefined && (kind === '' || name === ''));
  if (unreadable || nameless) return;
  const names = new Set(texts.filter(({ kind }) => kind === 'Site').map(({ name }) => name));
  for (const source of texts.filter(({ kind, value }) => kind === 'ReplicationRule' && value !== undefined)) {
    report(source, missingSites(source, names));
  }
}

function reportDuplicates(texts: readonly SourceDocument[], report: Report): void {
  const seen = new Map<string, SourceDocument>();
  for (const source of texts.filter(({ name }) => name !== '')) {
    const id = `${source.kind} ${source.name}`;
    const earlier = seen.get(id)?.problem({ path: ['metadata', 'name'], message: '' });
    if (!earlier) seen.set(id, source);
    else {
      const message = `the name is taken by the ${source.kind} at ${earlier.file}:${earlier.line}`;
      report(source, [{ path: ['metadata', 'name'], message }]);
    }
  }
}

function checkRules(
  rules: readonly Placed<ReplicationRule>[],
  sites: readonly Placed<Site>[],
  report: Report,
): void {
  const endpoints = new Map(sites.map(({ document }) => [document.metadata.name, document.spec.s3.endpoint]));
  const competing = competition(rules.map(({ document }) => document));
  for (const { document, source } of rules) {
    report(source, wrongPlaces(document, endpoints));
    report(source, wrongExclusions(document));
    report(source, competing.get(document) ?? []);
  }
}

/** As a reader goes through the files. */
function inOrder(problems: readonly Problem[], sources: readonly YamlSource[]): Problem[] {
  const files = sources.map(({ documents, problems: found }) => documents[0]?.file ?? found[0]?.file);
  return problems.toSorted(
    (one, other) =>
      files.indexOf(one.file) - files.indexOf(other.file) ||
      (one.line ?? 0) - (other.line ?? 0) ||
      (one.column ?? 0) - (other.column ?? 0),
  );
}
