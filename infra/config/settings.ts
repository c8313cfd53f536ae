/** Settings of the process: every environment variable that Causeway itself reads, what it means, its default. */
import { z } from 'zod';
import type { Deadlines } from '../../functions/ports.ts';
import { leastCopyBytes, usualStackBytes } from '../stores/store-options.ts';
import type { Environment } from './env.ts';
import { nameSchema } from './names.ts';
import { type NatsServers, parseNatsUrl } from './nats-url.ts';
import { duration, size } from './quantities.ts';
import { Secret } from './secret.ts';

export interface Settings {
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Undefined: an embedded server is started. */
  readonly nats: NatsServers | undefined;
  /** Files of documents, where a command is given none. */
  readonly documents: readonly string[];
  /** Servers of a NATS cluster that keep each stream. */
  readonly natsReplicas: number;
  /** Events that one link works on at a time. */
  readonly concurrency: number;
  readonly deadlines: Deadlines;
  /** How long the HTTP host works on one large version before it leaves the rest to another request: milliseconds. */
  readonly sliceMs: number;
  /** Content of small versions that goes in one request. */
  readonly stackBytes: number;
  /** How long a small version may wait for others to go in one request with it: milliseconds. */
  readonly gatherMs: number;
  /** Content from this size on is copied at a target that has it already. */
  readonly copyBytes: number;
  /** What MinIO servers that notify over HTTP must say; without it none is listened to. */
  readonly webhookToken: Secret | undefined;
  /** The site that the Kubernetes cluster stands beside, where there is one. */
  readonly site: string | undefined;
  /** What the Jobs run that move volumes; undefined: the image of the controller's own pod. */
  readonly moverImage: string | undefined;
  /** How long a leader that says nothing is left alone, in milliseconds. */
  readonly leaseMs: number;
  /** What whoever sends a stack to this receiver must say. */
  readonly receiverToken: Secret | undefined;
  /** Where this receiver may write: site/bucket. */
  readonly receives: readonly string[];
  /** Of the HTTP host. */
  readonly port: number;
  /** Where a function's events go under a Knative Broker. */
  readonly sink: string | undefined;
  /** Name of the Knative Service that this process is. */
  readonly service: string | undefined;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const wholeNumber = (from: number, to: number): z.ZodType<number> => {
  const wanted = `must be a whole number from ${from} to ${to}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, wanted)
    .transform(Number)
    .refine((value) => value >= from && value <= to, wanted);
};

const natsUrl = z.string().transform((text, context) => {
  const servers = parseNatsUrl(text);
  if (servers) return servers;
  // The text may hold a password: it is not repeated.
  context.addIssue({ code: 'custom', message: 'must be a URL such as nats://127.0.0.1:4222' });
  return z.NEVER;
});

const token = z
  .string()
  .min(16, 'must have 16 characters or more')
  .transform((text) => new Secret(text));

const places = z
  .string()
  .regex(/^[^/,]+\/[^/,]+(,[^/,]+\/[^/,]+)*$/, 'must be SITE/BUCKET, with commas between several')
  .transform((text) => text.split(',').map((place) => place.trim()));

const schema = z.object({
  CAUSEWAY_LOG: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  CAUSEWAY_NATS_URL: natsUrl.optional(),
  CAUSEWAY_DOCUMENTS: z.string().default('causeway.yaml'),
  CAUSEWAY_NATS_REPLICAS: z.enum(['1', '3', '5'], 'must be 1, 3 or 5').default('1').transform(Number),
  CAUSEWAY_CONCURRENCY: wholeNumber(1, 1024).default(64),
  CAUSEWAY_REQUEST_DEADLINE: duration('100ms', '10m').default(10_000),
  CAUSEWAY_PUT_DEADLINE: duration('100ms', '24h').default(60_000),
  CAUSEWAY_SLICE: duration('100ms', '24h').default(240_000),
  CAUSEWAY_STACK_SIZE: size('64KiB', '32MiB').default(usualStackBytes),
  CAUSEWAY_STACK_WAIT: duration('0s', '30s').default(0),
  CAUSEWAY_SITE: nameSchema.optional(),
  CAUSEWAY_MOVER_IMAGE: z.string().optional(),
  CAUSEWAY_LEASE: duration('1s', '5m').default(15_000),
  CAUSEWAY_WEBHOOK_TOKEN: token.optional(),
  CAUSEWAY_RECEIVER_TOKEN: token.optional(),
  CAUSEWAY_RECEIVES: places.default([]),
  CAUSEWAY_COPY_SIZE: size('64KiB', '1TiB').default(leastCopyBytes),
  PORT: wholeNumber(0, 65_535).default(8080),
  K_SINK: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  K_SERVICE: z.string().optional(),
});

/** The message has a line for each variable that is wrong. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Throws SettingsError. A variable that is set to nothing counts as not set. */
export function readSettings(environment: Environment): Settings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      ({ path, message }) => `environment variable ${path.join('.')} ${message}`,
    );
    throw new SettingsError(lines.join('\n'));
  }
  const { data } = parsed;
  return {
    logLevel: data.CAUSEWAY_LOG,
    nats: data.CAUSEWAY_NATS_URL,
    documents: data.CAUSEWAY_DOCUMENTS.split(',').map((file) => file.trim()),
    natsReplicas: data.CAUSEWAY_NATS_REPLICAS,
    concurrency: data.CAUSEWAY_CONCURRENCY,
    deadlines: { requestMs: data.CAUSEWAY_REQUEST_DEADLINE, putMs: data.CAUSEWAY_PUT_DEADLINE },
    sliceMs: data.CAUSEWAY_SLICE,
    stackBytes: data.CAUSEWAY_STACK_SIZE,
    gatherMs: data.CAUSEWAY_STACK_WAIT,
    copyBytes: data.CAUSEWAY_COPY_SIZE,
    webhookToken: data.CAUSEWAY_WEBHOOK_TOKEN,
    site: data.CAUSEWAY_SITE,
    moverImage: data.CAUSEWAY_MOVER_IMAGE,
    leaseMs: data.CAUSEWAY_LEASE,
    receiverToken: data.CAUSEWAY_RECEIVER_TOKEN,
    receives: data.CAUSEWAY_RECEIVES,
    port: data.PORT,
    sink: data.K_SINK,
    service: data.K_SERVICE,
  };
}
