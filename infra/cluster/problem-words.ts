/** What went wrong with a request to the API server, in the words of somebody who can do something about it. */
import { messageOf } from '../../functions/errors.ts';
import { codeOf } from './resource.ts';

export interface Advice {
  readonly install?: string | undefined;
  readonly verbs?: string | undefined;
}

/** `name` of the resource, such as sites.causeway.dev; what to do about it where that is not what it is for our own. */
export function problemOf(
  error: unknown,
  name: string,
  { install = 'install the CRDs of Causeway', verbs = 'get, list and watch' }: Advice = {},
): string {
  const code = codeOf(error);
  if (code === 401) return "the API server does not accept the account's token";
  if (code === 403) return `the API server refuses it: the account needs ${verbs} on ${name}`;
  if (code === 404) return `the cluster does not know ${name}: ${install}`;
  if (code !== undefined) return `the API server answers ${code}`;
  const { cause } = error instanceof Error ? error : { cause: undefined };
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${messageOf(cause)}`;
}
