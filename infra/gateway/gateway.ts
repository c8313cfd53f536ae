/**
 * What a running deployment serves: /metrics for Prometheus, /health/*, /webhook/<site> for MinIO servers that notify
 * over HTTP, and what its host takes beside. A notification is answered 2xx only after the stream has its events, or the
 * dead letter it became.
 */
import type { Registry } from 'prom-client';
import { messageOf } from '../../functions/errors.ts';
import type { Secret } from '../config/secret.ts';
import { type HttpAnswer, type HttpRequest, type HttpServer, serveHttp } from '../host/http-server.ts';
import { sendAgain } from '../host/http-settle.ts';
import { type Intake, takeNotification } from '../host/intake.ts';
import { isSameSecret } from '../host/same-secret.ts';
import { standingAnswer } from '../host/standing.ts';

export interface Webhook {
  /** Without a token no webhook is taken. */
  readonly token: Secret | undefined;
  readonly sites: ReadonlySet<string>;
  /** Undefined while another process takes notifications. */
  readonly intake: Intake | undefined;
}

export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Brings gauges up to date before they are read. */
  refresh(): Promise<void>;
  notReady(): string | undefined;
  /** Takes what a Broker could not deliver, at /undelivered. */
  undelivered?(request: HttpRequest): Promise<HttpAnswer>;
  /** Takes what an ApiServerSource tells of volume snapshots, at /snapshots. */
  snapshots?(request: HttpRequest): Promise<HttpAnswer>;
  readonly webhook: Webhook;
}

const mostBytes = 1024 * 1024;

export const startGateway = (options: GatewayOptions): Promise<HttpServer> =>
  serveHttp({ host: options.host, port: options.port, mostBytes }, (request) => answer(options, request));

async function answer(options: GatewayOptions, request: HttpRequest): Promise<HttpAnswer> {
  const { path } = request;
  const { registry } = options;
  const standing = await standingAnswer(path, {
    notReady: () => options.notReady(),
    async metrics() {
      await options.refresh();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  });
  if (standing) return standing;
  if (path === '/undelivered' && request.method === 'POST' && options.undelivered) {
    return options.undelivered(request);
  }
  if (path === '/snapshots' && options.snapshots) {
    const reason = options.notReady();
    return reason ? sendAgain(1000, reason) : options.snapshots(request);
  }
  const site = /^\/webhook\/([a-z0-9-]+)$/.exec(path)?.[1];
  if (site !== undefined) return webhook(options, site, request);
  return {
    status: 404,
    body: 'there are /metrics, /health/liveness, /health/readiness and /webhook/<site>\n',
  };
}

async function webhook(
  { webhook: { token, sites, intake } }: GatewayOptions,
  site: string,
  request: HttpRequest,
): Promise<HttpAnswer> {
  if (!token) return { status: 403, body: 'set CAUSEWAY_WEBHOOK_TOKEN to take notifications here\n' };
  if (!isSameSecret(request.headers.authorization ?? '', `Bearer ${token.reveal()}`)) {
    return { status: 401, body: 'the token is not the one in CAUSEWAY_WEBHOOK_TOKEN\n' };
  }
  const later = { status: 503, headers: { 'retry-after': '1' } };
  if (!intake) return { ...later, body: 'another process takes notifications now\n' };
  if (!sites.has(site)) return { status: 404, body: `there is no site ${site}\n` };
  // Whoever sets up a target may look first whether it is there.
  if (request.method === 'HEAD' || request.method === 'GET') return { status: 200 };
  if (request.method !== 'POST') {
    return { status: 405, headers: { allow: 'GET, HEAD, POST' }, body: 'POST a notification\n' };
  }
  const body = await request.body();
  if (!body) return { status: 413, body: `a notification has ${mostBytes} bytes at most\n` };
  if (body.length === 0) return { status: 200 };
  try {
    const reason = await takeNotification(site, body, intake);
    return reason ? { status: 202, body: `kept as a dead letter: ${reason}\n` } : { status: 200 };
  } catch (error) {
    return { ...later, body: `${messageOf(error)}\n` };
  }
}
