/**
 * A zod schema → the structural schema of a CRD: what the user writes, with defaults, patterns and CEL rules. Refuses
 * what a CRD cannot say, so that nothing of a document is lost without a word.
 */
import { z } from 'zod';

/** As much of JSONSchemaProps as the documents need. */
export interface Structural {
  type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  description?: string | undefined;
  format?: string | undefined;
  default?: unknown;
  enum?: (string | number)[] | undefined;
  pattern?: string | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  maxProperties?: number | undefined;
  required?: string[] | undefined;
  properties?: Record<string, Structural> | undefined;
  additionalProperties?: Structural | undefined;
  items?: Structural | undefined;
  'x-kubernetes-list-type'?: 'map' | undefined;
  'x-kubernetes-list-map-keys'?: string[] | undefined;
  'x-kubernetes-validations'?: { rule: string; message: string }[] | undefined;
}

const count = z.number().int().nonnegative().optional();

/** Unknown keywords are refused by name. */
const structuralSchema: z.ZodType<Structural> = z.lazy(() =>
  z.strictObject({
    type: z.enum(['object', 'array', 'string', 'integer', 'boolean']),
    description: z.string().optional(),
    format: z.string().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.union([z.string(), z.number()])).optional(),
    pattern: z.string().optional(),
    minLength: count,
    maxLength: count,
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minItems: count,
    maxItems: count,
    maxProperties: count,
    required: z.array(z.string()).optional(),
    properties: z.record(z.string(), structuralSchema).optional(),
    additionalProperties: structuralSchema.optional(),
    items: structuralSchema.optional(),
    'x-kubernetes-list-type': z.literal('map').optional(),
    'x-kubernetes-list-map-keys': z.array(z.string()).optional(),
    'x-kubernetes-validations': z.array(z.strictObject({ rule: z.string(), message: z.string() })).optional(),
  }),
);

/** Throws where the schema says what a CRD cannot. */
export function structural(schema: z.ZodType): Structural {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    reused: 'inline',
    override({ jsonSchema }) {
      // The API server prunes or refuses unknown fields by itself, and names of fields are CEL's to check.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      delete jsonSchema.propertyNames;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return structuralSchema.parse(json);
}
