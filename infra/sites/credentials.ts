/** Random credentials of an embedded server, kept in a file only its owner reads, so that a restart has the same. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  user: z.string().min(3, 'a user name has at least 3 characters'),
  password: z.string().min(8, 'a password has at least 8 characters'),
});

export type Credentials = z.infer<typeof schema>;

/** Reads the credentials kept in `file`; the first time, makes them (or takes `given`) and keeps them. */
export async function keptCredentials(file: string, given: Partial<Credentials> = {}): Promise<Credentials> {
  const kept = await read(file);
  const credentials = {
    user: given.user ?? kept?.user ?? randomBytes(10).toString('hex'),
    password: given.password ?? kept?.password ?? randomBytes(20).toString('hex'),
  };
  const { error } = schema.safeParse(credentials);
  if (error)
    throw new Error(
      `the credentials for ${dirname(file)} will not do: ${error.issues.map((issue) => issue.message).join(', ')}`,
    );
  if (kept?.user !== credentials.user || kept.password !== credentials.password)
    await keep(file, credentials);
  return credentials;
}

async function read(file: string): Promise<Credentials | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} does not hold the credentials it should: delete it to have new ones made`);
  }
}

async function keep(file: string, credentials: Credentials): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, JSON.stringify(credentials), { mode: 0o600 });
  await rename(temporary, file);
}
