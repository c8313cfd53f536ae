/** What zod found wrong with a document, in the words of someone who wrote YAML. */
import { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import { refusedField, refusedValue } from './not-in-this-version.ts';
import { type Finding, fieldName, type Path } from './problems.ts';

const kindsOfValue: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function whatIs(input: unknown): string {
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'boolean') return String(input);
  return typeof input === 'object' ? 'a mapping' : (kindsOfValue[typeof input] ?? typeof input);
}

/** Messages for what the schemas say nothing special about. Values are not repeated: a secret may be among them. */
function message(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      if (issue.input === undefined) return 'is missing';
      if (issue.expected === 'int' && typeof issue.input === 'number') return 'must be a whole number';
      const wanted = kindsOfValue[issue.expected] ?? issue.expected;
      const quote =
        issue.expected === 'string' && typeof issue.input !== 'object' ? ' (put it in quotes)' : '';
      return `must be ${wanted}, not ${whatIs(issue.input)}${quote}`;
    }
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : `must be ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be at most ${issue.maximum}`
        : `must have at most ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
    case 'invalid_key':
      return 'has a name that is empty or too long';
    default:
      return undefined;
  }
}

export type Checked<Value> = { readonly value: Value } | { readonly findings: readonly Finding[] };

/** Parses a document's value; all that is wrong is found at once. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  kind: string,
  value: unknown,
): Checked<z.infer<Schema>> {
  const parsed = schema.safeParse(value, { error: message, reportInput: true });
  if (parsed.success) return { value: parsed.data };
  return { findings: parsed.error.issues.flatMap((issue) => findingsOf(schema, kind, issue)) };
}

function findingsOf(schema: z.core.$ZodType, kind: string, issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField(schema, kind, path, key));
  }
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    const refused = refusedValue(kind, fieldName(path), issue.input);
    if (refused !== undefined) return [{ path, message: refused }];
    return [{ path, message: issue.message, hint: didYouMean(issue.input, issue.values.map(String)) }];
  }
  return [{ path, message: issue.message }];
}

function unknownField(schema: z.core.$ZodType, kind: string, parent: Path, key: string): Finding {
  const path = [...parent, key];
  const refused = refusedField(kind, fieldName(path));
  if (refused !== undefined) return { path, message: refused, atName: true };
  const known = [...fieldsAt(schema, parent)];
  const hint = didYouMean(key, known) ?? `known here: ${known.join(', ')}`;
  return { path, message: 'unknown field', hint, atName: true };
}

/** Names of the fields that the schema has at a path. */
function fieldsAt(schema: z.core.$ZodType, path: Path): Set<string> {
  const inner = unwrapped(schema);
  const [step, ...rest] = path;
  if (inner instanceof z.ZodArray && step !== undefined) return fieldsAt(inner.element, rest);
  if (!(inner instanceof z.ZodObject)) return new Set();
  const shape: Readonly<Record<string, z.core.$ZodType>> = inner.shape;
  if (step === undefined) return new Set(Object.keys(shape));
  const field = shape[String(step)];
  return field ? fieldsAt(field, rest) : new Set();
}

/** Beneath defaults and transforms, the schema of what the user writes. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe)
    return unwrapped(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  return schema;
}
