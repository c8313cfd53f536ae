/** Whether a site answers, is a MinIO, agrees with our clock, and takes our credentials. */
import { messageOf } from '../../functions/errors.ts';
import type { LoadedSite } from '../config/documents.ts';
import { fromHeader } from '../stores/text-encoding.ts';
import type { Answer, Wire } from '../stores/wire.ts';
import { textOf } from '../stores/xml.ts';
import type { Check, Report } from './check.ts';
import { checkClock } from './clock-skew.ts';

export interface Patient {
  readonly site: LoadedSite;
  readonly wire: Wire;
  readonly deadlineMs: number;
  readonly report: Report;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Reached {
  readonly checks: readonly Check[];
  /** Nothing else can be asked. */
  readonly isOver: boolean;
}

export async function reach(patient: Patient): Promise<Reached> {
  const { site, wire, deadlineMs, report, now } = patient;
  const { endpoint } = site.spec.s3;
  const health = (name: string) =>
    wire.send({ method: 'GET', bucket: 'minio', key: `health/${name}`, deadlineMs });
  const sent = now();
  let answer: Answer;
  try {
    answer = await health('live');
  } catch (error) {
    return { checks: [report.failed('reachable', words(error), adviceFor(error, endpoint))], isOver: true };
  }
  const received = now();
  const checks: Check[] = [];
  if (/HTTP request to an HTTPS server/i.test(answer.body.toString('latin1'))) {
    const fix = `in the Site document: s3: { endpoint: ${endpoint.replace('http:', 'https:')} }`;
    return { checks: [report.failed('reachable', `${endpoint} speaks https, not http`, fix)], isOver: true };
  }
  checks.push(report.ok('reachable', `${endpoint} answers in ${received - sent} ms`));
  const server = answer.headers.server ?? '';
  if (server !== 'MinIO' && answer.status !== 200) {
    const told = server === '' ? 'does not say what it is' : `says it is ${fromHeader(server)}`;
    const message = `no MinIO answers at ${endpoint}: it ${told}; this version of Causeway speaks to MinIO only`;
    checks.push(report.failed('dialect', message, 'name the S3 endpoint of a MinIO server, not its console'));
    return { checks, isOver: true };
  }
  checks.push(await dialect(patient, health));
  checks.push(checkClock(report, { date: answer.headers.date, sent, received }));
  const credentials = await checkCredentials(patient);
  checks.push(credentials);
  return { checks, isOver: credentials.status === 'failed' };
}

async function dialect({ report }: Patient, health: (name: string) => Promise<Answer>): Promise<Check> {
  const cluster = await health('cluster').catch(() => undefined);
  if (cluster?.status === 503) {
    return report.warning(
      'dialect',
      'MinIO; but it says it cannot write: too few of its drives are there',
      'mc admin info',
    );
  }
  return report.ok('dialect', 'MinIO');
}

/** Any signed request proves who we are; what we may do is asked later. */
async function checkCredentials({ site, wire, deadlineMs, report }: Patient): Promise<Check> {
  let answer: Answer;
  try {
    answer = await wire.send({ method: 'GET', deadlineMs });
  } catch (error) {
    return report.failed('credentials', words(error));
  }
  const code = answer.headers['x-minio-error-code'] ?? textOf(answer.body.toString('utf8'), 'Code') ?? '';
  // Denied, but known: S3 says so only to whom it has recognised.
  if (answer.status === 200 || code === 'AccessDenied') return report.ok('credentials', 'are accepted');
  const where = whereCredentialsAre(site);
  switch (code) {
    case 'InvalidAccessKeyId':
      return report.failed('credentials', 'the site does not know this access key', `correct ${where.id}`);
    case 'SignatureDoesNotMatch':
      return report.failed(
        'credentials',
        'the secret key is not that of this access key',
        `correct ${where.secret}`,
      );
    case 'RequestTimeTooSkewed':
      return report.failed('credentials', 'the site refuses our signature: the clocks differ too much');
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'InvalidTokenId':
      return report.failed('credentials', 'the session token is not valid any longer', `renew ${where.id}`);
    default:
      return report.failed(
        'credentials',
        `the site answers ${answer.status} ${fromHeader(code)}`.trim(),
        `check ${where.id}`,
      );
  }
}

function whereCredentialsAre({ spec }: LoadedSite): { id: string; secret: string } {
  const { credentials } = spec;
  switch (credentials.from) {
    case 'env': {
      const [id, secret] = [`${credentials.prefix}_ACCESS_KEY_ID`, `${credentials.prefix}_SECRET_ACCESS_KEY`];
      return {
        id: `the environment variables ${id} and ${secret}`,
        secret: `the environment variable ${secret}`,
      };
    }
    case 'file':
      return { id: credentials.file, secret: `aws_secret_access_key in ${credentials.file}` };
    case 'secret':
      return { id: `Secret ${credentials.secretName}`, secret: `Secret ${credentials.secretName}` };
  }
}

/** Without the beginning that every error of a store has: the line names the site. */
const words = (error: unknown): string =>
  messageOf(error).replace(/^site \S+ (?:does not answer|refuses|is busy): /, '');

const advice: readonly (readonly [RegExp, (endpoint: string) => string])[] = [
  [/ECONNREFUSED/, (endpoint) => `start the server, or correct s3.endpoint: nothing listens at ${endpoint}`],
  [/ENOTFOUND|EAI_AGAIN/, () => "correct the name in s3.endpoint, or this machine's DNS"],
  [
    /WRONG_VERSION_NUMBER|packet length/i,
    (endpoint) =>
      `it does not speak TLS: s3: { endpoint: ${endpoint.replace('https:', 'http:')} } may be meant`,
  ],
  [
    /certificate/i,
    () =>
      'name the authority that signed it in the Site document: tls: { caFile: ./ca.pem }, or correct the host name in s3.endpoint',
  ],
];

const adviceFor = (error: unknown, endpoint: string): string =>
  advice.find(([pattern]) => pattern.test(messageOf(error)))?.[1](endpoint) ??
  `see whether a firewall or a proxy is in the way: curl -i ${endpoint}/minio/health/live`;
