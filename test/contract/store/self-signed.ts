/** A certificate for 127.0.0.1, and other addresses, that vouches for itself (X.509 v3 in DER, RFC 5280), made anew for each test run. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface SelfSigned {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

export function selfSigned(...more: readonly string[]): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const name = sequence(tagged(0x31, sequence(oid('550403'), utf8String('causeway test'))));
  const isAuthority = sequence(oid('551d13'), octets(sequence(tagged(0x01, Buffer.of(0xff)))));
  const addresses = ['127.0.0.1', ...more].map((ip) => tagged(0x87, Buffer.from(ip.split('.').map(Number))));
  const isAt = sequence(oid('551d11'), octets(sequence(...addresses)));
  const certificate = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time('20200101000000Z'), time('21200101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(isAuthority, isAt)),
  );
  const signature = sign('sha256', certificate, privateKey);
  const whole = sequence(certificate, ecdsaWithSha256, tagged(0x03, Buffer.of(0), signature));
  const lines = whole
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
const integer = (bytes: Uint8Array): Buffer => tagged(0x02, bytes);
const octets = (content: Uint8Array): Buffer => tagged(0x04, content);
const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text));
const time = (text: string): Buffer => tagged(0x18, Buffer.from(text));
