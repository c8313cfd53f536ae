/** Where a site's keys come from: environment variables, or a file as the AWS tools write it. */
import { didYouMean } from './did-you-mean.ts';
import type { Environment } from './env.ts';
import { Secret } from './secret.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | undefined;
}

export type FoundCredentials = { readonly credentials: Credentials } | { readonly problem: string };

function credentials(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | undefined,
): FoundCredentials {
  return {
    credentials: {
      accessKeyId,
      secretAccessKey: new Secret(secretAccessKey),
      sessionToken: sessionToken ? new Secret(sessionToken) : undefined,
    },
  };
}

/** PREFIX_ACCESS_KEY_ID, PREFIX_SECRET_ACCESS_KEY and, for temporary ones, PREFIX_SESSION_TOKEN. */
export function credentialsFromEnvironment(prefix: string, environment: Environment): FoundCredentials {
  const [id, secret] = [`${prefix}_ACCESS_KEY_ID`, `${prefix}_SECRET_ACCESS_KEY`];
  const [accessKeyId, secretAccessKey] = [environment[id], environment[secret]];
  if (accessKeyId && secretAccessKey) {
    return credentials(accessKeyId, secretAccessKey, environment[`${prefix}_SESSION_TOKEN`]);
  }
  const unset = [accessKeyId ? [] : [id], secretAccessKey ? [] : [secret]].flat();
  const verb = unset.length === 1 ? 'is' : 'are';
  return { problem: `${unset.join(' and ')} ${verb} not set in the environment` };
}

/** As a Site document says of `secretName`: `fields` are those of the Secret, decoded. */
export function credentialsFromSecret(fields: ReadonlyMap<string, string>): FoundCredentials {
  const [id, secret] = [fields.get('accessKeyId'), fields.get('secretAccessKey')];
  if (id && secret) return credentials(id, secret, fields.get('sessionToken'));
  const missing = [id ? [] : ['accessKeyId'], secret ? [] : ['secretAccessKey']].flat();
  return { problem: `does not hold ${missing.join(' and ')}` };
}

const settings = ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'];

/**
 * `name = value` lines under `[default]`, under the only section there is, or under none; `#` and `;` begin
 * comments. Other settings are let be: the AWS tools keep more there.
 */
export function credentialsFromFile(text: string): FoundCredentials {
  const sections = new Map<string, Map<string, string>>();
  let section = '';
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || /^[#;]/.test(line)) continue;
    const header = /^\[(.*)\]$/.exec(line)?.[1]?.trim();
    if (header !== undefined) {
      section = header;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1) return { problem: `line ${index + 1} is not name = value` };
    const entries = sections.get(section) ?? new Map<string, string>();
    entries.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim());
    sections.set(section, entries);
  }
  const [only] = sections.values();
  const chosen =
    sections.get('default') ?? (sections.size > 1 ? undefined : (only ?? new Map<string, string>()));
  if (!chosen) return { problem: 'has several sections and no [default]' };
  const [id, secret, token] = settings.map((name) => chosen.get(name));
  if (id && secret) return credentials(id, secret, token);
  return { problem: `does not set ${missingSettings(chosen)}` };
}

function missingSettings(chosen: ReadonlyMap<string, string>): string {
  const missing = settings.slice(0, 2).filter((name) => !chosen.get(name));
  const hint = missing.map((name) => didYouMeanName(name, chosen)).find((found) => found !== undefined);
  return hint === undefined ? missing.join(' and ') : `${missing.join(' and ')} (it sets ${hint})`;
}

/** The name in the file that is nearly the wanted one. */
function didYouMeanName(wanted: string, chosen: ReadonlyMap<string, string>): string | undefined {
  return [...chosen.keys()].find(
    (name) => didYouMean(name, [wanted]) !== undefined && !settings.includes(name),
  );
}
