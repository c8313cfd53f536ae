/** The ReplicationRule document: which versions of which bucket go where, and how. */
import { z } from 'zod';
import { celRules } from './cel.ts';
import { bucketSchema, nameSchema } from './names.ts';
import { duration } from './quantities.ts';
import { apiVersion } from './site.ts';

/** Two-way rules make a link for every ordered pair of sites: this bounds them to some thousand. */
export const mostTargets = 64;

const bucketAtSite = { site: nameSchema.describe('Name of a Site.'), bucket: bucketSchema };

/** Of S3 itself, for one object. */
const mostTags = 10;
const tooManyTags = `must be ${mostTags} at most: no object has more`;

const sourceSchema = z
  .strictObject({
    ...bucketAtSite,
    prefix: z.string().max(1024).default('').describe('Of the keys that are taken.'),
    exclude: z
      .array(z.string().min(1).max(1024))
      .max(256)
      .default([])
      .describe("Whole keys from their beginning: tmp/ is a prefix, *.tmp is matched to the key's end."),
    tags: z
      .record(z.string().min(1).max(128), z.string().max(256))
      .refine((tags) => Object.keys(tags).length <= mostTags, { error: tooManyTags })
      .meta({
        maxProperties: mostTags,
        ...celRules({
          rule: 'self.all(name, size(name) >= 1 && size(name) <= 128)',
          message: 'has a name that is empty or too long',
        }),
      })
      .default({})
      .describe('A version must carry all of them.'),
  })
  .meta({
    description: 'What is replicated.',
    ...celRules(
      {
        rule: "!has(self.exclude) || self.exclude.all(e, e.contains('*') || !self.prefix.startsWith(e))",
        message: 'excludes everything that the rule is about',
      },
      {
        rule: "!has(self.exclude) || self.exclude.all(e, e.split('*', 2)[0].startsWith(self.prefix) || self.prefix.startsWith(e.split('*', 2)[0]))",
        message:
          'excludes nothing: it is compared with whole keys, and the rule\u2019s begin with its prefix',
      },
    ),
  });

export const replicationRuleSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ReplicationRule'),
  metadata: z.strictObject({
    name: nameSchema,
    labels: z.record(z.string().min(1).max(63), z.string().max(63)).default({}),
  }),
  spec: z
    .strictObject({
      source: sourceSchema,
      targets: z
        .array(z.strictObject(bucketAtSite))
        .min(1, 'must name at least one target')
        .max(mostTargets)
        // A link's ID names sites: each is a target once.
        .meta({
          description: 'Where to.',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['site'],
        }),
      direction: z
        .enum(['one-way', 'two-way'])
        .default('one-way')
        .describe('two-way: every site named is source and target.'),
      deleteMarkers: z.boolean().default(true).describe('Whether delete markers are carried.'),
      versionPurges: z
        .boolean()
        .default(true)
        .describe('Whether permanent removals of versions are carried.'),
      metadataChanges: z
        .boolean()
        .default(true)
        .describe('Whether changes of tags, retention and legal hold are carried.'),
      existingObjects: z
        .boolean()
        .default(true)
        .describe('Whether what was there before the rule is carried.'),
      mode: z.enum(['full']).default('full').describe('What is sent of a version.'),
      priority: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(1)
        .describe('The higher wins where two rules write the same keys to one bucket.'),
      scan: z
        .strictObject({
          every: duration('500ms', '24h').prefault('1m').describe('How often a slice of the walk runs.'),
        })
        .prefault({}),
    })
    .meta(
      celRules(
        {
          rule: 'self.targets.all(t, t.site != self.source.site || t.bucket != self.source.bucket)',
          message: 'spec.targets: is the same bucket as spec.source',
        },
        {
          rule: "self.direction != 'two-way' || self.targets.all(t, t.site != self.source.site)",
          message:
            'spec.targets: two-way, no target is at the site of spec.source: write a rule of its own for it',
        },
      ),
    ),
});

export type ReplicationRule = z.infer<typeof replicationRuleSchema>;
