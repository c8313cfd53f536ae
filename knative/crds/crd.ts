/** A kind of document as a CustomResourceDefinition: versioned, namespaced, with a status of its own. */
import type { ICustomResourceDefinition } from 'kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition';
import { z } from 'zod';
import { nameSchema } from '../../infra/config/names.ts';
import { apiVersion } from '../../infra/config/site.ts';
import { type Structural, structural } from './structural.ts';

export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  /** Of the whole document; its `spec` is what the CRD says. */
  readonly document: z.ZodObject<{ spec: z.ZodType }>;
  readonly status: z.ZodType;
  readonly description: string;
  readonly columns: readonly Column[];
}

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** Above 0: shown with -o wide only. */
  readonly priority?: number;
}

const [group = '', version = ''] = apiVersion.split('/');

/** Names of documents are parts of NATS subjects, which takes more than Kubernetes asks of a name. */
function nameRule(): { rule: string; message: string } {
  const { pattern = '' } = structural(nameSchema);
  const message = 'metadata.name: must be 1 to 63 of a-z, 0-9 and -, with a letter or digit first and last';
  return { rule: `self.metadata.name.matches('${pattern}')`, message };
}

const conditionColumns: readonly Column[] = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    priority: 1,
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

export function definitionOf(kind: Kind): ICustomResourceDefinition {
  const root: Structural = {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    'x-kubernetes-validations': [nameRule()],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(kind.document.shape.spec),
      status: structural(kind.status),
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}`, labels: { 'app.kubernetes.io/part-of': 'causeway' } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [...kind.shortNames],
        categories: ['causeway'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [...kind.columns, ...conditionColumns],
          schema: { openAPIV3Schema: defined(root) },
        },
      ],
    },
  };
}

const jsonSchema = z.json();

/** Without the keywords that are undefined. */
function defined(schema: Structural) {
  return z.record(z.string(), jsonSchema).parse(JSON.parse(JSON.stringify(schema)));
}
