/** Which documents an object concerns: a namespace may have many of both. */
import { z } from 'zod';
import { label } from './names.ts';

export interface Changed {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of a snapshot: what it is of. */
  readonly claim?: string | undefined;
}

/** As much of a document as it takes; one that is not to be read has to be looked at. */
const specSchema = z.object({
  source: z.object({ claim: z.string().optional() }),
  destination: z.object({ claim: z.string().optional() }),
});

export function concerns(
  { name, labels, claim }: Changed,
  document: { readonly name: string; readonly spec: unknown },
): boolean {
  if (labels?.[label.replication] === document.name) return true;
  const { data } = specSchema.safeParse(document.spec);
  // A selector may find it, or have found it before.
  if (data?.source.claim === undefined) return true;
  const own = [data.source.claim, data.destination.claim];
  return own.includes(name) || (claim !== undefined && own.includes(claim));
}
