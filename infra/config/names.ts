/** Names in documents: of sites and rules, and of buckets. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { celRules } from './cel.ts';

/**
 * A DNS label: a link's ID is rule_source_target, which is a token of NATS subjects too, so that a name must hold
 * neither underscore nor dot.
 */
export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be 1 to 63 of a-z, 0-9 and -, with a letter or digit first and last',
  )
  .meta({ maxLength: 63 });

const wrongDot = 'is no bucket name: a dot stands between letters or digits';
const looksLikeAddress = 'is no bucket name: it looks like an IP address';

/** What every S3 store takes as the name of a bucket. */
export const bucketSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'is no bucket name: 3 to 63 of a-z, 0-9, - and ., with a letter or digit first and last',
  )
  .refine((name) => !name.includes('..') && !name.includes('.-') && !name.includes('-.'), { error: wrongDot })
  .refine((name) => !isIPv4(name), { error: looksLikeAddress })
  .meta({
    maxLength: 63,
    ...celRules(
      { rule: "!self.contains('..') && !self.contains('.-') && !self.contains('-.')", message: wrongDot },
      { rule: '!isIP(self)', message: looksLikeAddress },
    ),
  });
