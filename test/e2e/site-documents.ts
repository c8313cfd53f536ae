/** Documents for real sites, as users write them. */
import type { EmbeddedWorld } from '../../infra/sites/embedded.ts';

export interface RuleText {
  readonly name: string;
  readonly bucket?: string;
  readonly prefix?: string;
  /** Further lines of the spec, as YAML in braces would have them: `direction: two-way`. */
  readonly spec?: readonly string[];
}

/** A rule from the world's first site to the others. */
export function siteDocuments({ sites }: EmbeddedWorld, ...rules: readonly RuleText[]): string {
  const [first, ...others] = sites.map(({ name }) => name);
  const siteTexts = sites.map(
    ({ name, server }) => `apiVersion: causeway.dev/v1alpha1
kind: Site
metadata: { name: ${name} }
spec:
  s3: { endpoint: "${server.endpoint}" }
  credentials: { env: ${name.toUpperCase()} }
  events: { minio: { via: nats } }
`,
  );
  const ruleTexts = rules.map(({ name, bucket = 'photos', prefix = '', spec = [] }) => {
    const targets = others.map((site) => `{ site: ${site}, bucket: ${bucket} }`).join(', ');
    const fixed = [
      `source: { site: ${first}, bucket: ${bucket}, prefix: "${prefix}" }`,
      `targets: [${targets}]`,
    ];
    return `apiVersion: causeway.dev/v1alpha1
kind: ReplicationRule
metadata: { name: ${name} }
spec:
${[...fixed, ...spec].map((line) => `  ${line}\n`).join('')}`;
  });
  return [...siteTexts, ...ruleTexts].join('---\n');
}
