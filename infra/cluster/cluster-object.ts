/** What every object in a cluster has, as far as a controller reads it. */
import { z } from 'zod';

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.number().default(0),
  creationTimestamp: z.string().default(''),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).default([]),
});

const objectSchema = z.object({
  apiVersion: z.string().default(''),
  kind: z.string().default(''),
  metadata: metadataSchema,
  spec: z.unknown().optional(),
  status: z.record(z.string(), z.unknown()).default({}),
});

/** A custom resource; its spec and status are as they came. */
export type ClusterObject = z.infer<typeof objectSchema>;

/** Undefined for what is no object. */
export const readObject = (value: unknown): ClusterObject | undefined => objectSchema.safeParse(value).data;

export interface Named {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** `namespace/name`, which no two objects of one kind share. */
export const keyOf = ({ metadata }: Named): string => `${metadata.namespace}/${metadata.name}`;
