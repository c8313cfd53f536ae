/** What the API server refuses is told as it says it: quotas, policies and missing rights name themselves. */
import { z } from 'zod';
import { messageOf } from '../../../functions/errors.ts';
import { codeOf } from '../resource.ts';
import type { Missing } from './observed.ts';

/** Undefined for what may help itself: the API server could not be asked, or has too much to do. */
export function refusalOf(what: string, error: unknown): (Missing & { readonly code: number }) | undefined {
  const code = codeOf(error);
  if (code === undefined || code >= 500 || code === 429) return undefined;
  const message = `${what}: ${wordsOf(error)}`;
  return { code, reason: code === 403 || code === 401 ? 'Forbidden' : 'Refused', message };
}

const bodySchema = z.object({ body: z.union([z.string(), z.object({ message: z.string() })]) });

function wordsOf(error: unknown): string {
  const { data } = bodySchema.safeParse(error);
  if (!data) return messageOf(error);
  if (typeof data.body !== 'string') return data.body.message;
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(data.body)).message;
  } catch {
    return data.body.slice(0, 500);
  }
}
