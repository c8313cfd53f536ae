/** What is said of a document where it is a custom resource: conditions in the Kubernetes manner, and of which version. */
import { z } from 'zod';

const conditionSchema = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  /** One word for programs. */
  reason: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32_768),
  lastTransitionTime: z.string().meta({ format: 'date-time' }),
  observedGeneration: z.int().nonnegative().optional(),
});

const conditionsSchema = z
  .array(conditionSchema)
  .meta({
    description: 'Ready, Progressing and Degraded, with reasons.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  })
  .optional();

const observedGeneration = z
  .int()
  .nonnegative()
  .optional()
  .describe('The generation of the resource that the rest of the status speaks of.');

export const siteStatusSchema = z.object({
  observedGeneration,
  conditions: conditionsSchema,
  dialect: z.string().max(64).optional().describe('How the store is spoken to.'),
});

export const replicationRuleStatusSchema = z.object({
  observedGeneration,
  conditions: conditionsSchema,
  links: z
    .array(
      z.object({
        name: z.string().max(200).describe('rule_source_target'),
        state: z.enum(['healthy', 'paused', 'broken']),
        backlog: z.int().nonnegative().optional(),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Each pair of a source and a target site.'),
  backlog: z.int().nonnegative().optional().describe('Events of all links that wait to be handled.'),
});
