/**
 * Reliability sheet, 5.1, over real sockets: what only a system does to a connection. An exception or a rejection that
 * nobody caught fails the test in which it happens: Jest sees to that.
 */
import { jest } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { firstValueFrom, lastValueFrom, merge, of, tap, toArray } from 'rxjs';
import {
  createHost,
  noise,
  serve,
  tls,
  withStream,
  type DialError,
  type Host,
  type HostEvent,
} from '../../src/index.js';
import { codeOf } from '../../src/core/errors.js';
import { HEADER_FRAME } from '../../src/protocols/multistream/codec.js';
import { openHandles, plainClient, until } from './sockets.js';

const ECHO = '/echo/1.0.0';
const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const hosts: Host[] = [];
const servers: Server[] = [];
let baseline = 0;

beforeEach(() => {
  baseline = openHandles();
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  for (const server of servers.splice(0)) server.close();
  await until(() => openHandles() <= baseline);
});

interface Made {
  readonly host: Host;
  readonly events: HostEvent[];
  readonly port: number;
}
async function make(security = noise()): Promise<Made> {
  const events: HostEvent[] = [];
  const host = await createHost({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    security: [security],
    // The same address is dialed again and again, and fails each time.
    dial: { backoff: { baseMs: 0, coefficientMs: 0 } },
    events: { next: (event) => events.push(event) },
  });
  host
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  hosts.push(host);
  return { host, events, port: Number(/\/tcp\/(\d+)/.exec(String(host.addrs[0]))?.[1]) };
}

const echo = async (from: Host, target: string, text: string): Promise<string> => {
  const stream$ = from.newStream(target, ECHO).pipe(
    withStream((stream) =>
      merge(
        stream.writeFrom(of(new TextEncoder().encode(text))).pipe(
          tap({
            complete: () => {
              stream.complete();
            },
          }),
        ),
        stream,
      ),
    ),
    toArray(),
  );
  return Buffer.concat(await lastValueFrom(stream$)).toString();
};

/** Somebody between a dialer and a listener: sees every byte of the dialer's and does what it is told. */
interface Between {
  readonly port: number;
  /** Bytes from the dialer so far, over all connections. */
  readonly passed: () => number;
}
async function between(
  to: number,
  pass: (bytes: Buffer, offset: number, listener: Socket, dialer: Socket) => void,
): Promise<Between> {
  let passed = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (dialer) => {
    const listener = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let offset = 0;
    dialer.on('data', (bytes) => {
      pass(bytes, offset, listener, dialer);
      offset += bytes.byteLength;
      passed += bytes.byteLength;
    });
    listener.on('data', (bytes) => dialer.write(bytes));
    for (const [one, other] of [
      [dialer, listener],
      [listener, dialer],
    ] as const) {
      one.on('end', () => other.end());
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, passed: () => passed };
}
/** Its close, whatever error comes before it. */
const closeOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('close', () => {
      resolve();
    });
  });
const target = (port: number, peer: string): string => `/ip4/127.0.0.1/tcp/${String(port)}/p2p/${peer}`;
const dialed = (from: Host, to: string): Promise<unknown> =>
  firstValueFrom(from.dial(to, { force: true })).then(
    () => 'connected',
    (error: unknown) => error,
  );

describe.each([
  ['S3: a reset', 'resetAndDestroy', noise, 1],
  ['S4: an end', 'end', noise, 1],
  // Long handshakes: not every byte of them.
  ['S3: a reset during TLS', 'resetAndDestroy', tls, 17],
  ['S4: an end during TLS', 'end', tls, 17],
] as const)('%s', (_, how, security, step) => {
  it('after any byte of the upgrade is one typed error at both ends, and the honest are served', async () => {
    const [a, b] = [await make(security()), await make(security())];
    let after = 0;
    const cut = await between(b.port, (bytes, offset, listener, dialer) => {
      listener.write(bytes.subarray(0, Math.max(0, after - offset)));
      if (offset + bytes.byteLength < after) return;
      listener[how]();
      dialer[how]();
    });
    const peer = b.host.peerId.toString();
    let codes: string[] = [];
    for (after = 1; after < 2000; after += step) {
      const refusedBefore = b.events.filter(({ type }) => type === 'connection:refuse').length;
      const error = await dialed(a.host, target(cut.port, peer));
      // From here on the upgrade is whole, and what breaks is a connection.
      const over = (): boolean => b.events.some(({ type }) => type === 'connection:open');
      await until(
        () => over() || b.events.filter(({ type }) => type === 'connection:refuse').length > refusedBefore,
      );
      if (over()) break;
      if (error !== 'connected') codes.push(codeOf((error as DialError).errors[0]?.error));
    }
    expect(after).toBeGreaterThan(200);
    const refused = b.events.flatMap((event) => (event.type === 'connection:refuse' ? [event.code] : []));
    codes = [...new Set([...codes, ...refused])];
    expect(codes.filter((code) => code !== 'ERR_TRANSPORT' && code !== 'ERR_UNEXPECTED_END')).toEqual([]);
    expect(await echo(a.host, target(b.port, peer), 'fine')).toBe('fine');
  }, 30_000);
});

