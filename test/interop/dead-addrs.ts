import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** Ports in front of a good one: lower ports, which are dialed before it. */
export interface DeadPorts {
  /** Accept, and never say a byte. */
  readonly silent: readonly number[];
  /** Nobody listens. It lies between the silent ones. */
  readonly refused: number;
  stop(): void;
}

/** Resolves once all that should listen do. */
export async function deadPortsBelow(port: number): Promise<DeadPorts> {
  const accepted: Socket[] = [];
  const held: { readonly server: Server; readonly at: number }[] = [];
  for (let at = port - 1; held.length < 3; at -= 1) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      accepted.push(socket);
    });
    if (await listens(server, at)) held.unshift({ server, at });
  }
  const [first, second, third] = held;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no ports');
  await closed(second.server);
  return {
    silent: [first.at, third.at],
    refused: second.at,
    stop: () => {
      for (const socket of accepted) socket.destroy();
      for (const { server } of [first, third]) server.close();
    },
  };
}

/** Somebody else may have it. */
async function listens(server: Server, port: number): Promise<boolean> {
  server.listen(port, HOST);
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  }
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
