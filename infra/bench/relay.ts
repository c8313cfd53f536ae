/** A TCP relay on the loopback in front of a server: what passes, and whether anything does, is its user's to say. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

const host = '127.0.0.1';

export interface Relay {
  /** host:port */
  readonly address: string;
  /** Breaks every connection; new ones are taken as before. */
  drop(): void;
  /** Breaks what is open, and listens no more. */
  stop(): Promise<void>;
}

export interface RelayOptions {
  readonly host: string;
  readonly port: number;
  /** Whether a new connection is taken. */
  takes?(): boolean;
  /** Carries what comes from one end to the other, both ways; when one closes, so does the other. */
  join(near: Socket, far: Socket): void;
}

export async function startRelay({ takes = () => true, join, ...upstream }: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (!takes()) {
      near.destroy();
      return;
    }
    const far = connect({ ...upstream, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    join(near, far);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `${host}:${address.port}`,
    drop,
    async stop() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
