/**
 * One receiver, as a sender sees it: `causeway serve receive-stack` beside a target. A stack goes as a CloudEvent in
 * binary mode (CloudEvents HTTP binding 1.0, 3.1); what it wrote comes back as one in structured mode.
 */
import { hash, randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { handedOver } from '../../events/catalogue.ts';
import type { StackWritten } from '../../events/stack-events.ts';
import { messageOf } from '../../functions/errors.ts';
import { networkWords } from './errors.ts';
import { type Archive, archiveType } from './stack-archive.ts';

export interface ReceiverOptions {
  readonly url: string;
  readonly token: string;
  /** PEM; without it, the certificate authorities that Node trusts. */
  readonly ca?: string | undefined;
  readonly connectMs?: number | undefined;
}

/** It cannot be used for now, or not at all: the message says why. Another, or another way, can be tried at once. */
export class ReceiverError extends Error {
  override readonly name = 'ReceiverError';
}

export interface Receiver {
  readonly url: string;
  /** `place`: site/bucket. Throws ReceiverError. A repeat is harmless. */
  send(place: string, archive: Archive, deadlineMs: number): Promise<StackWritten>;
  /** Where it may write, as site/bucket. Throws ReceiverError. */
  places(deadlineMs: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

const mostAnswer = 16 * 1024 * 1024;
const mostWords = 300;
/** Enough to ask one that did not answer a stack what is the matter. */
const askMs = 3_000;
const connections = 8;

const sent = 'dev.causeway.stack.sent.v1';
const written = 'dev.causeway.stack.written.v1';
const answerSchema = z.object({ type: z.literal(written), data: handedOver[written].schema });
const placesSchema = z.object({ places: z.array(z.string()).max(10_000) });

interface Answer {
  readonly status: number;
  readonly text: string;
}

export function openReceiver({ url, token, ca, connectMs = 3_000 }: ReceiverOptions): Receiver {
  const agent = new Agent({
    connections,
    keepAliveTimeout: 15_000,
    headersTimeout: 0,
    bodyTimeout: 30_000,
    connect: { timeout: connectMs, ...(ca !== undefined && { ca }) },
  });

  async function ask(
    given: { method: 'GET' | 'POST'; headers?: Record<string, string>; body?: Buffer },
    deadlineMs: number,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(deadlineMs);
    const headers = { ...given.headers, authorization: `Bearer ${token}` };
    try {
      const { statusCode, body } = await request(url, { ...given, headers, signal, dispatcher: agent });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of body) {
        size += chunk.length;
        if (size > mostAnswer) throw new Error(`its answer is longer than ${mostAnswer} bytes`);
        chunks.push(chunk);
      }
      return { status: statusCode, text: Buffer.concat(chunks).toString('utf8') };
    } catch (error) {
      if (signal.aborted) throw new ReceiverError(`no answer within ${deadlineMs} ms`, { cause: error });
      const words = error instanceof Error ? networkWords(error) : messageOf(error);
      throw new ReceiverError(words, { cause: error });
    }
  }

  async function places(deadlineMs: number): Promise<readonly string[]> {
    return read(placesSchema, await ask({ method: 'GET' }, deadlineMs)).places;
  }

  return {
    url,
    places,
    async send(place, { body, bytes }, deadlineMs) {
      const headers = {
        'ce-specversion': '1.0',
        'ce-type': sent,
        'ce-id': randomUUID(),
        'ce-source': 'causeway:stacks',
        'ce-subject': place,
        'ce-time': new Date().toISOString(),
        'ce-causewaybytes': String(bytes),
        'content-type': archiveType,
        'content-length': String(body.length),
        // RFC 9530.
        'content-digest': `sha-256=:${hash('sha256', body, 'base64')}:`,
      };
      let answer: Answer;
      try {
        answer = await ask({ method: 'POST', headers, body }, deadlineMs);
      } catch (error) {
        // Whoever refuses a stack unread may cut the connection before the answer is read.
        await places(askMs);
        throw error;
      }
      return read(answerSchema, answer).data;
    },
    close: () => agent.close(),
  };
}

function read<Schema extends z.ZodType>(schema: Schema, { status, text }: Answer): z.infer<Schema> {
  const words = text.trim().slice(0, mostWords);
  if (status === 401) throw new ReceiverError(`it refuses the token: ${words}`);
  if (status !== 200) throw new ReceiverError(`it answers ${status}: ${words}`);
  const answered = schema.safeParse(parsed(text));
  if (!answered.success) throw new ReceiverError('what it answers is no receiver’s answer');
  return answered.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
