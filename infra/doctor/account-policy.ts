/**
 * What MinIO says our own account may do: the policy that `accountinfo` gives to anybody about himself. Used for what
 * no harmless request can find out; conditions are taken as fulfilled, and a service account's own policy is not in it.
 */
import { z } from 'zod';
import type { Wire } from '../stores/wire.ts';

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? [given] : given));

const statementSchema = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Condition: z.unknown().optional(),
});
const accountSchema = z.object({ Policy: z.object({ Statement: z.array(statementSchema) }) });

type Statement = z.infer<typeof statementSchema>;

export interface AccountPolicy {
  /** `resource`: bucket, or bucket/key. */
  allows(action: string, resource: string): boolean;
}

/** Undefined where the site does not say. */
export async function accountPolicy(wire: Wire, deadlineMs: number): Promise<AccountPolicy | undefined> {
  try {
    const answer = await wire.send({
      method: 'GET',
      bucket: 'minio',
      key: 'admin/v3/accountinfo',
      deadlineMs,
    });
    return policyOf(JSON.parse(answer.body.toString('utf8')));
  } catch {
    return undefined;
  }
}

export function policyOf(account: unknown): AccountPolicy | undefined {
  const parsed = accountSchema.safeParse(account);
  if (!parsed.success) return undefined;
  const { Statement: statements } = parsed.data.Policy;
  return {
    allows(action, resource) {
      const about = statements.filter((statement) => isAbout(statement, action, resource));
      const isDenied = about.some(({ Effect, Condition }) => Effect === 'Deny' && isEmpty(Condition));
      return !isDenied && about.some(({ Effect }) => Effect === 'Allow');
    },
  };
}

const isEmpty = (condition: unknown): boolean =>
  condition === undefined || (typeof condition === 'object' && Object.keys(condition ?? {}).length === 0);

function isAbout(statement: Statement, action: string, resource: string): boolean {
  const { Action, NotAction, Resource, NotResource } = statement;
  const arn = `arn:aws:s3:::${resource}`;
  const takes = (patterns: readonly string[] | undefined, text: string): boolean =>
    patterns?.some((pattern) => isLike(pattern, text)) === true;
  const actionFits = Action ? takes(Action, action) : NotAction !== undefined && !takes(NotAction, action);
  const resourceFits = Resource ? takes(Resource, arn) : !takes(NotResource, arn);
  return actionFits && resourceFits;
}

/** `*` is any text, `?` any character. */
function isLike(pattern: string, text: string): boolean {
  const source = pattern
    .split('')
    .map((character) => {
      if (character === '*') return '.*';
      return character === '?' ? '.' : character.replace(/[\\^$.|+()[\]{}]/, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`, 's').test(text);
}
