/** The CRDs say what the documents' schemas say. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { definitionOf, type Kind } from '../../../knative/crds/crd.ts';
import { kinds } from '../../../knative/crds/kinds.ts';
import { type Structural, structural } from '../../../knative/crds/structural.ts';

/** What the API server makes of a value: the defaults of the fields that are not there. */
function defaulted(schema: Structural, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (schema.items ? defaulted(schema.items, item) : item));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, unknown][] => {
    const given = new Map<string, unknown>(Object.entries(value)).get(name) ?? field.default;
    return given === undefined ? [] : [[name, defaulted(field, given)]];
  });
  return { ...value, ...Object.fromEntries(fields) };
}

function* everySchema(schema: Structural, path = ''): Generator<[string, Structural]> {
  yield [path, schema];
  if (schema.items) yield* everySchema(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* everySchema(schema.additionalProperties, `${path}{}`);
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    yield* everySchema(field, `${path}.${name}`);
}

const smallest: Readonly<Record<string, string>> = {
  Site: `
    apiVersion: causeway.dev/v1alpha1
    kind: Site
    metadata: { name: paris }
    spec: { s3: { endpoint: "https://s3.paris.example" }, credentials: { secretName: paris } }`,
  ReplicationRule: `
    apiVersion: causeway.dev/v1alpha1
    kind: ReplicationRule
    metadata: { name: photos }
    spec: { source: { site: paris, bucket: photos }, targets: [{ site: tokyo, bucket: photos }] }`,
  VolumeReplication: `
    apiVersion: causeway.dev/v1alpha1
    kind: VolumeReplication
    metadata: { name: orders }
    spec:
      source: { site: paris, claim: orders }
      trigger: { schedule: "*/15 * * * *" }
      repository: { bucket: volumes, secretName: volumes }
      destination: { site: tokyo }`,
};
const specOf = (kind: Kind): Structural => structural(kind.document.shape.spec);
const parsed = (kind: Kind, document: unknown): z.infer<Kind['document']> => kind.document.parse(document);

describe.each(kinds)('$kind', (kind) => {
  test('with the defaults of the API server it means what it means in a file', () => {
    const document = parse(smallest[kind.kind] ?? '');
    const atServer = { ...document, spec: defaulted(specOf(kind), document.spec) };

    expect(atServer).not.toEqual(document);
    expect(parsed(kind, atServer)).toEqual(parsed(kind, document));
  });

  test('every default fits its own field', () => {
    for (const [path, { type, enum: values, default: value }] of everySchema(specOf(kind))) {
      if (value === undefined) continue;
      expect([path, Array.isArray(value) ? 'array' : typeof value]).toEqual([
        path,
        type === 'integer' ? 'number' : type,
      ]);
      if (values) expect(values).toContain(value);
    }
  });

  test('text that a CEL rule reads is bounded, so that the API server can tell what the rule costs', () => {
    for (const [path, schema] of everySchema(specOf(kind))) {
      if (schema['x-kubernetes-validations'] && schema.type === 'string')
        expect([path, schema.maxLength]).toEqual([path, expect.any(Number)]);
      if (schema.additionalProperties)
        expect([path, schema.maxProperties]).toEqual([path, expect.any(Number)]);
    }
  });

  test('it has a status of its own, with conditions and the generation they speak of', () => {
    const [version] = definitionOf(kind).spec.versions;
    const { conditions, observedGeneration } = structural(kind.status).properties ?? {};

    expect(version?.subresources).toEqual({ status: {} });
    expect(conditions).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        required: expect.arrayContaining(['type', 'status', 'reason', 'message', 'lastTransitionTime']),
      },
    });
    expect(observedGeneration?.type).toBe('integer');
  });
});

test('a duration is text, with a pattern and bounds', () => {
  const rule = kinds.find(({ kind }) => kind === 'ReplicationRule');
  const every = rule && specOf(rule).properties?.scan?.properties?.every;

  expect(every).toMatchObject({
    type: 'string',
    default: '1m',
    pattern: expect.stringContaining('(ms|s|m|h|d)'),
  });
  for (const good of ['1m', '500ms', '1.5h', '1d']) expect(good).toMatch(new RegExp(every?.pattern ?? ''));
  for (const bad of ['1', 'm', '1 m', '1w', '-1m', '1m '])
    expect(bad).not.toMatch(new RegExp(every?.pattern ?? ''));
  expect(every?.['x-kubernetes-validations']?.[0]?.message).toContain('from 500ms to 24h');
});