describe.each([
  ['noise', noise],
  ['TLS', tls],
])('half a connection, with %s', (_, security) => {
  it('S5: whose peer ends its side before it has said anything is closed at once', async () => {
    const b = await make(security());
    for (const said of [Buffer.alloc(0), Buffer.from(HEADER_FRAME)]) {
      const client = await plainClient(b.port, true);
      client.resume();
      client.write(said);
      client.end();
      await closeOf(client);
    }
    const refused = b.events.flatMap((event) => (event.type === 'connection:refuse' ? [event.code] : []));
    expect(refused).toEqual(['ERR_UNEXPECTED_END', 'ERR_UNEXPECTED_END']);
  });

  it('S5: whose peer ends its side once the upgrade is done, and reads on, is closed too', async () => {
    const [a, b] = [await make(security()), await make(security())];
    let toListener: Socket | undefined;
    const half = await between(b.port, (bytes, _, listener) => {
      toListener = listener;
      if (listener.writable) listener.write(bytes);
    });
    expect(await dialed(a.host, target(half.port, b.host.peerId.toString()))).toBe('connected');
    await until(() => b.host.connections.length === 1);
    toListener?.end();
    await until(() => b.host.connections.length === 0);
    if (toListener?.closed === false) await closeOf(toListener);
  });
});

describe('many', () => {
  it('S8: 2000 connections that are reset at once leave no handle, and nobody else is disturbed', async () => {
    const [a, b] = [await make(), await make()];
    const before = openHandles();
    let reset = 0;
    for (let round = 0; round < 40; round += 1) {
      for (let at = 0; at < 50; at += 1) {
        const socket = connect(b.port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.on('close', () => (reset += 1));
        socket.once('connect', () => socket.resetAndDestroy());
      }
      await until(() => reset === 50 * (round + 1));
    }
    await until(() => openHandles() <= before);
    expect(b.host.connections).toEqual([]);
    expect(await echo(a.host, target(b.port, b.host.peerId.toString()), 'fine')).toBe('fine');
  }, 30_000);

  it('S12: connections that come while the host stops are destroyed, and nothing is told after the end', async () => {
    const b = await make();
    const told: string[] = [];
    b.host.event$.subscribe({ next: ({ type }) => told.push(type), complete: () => told.push('complete') });
    const clients = Array.from({ length: 50 }, () => connect(b.port, '127.0.0.1'));
    for (const client of clients) client.on('error', () => undefined).resume();
    const closed = clients.map(closeOf);
    await once(clients[0]!, 'connect');
    await b.host.stop();
    await Promise.all(closed);
    expect([told.at(-1), told.filter((type) => type === 'complete').length]).toEqual(['complete', 1]);
    expect(told).not.toContain('connection:open');
  });
});

describe.each([
  ['noise', noise],
  ['TLS', tls],
])('segments, with %s', (_, security) => {
  it('S10: of one byte each make no difference', async () => {
    const [a, b] = [await make(security()), await make(security())];
    const slow = await between(b.port, (bytes, _, listener) => {
      for (const byte of bytes) listener.write(Uint8Array.of(byte));
    });
    expect(await echo(a.host, target(slow.port, b.host.peerId.toString()), 'byte by byte')).toBe(
      'byte by byte',
    );
    expect(slow.passed()).toBeGreaterThan(300);
  });

  it('S11: of no length, which Node writes as nothing, make no difference either', async () => {
    const [a, b] = [await make(security()), await make(security())];
    const empty = await between(b.port, (bytes, _, listener) => {
      for (const byte of bytes) {
        listener.write(new Uint8Array(0));
        listener.write(Uint8Array.of(byte));
      }
    });
    expect(await echo(a.host, target(empty.port, b.host.peerId.toString()), 'nothing')).toBe('nothing');
  });
});

describe('an address', () => {
  it('S13: that is gone before it was asked for ends that connection, and nothing else', async () => {
    const [a, b] = [await make(), await make()];
    // What Node asks the system for a socket's remote address; it answers so when the other end has gone.
    const prototype = Socket.prototype as unknown as { _getpeername: () => object };
    const asks = jest.spyOn(prototype, '_getpeername').mockImplementation(() => ({}));
    try {
      const client = connect(b.port, '127.0.0.1');
      client.on('error', () => undefined);
      client.resume();
      await closeOf(client);
      expect(asks).toHaveBeenCalled();
    } finally {
      asks.mockRestore();
    }
    expect(b.host.connections).toEqual([]);
    expect(b.events.filter(({ type }) => type === 'unhandled' || type === 'listen:close')).toEqual([]);
    expect(await echo(a.host, target(b.port, b.host.peerId.toString()), 'fine')).toBe('fine');
  });
});

describe('a port that speaks something else', () => {
  it.each([
    ['a banner of SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['an answer of HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
    ['a TLS alert', Buffer.from('15030100020246', 'hex')],
  ])('S16: %s is told as what it is at its first bytes, also when the port stays open', async (_, banner) => {
    const server = createServer((socket) => socket.on('error', () => undefined).write(banner));
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { host } = await make();
    const error = await dialed(host, target((server.address() as AddressInfo).port, STRANGER));
    expect((error as DialError).errors).toMatchObject([
      { error: { code: 'ERR_MULTISTREAM', fault: 'remote' } },
    ]);
  });
});
