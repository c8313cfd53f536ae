/** The address of a NATS server as people give it, with its credentials taken out of the text. */
import { Secret } from './secret.ts';

export interface NatsServers {
  /** host:port, without credentials: may be shown. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly login:
    | { readonly user: string; readonly password: Secret }
    | { readonly token: Secret }
    | undefined;
}

const defaultPort = '4222';

/** `nats://[user:password@|token@]host[:port]`, or several with commas between; undefined for anything else. */
export function parseNatsUrl(text: string): NatsServers | undefined {
  const urls = text.split(',').map((part) => (URL.canParse(part.trim()) ? new URL(part.trim()) : undefined));
  const [first] = urls;
  if (!first) return undefined;
  const servers: string[] = [];
  for (const url of urls) {
    if (!url || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') return undefined;
    if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') return undefined;
    // One connection has one way to log in, whichever server it reaches.
    if (
      url.protocol !== first.protocol ||
      url.username !== first.username ||
      url.password !== first.password
    ) {
      return undefined;
    }
    servers.push(`${url.hostname}:${url.port || defaultPort}`);
  }
  return { servers, tls: first.protocol === 'tls:', login: loginOf(first) };
}

function loginOf({ username, password }: URL): NatsServers['login'] {
  if (username === '') return undefined;
  if (password === '') return { token: new Secret(decoded(username)) };
  return { user: decoded(username), password: new Secret(decoded(password)) };
}

/** A bare percent sign is not an escape; people paste passwords as they are. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
