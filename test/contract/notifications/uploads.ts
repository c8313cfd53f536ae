/** Uploads that are more than a PUT: a browser's form, and an archive that the server unpacks. */
import { createHmac } from 'node:crypto';
import type { Credentials } from '../../../infra/stores/signature.ts';

const region = 'us-east-1';

/** The form of a POST upload, with its signed policy. */
export function signedForm(
  { accessKeyId, secretAccessKey }: Credentials,
  bucket: string,
  key: string,
  content: string,
): FormData {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [stamp.slice(0, 8), region, 's3', 'aws4_request'];
  const fields = {
    bucket,
    key,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': [accessKeyId, ...scope].join('/'),
    'x-amz-date': stamp,
  };
  const conditions = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
  const expiration = new Date(Date.now() + 60_000).toISOString();
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64');
  const signingKey = scope.reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('policy', policy);
  form.set('x-amz-signature', createHmac('sha256', signingKey).update(policy).digest('hex'));
  form.set('file', new Blob([content]), 'file');
  return form;
}

const block = 512;

/** A tar archive of files that were changed at `seconds` since 1970. */
export function tar(names: readonly string[], content: Uint8Array, seconds: number): Buffer {
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  const files = names.flatMap((name) => {
    const header = Buffer.alloc(block);
    header.write(name);
    header.write(octal(0o644, 7), 100);
    header.write(octal(content.byteLength, 11), 124);
    header.write(octal(seconds, 11), 136);
    header.write('0', 156);
    header.write('ustar\u000000', 257);
    header.write(' '.repeat(8), 148);
    header.write(
      octal(
        header.reduce((sum, byte) => sum + byte),
        6,
      ),
      148,
    );
    const padding = Buffer.alloc((block - (content.byteLength % block)) % block);
    return [header, content, padding];
  });
  return Buffer.concat([...files, Buffer.alloc(2 * block)]);
}
