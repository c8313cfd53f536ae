/** The cluster's name server: Services are the addresses of their pods, pods of a headless one have names of their own. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Addresses (IPv4) of a name in lower case; undefined where there is no such name. */
export type Resolve = (name: string) => readonly string[] | undefined;

/** RFC 1035, as much of it as a resolver in a pod asks for: A and AAAA. */
export async function startNames(address: string, resolve: Resolve): Promise<{ close(): void }> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address: from }) => {
    const answer = answerTo(query, resolve);
    if (answer) socket.send(answer, port, from);
  });
  socket.bind(53, address);
  await once(socket, 'listening');
  return { close: () => socket.close() };
}

const header = 12;
const typeA = 1;

function answerTo(query: Buffer, resolve: Resolve): Buffer | undefined {
  const labels: string[] = [];
  let at = header;
  for (let length = query[at]; length; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  if (query.length < end) return undefined;
  const addresses = resolve(labels.join('.').toLowerCase());
  const given = query.readUInt16BE(at + 1) === typeA ? (addresses ?? []) : [];
  const head = Buffer.from(query.subarray(0, header));
  // An answer, with authority; name error where there is none.
  head.writeUInt16BE(0x8580 | (addresses ? 0 : 3), 2);
  head.writeUInt16BE(given.length, 6);
  head.writeUInt32BE(0, 8);
  const records = given.map((ip) =>
    // The name that was asked for, A, IN, for no time, four bytes.
    Buffer.from([0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, ...ip.split('.').map(Number)]),
  );
  return Buffer.concat([head, query.subarray(header, end), ...records]);
}
