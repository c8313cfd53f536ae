/** What a site's document only names: its keys and its certificate authority, read from where they are. */
import { X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import {
  type Credentials,
  credentialsFromEnvironment,
  credentialsFromFile,
  type FoundCredentials,
} from './credentials.ts';
import type { Environment } from './env.ts';
import type { Finding } from './problems.ts';
import { type FoundToken, type ReceiverAccess, readReceivers } from './receivers.ts';
import type { SiteAccessFields } from './site.ts';
import { readText } from './text-file.ts';

export interface SiteAccess {
  readonly credentials: Credentials;
  /** PEM; undefined where the system's authorities do. */
  readonly ca: string | undefined;
  readonly receivers: readonly ReceiverAccess[];
}

const mostBytes = 1024 * 1024;

/** Relative paths start at the document's own folder. */
const beside = (document: string, file: string): string => resolve(dirname(document), file);

/** Of the Kubernetes Secret with this name. */
export interface SecretLookUp {
  credentials(name: string): FoundCredentials;
  token(name: string): FoundToken;
}

const unreadable = { problem: 'a Kubernetes Secret can be read only on Kubernetes: name env or file here' };
const noSecrets: SecretLookUp = { credentials: () => unreadable, token: () => unreadable };

export async function readSiteAccess(
  { spec }: SiteAccessFields,
  document: string,
  environment: Environment,
  secrets = noSecrets,
): Promise<SiteAccess | { readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const found = await findCredentials(spec.credentials, document, environment, secrets);
  if ('problem' in found) {
    const { from } = spec.credentials;
    findings.push({
      path: ['spec', 'credentials', from === 'secret' ? 'secretName' : from],
      message: found.problem,
    });
  }
  const ca = spec.tls && (await readAuthority(beside(document, spec.tls.caFile), spec.s3.endpoint));
  if (ca && 'problem' in ca) findings.push({ path: ['spec', 'tls', 'caFile'], message: ca.problem });
  const told = await readReceivers(spec.receivers, {
    beside: (file) => beside(document, file),
    environment,
    secretOf: secrets.token,
  });
  findings.push(...told.findings);
  if (findings.length > 0 || 'problem' in found || (ca && 'problem' in ca)) return { findings };
  return { credentials: found.credentials, ca: ca?.text, receivers: told.receivers };
}

async function findCredentials(
  wanted: SiteAccessFields['spec']['credentials'],
  document: string,
  environment: Environment,
  secrets: SecretLookUp,
): Promise<FoundCredentials> {
  switch (wanted.from) {
    case 'env':
      return credentialsFromEnvironment(wanted.prefix, environment);
    case 'file': {
      const file = beside(document, wanted.file);
      const read = await readText(file, mostBytes);
      const found = 'text' in read ? credentialsFromFile(read.text) : read;
      return 'problem' in found ? { problem: `${file} ${found.problem}` } : found;
    }
    case 'secret':
      return secrets.credentials(wanted.secretName);
  }
}

async function readAuthority(
  file: string,
  endpoint: string,
): Promise<{ text: string } | { problem: string }> {
  if (endpoint.startsWith('http:')) return { problem: 'has no effect: spec.s3.endpoint is http, not https' };
  const read = await readText(file, mostBytes);
  if ('problem' in read) return { problem: `${file} ${read.problem}` };
  const certificates = read.text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const valid = certificates.length > 0 && certificates.every(isCertificate);
  return valid ? read : { problem: `${file} holds no certificate in PEM form` };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}
