/** Where an HTTP server of somebody's listens, as documents name it: scheme, host and port, and nothing more. */
import { z } from 'zod';
import { celRules } from './cel.ts';

/** What to do instead of writing too much. */
export interface OriginWords {
  readonly example: string;
  readonly credentials: string;
  readonly path: string;
}

/** Anything more than its origin would be dropped or misread by one client or another. */
export function originSchema({ example, credentials, path }: OriginWords) {
  const noUrl = `must be a URL such as ${example}`;
  const withCredentials = `must not hold credentials: ${credentials}`;
  const withPath = `must end after host and port: ${path}`;
  return z
    .string()
    .transform((text, context) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (!url || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
        context.addIssue({ code: 'custom', message: noUrl });
      } else if (url.username !== '' || url.password !== '') {
        context.addIssue({ code: 'custom', message: withCredentials });
      } else if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
        context.addIssue({ code: 'custom', message: withPath });
      } else {
        return url.origin;
      }
      return z.NEVER;
    })
    .meta({
      description: 'http(s)://host[:port]',
      maxLength: 512,
      ...celRules(
        { rule: "self.matches('^https?://[^/?#]+') && (self.contains('@') || isURL(self))", message: noUrl },
        { rule: "!self.contains('@')", message: withCredentials },
        { rule: "self.matches('^[^/]*//[^/?#]*/?$')", message: withPath },
      ),
    });
}
