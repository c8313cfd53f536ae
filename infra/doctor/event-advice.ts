/** The exact settings that make a MinIO server announce its changes to Causeway; secrets are named, never shown. */
import { rawSubject } from '../../events/subjects.ts';
import type { NatsServers } from '../config/nats-url.ts';
import { announcingRights, notificationEnvironment } from '../sites/notification-environment.ts';

/** Where `up` has its own NATS and gateway, if nothing else is said. */
const usualNats = '127.0.0.1:4333';
const usualGateway = 'http://ADDRESS-OF-CAUSEWAY:8080';
const queueDir = '/var/lib/minio-events';

export interface EventPlan {
  readonly site: string;
  readonly endpoint: string;
  readonly via: 'nats' | 'webhook';
  readonly nats: NatsServers | undefined;
  /** Of an embedded NATS: the file that holds its user and password. */
  readonly stateFile: string | undefined;
}

/** Lines for a shell or an environment file. */
export function environmentLines(plan: EventPlan): string[] {
  const settings = plan.via === 'nats' ? natsSettings(plan) : webhookSettings(plan);
  return Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
}

function natsSettings({ site, nats, stateFile }: EventPlan): Record<string, string> {
  const login = nats?.login;
  const where = stateFile === undefined ? '' : `, from ${stateFile}`;
  const started = nats ? '' : ' once causeway up runs';
  const isToken = login !== undefined && 'token' in login;
  const target = {
    address: nats?.servers[0] ?? usualNats,
    subject: rawSubject(site),
    queueDir,
    ...(login && 'user' in login && { user: login.user, password: `THE-PASSWORD${where}` }),
    ...(!nats && { user: `THE-USER${where}${started}`, password: `THE-PASSWORD${where}${started}` }),
  };
  const more = ['CAUSEWAY', 'CAUSEWAYSAFE'].flatMap((id): [string, string][] => [
    ...(isToken ? ([[`MINIO_NOTIFY_NATS_TOKEN_${id}`, 'THE-TOKEN']] as [string, string][]) : []),
    ...(nats?.tls ? ([[`MINIO_NOTIFY_NATS_TLS_${id}`, 'on']] as [string, string][]) : []),
  ]);
  return { ...notificationEnvironment({ nats: target }), ...Object.fromEntries(more) };
}

const webhookSettings = ({ site }: EventPlan): Record<string, string> =>
  notificationEnvironment({
    webhook: {
      endpoint: `${usualGateway}/webhook/${site}`,
      authToken: 'Bearer THE-VALUE-OF-CAUSEWAY_WEBHOOK_TOKEN',
      queueDir,
    },
  });

/** All that is to be done for a bucket to announce its changes to these targets. */
export function eventAdvice(plan: EventPlan, bucket: string, arns: readonly string[]): string {
  const address = plan.nats?.servers[0] ?? usualNats;
  const { publish, subscribe } = announcingRights(plan.site);
  const isFar = plan.via === 'nats' && isLoopback(address) && !isLoopback(new URL(plan.endpoint).host);
  return [
    ...(isFar
      ? [`${plan.site} cannot reach ${address}: name a NATS that both reach with --nats, for causeway up too`]
      : []),
    `set these for the MinIO server of ${plan.site} and restart it, unless it has them:`,
    ...environmentLines(plan),
    ...(plan.via === 'nats' && plan.stateFile === undefined
      ? [`(enough is a NATS user that may publish ${publish} and subscribe ${subscribe})`]
      : []),
    'then:',
    ...arns.map((arn) => `mc event add ${plan.site}/${bucket} ${arn} --event put,delete`),
  ].join('\n');
}

const isLoopback = (host: string): boolean => /^(?:127\.|localhost(?::|$)|\[?::1\]?)/.test(host);
