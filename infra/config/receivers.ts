/** Receivers beside a site, as its document names them: where each listens, and where its token is. */
import { z } from 'zod';
import { celRules } from './cel.ts';
import type { Environment } from './env.ts';
import { nameSchema } from './names.ts';
import { originSchema } from './origin.ts';
import type { Finding } from './problems.ts';
import { Secret } from './secret.ts';
import { readText } from './text-file.ts';

const oneOf = 'must name exactly one of env, file and secretName';

const tokenSchema = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
      .optional()
      .describe('The environment variable that holds the token.'),
    file: z.string().min(1).optional().describe('A file that holds the token and nothing else.'),
    secretName: nameSchema.optional().describe('A Secret with token.'),
  })
  .transform(({ env, file, secretName }, context) => {
    if ([env, file, secretName].filter((given) => given !== undefined).length === 1) {
      if (env !== undefined) return { from: 'env', name: env } as const;
      if (file !== undefined) return { from: 'file', file } as const;
      if (secretName !== undefined) return { from: 'secretName', secretName } as const;
    }
    context.addIssue({ code: 'custom', message: oneOf });
    return z.NEVER;
  })
  .meta({
    description: 'Where the token is that the receiver wants to hear.',
    ...celRules({
      rule: '[has(self.env), has(self.file), has(self.secretName)].filter(given, given).size() == 1',
      message: oneOf,
    }),
  });

const urlSchema = originSchema({
  example: 'https://receiver.paris.example',
  credentials: 'name its token beside it',
  path: 'it says itself where it may write',
});

export const receiversSchema = z
  .array(z.strictObject({ url: urlSchema, token: tokenSchema }))
  .max(16)
  .describe('Functions beside the site that take whole stacks: causeway serve receive-stack.');

export interface ReceiverAccess {
  readonly url: string;
  readonly token: Secret;
}

export interface FoundReceivers {
  readonly receivers: readonly ReceiverAccess[];
  readonly findings: readonly Finding[];
}

const mostBytes = 64 * 1024;
const leastCharacters = 16;

export type FoundToken = { readonly text: string } | { readonly problem: string };

export interface TokenPlaces {
  /** Makes a path of one that is relative to the document. */
  beside(file: string): string;
  readonly environment: Environment;
  /** Of the Kubernetes Secret with this name. */
  secretOf(name: string): FoundToken;
}

export async function readReceivers(
  wanted: z.infer<typeof receiversSchema>,
  places: TokenPlaces,
): Promise<FoundReceivers> {
  const receivers: ReceiverAccess[] = [];
  const findings: Finding[] = [];
  for (const [index, { url, token }] of wanted.entries()) {
    const found = await findToken(token, places);
    const field = ['spec', 'receivers', index, 'token', token.from];
    if ('problem' in found) findings.push({ path: field, message: found.problem });
    else if (found.text.length < leastCharacters) {
      findings.push({ path: field, message: `the token must have ${leastCharacters} characters or more` });
    } else if (!/^[\x21-\x7e]+$/.test(found.text)) {
      findings.push({ path: field, message: 'the token must be of visible ASCII characters' });
    } else receivers.push({ url, token: new Secret(found.text) });
  }
  return { receivers, findings };
}

async function findToken(
  token: z.infer<typeof tokenSchema>,
  { beside, environment, secretOf }: TokenPlaces,
): Promise<FoundToken> {
  switch (token.from) {
    case 'env': {
      const text = environment[token.name];
      return text ? { text } : { problem: `${token.name} is not set in the environment` };
    }
    case 'file': {
      const file = beside(token.file);
      const read = await readText(file, mostBytes);
      return 'text' in read ? { text: read.text.trim() } : { problem: `${file} ${read.problem}` };
    }
    case 'secretName':
      return secretOf(token.secretName);
  }
}
