/** Real sockets on the loopback interface: a transport under test at one end, a plain one of Node's at the other. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { firstValueFrom, type Subscription } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf } from '../../src/core/errors.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { hostAndPort, parseMultiaddr } from '../../src/core/multiaddr.js';
import type { ListenEvent, RawConnection, Transport } from '../../src/core/parts.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { tcp, type TcpOptions } from '../../src/transports/tcp.js';

export function transport(options?: TcpOptions): Transport {
  return tcp(options).create({ scheduler: monotonicScheduler, random: seededRandom(1) });
}

export interface Listening {
  readonly addrs: readonly Multiaddr[];
  readonly port: number;
  readonly events: ListenEvent[];
  readonly subscription: Subscription;
  /** The next connection that comes in. */
  accept(): Promise<RawConnection>;
}
/** Emits once bound; rejects if it cannot be. */
export function listening(from: Transport, addr = '/ip4/127.0.0.1/tcp/0'): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const events: ListenEvent[] = [];
    const accepted: RawConnection[] = [];
    const waiting: ((connection: RawConnection) => void)[] = [];
    const subscription = from.listen(parseMultiaddr(addr)).subscribe({
      next: (event) => {
        events.push(event);
        if (event.type === 'listening') {
          const port = hostAndPort(event.addrs[0]!)!.port;
          const accept = (): Promise<RawConnection> =>
            new Promise((give) => {
              const first = accepted.shift();
              if (first === undefined) waiting.push(give);
              else give(first);
            });
          resolve({ addrs: event.addrs, port, events, accept, subscription });
        }
        if (event.type !== 'inbound') return;
        const give = waiting.shift();
        if (give === undefined) accepted.push(event.connection);
        else give(event.connection);
      },
      error: reject,
    });
  });
}

/** Our two ends of one connection. */
export async function pair(
  options?: TcpOptions,
): Promise<{ readonly near: RawConnection; readonly far: RawConnection; close(): void }> {
  const made = transport(options);
  const listener = await listening(made);
  const [near, far] = await Promise.all([firstValueFrom(made.dial(listener.addrs[0]!)), listener.accept()]);
  return {
    near,
    far,
    close: () => {
      listener.subscription.unsubscribe();
      for (const { duplex } of [near, far]) duplex.sink.error(new Error('the test is over'));
    },
  };
}

/** A plain socket of Node's that has connected to us; what it raises is kept, not thrown. */
export async function plainClient(port: number, allowHalfOpen = false): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

export async function plainServer(
  onSocket: (socket: Socket) => void,
): Promise<{ readonly server: Server; readonly addr: Multiaddr }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, addr: parseMultiaddr(`/ip4/127.0.0.1/tcp/${String(port)}`) };
}

export interface Recording {
  readonly chunks: Bytes[];
  readonly byteLength: number;
  /** `complete`, or the code of an error. */
  readonly end: Promise<string>;
  readonly error: unknown;
}
export function record(duplex: Duplex): Recording {
  const chunks: Bytes[] = [];
  let byteLength = 0;
  let error: unknown;
  const end = new Promise<string>((resolve) => {
    duplex.read().subscribe({
      next: (bytes) => {
        chunks.push(bytes);
        byteLength += bytes.byteLength;
      },
      error: (thrown: unknown) => {
        error = thrown;
        resolve(codeOf(thrown));
      },
      complete: () => {
        resolve('complete');
      },
    });
  });
  return {
    chunks,
    end,
    get byteLength() {
      return byteLength;
    },
    get error() {
      return error;
    },
  };
}

/** Resolves when `holds` does; the test's own deadline ends it otherwise. */
/** Waits; not for ever, since what waits keeps the process alive. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 6_000) throw new Error('what was waited for has not come in half a minute');
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sockets and servers that keep this process alive, without those of the test runner. */
export function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP/.test(name)).length;
}

export function text(bytes: readonly Bytes[]): string {
  return Buffer.concat(bytes).toString();
}

/** Every test of the file leaves as many handles as it found, once what it put here was called. */
export function leavesNothing(): (() => void)[] {
  let baseline = 0;
  const closing: (() => void)[] = [];
  beforeEach(() => {
    baseline = openHandles();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) close();
    await until(() => openHandles() <= baseline);
  });
  return closing;
}
