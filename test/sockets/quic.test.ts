import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { concatMap, firstValueFrom, from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import {
  createHost,
  DialError,
  generateKey,
  Libp2pError,
  quic,
  serve,
  tcp,
  type Host,
  type HostEvent,
  type HostOptions,
  type QuicOptions,
} from '../../src/index.js';
import { codeOf } from '../../src/core/errors.js';
import { hostAndPort, parseMultiaddr } from '../../src/core/multiaddr.js';
import { exchange } from '../support/exchange.js';
import { pause, until } from './sockets.js';

const ECHO = '/echo/1.0.0';
const HERE = '/ip4/127.0.0.1/udp/0/quic-v1';
const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const MIB = 1024 * 1024;

// A slow machine is not a stalled one.
jest.setTimeout(30_000);

const opened: Host[] = [];
interface Made {
  readonly host: Host;
  readonly events: HostEvent[];
}
async function make(options: HostOptions<Record<never, never>> = {}, settings?: QuicOptions): Promise<Made> {
  const events: HostEvent[] = [];
  const host = await createHost({
    transports: [quic(settings)],
    listen: [HERE],
    events: { next: (event) => events.push(event) },
    ...options,
  });
  host
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  opened.push(host);
  return { host, events };
}
afterEach(async () => {
  for (const host of opened.splice(0)) await host.stop();
});
const addrOf = (host: Host): string => String(host.addrs[0]);
const portOf = (host: Host): number => hostAndPort(host.addrs[0]!)!.port;
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const echo = (a: Host, to: string, bytes: Uint8Array): Promise<Buffer> =>
  exchange(a.newStream(to, ECHO), bytes);

/** A port that takes what it is sent, and says nothing. */
async function silence(): Promise<{ readonly addr: string; close(): void }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const addr = `/ip4/127.0.0.1/udp/${String(socket.address().port)}/quic-v1/p2p/${STRANGER}`;
  return { addr, close: () => socket.close() };
}

describe('two hosts', () => {
  it.each([HERE, '/ip6/::1/udp/0/quic-v1'])(
    'on %s find each other, and know who they are',
    async (listen) => {
      const [a, b] = [await make(), await make({ listen: [listen] })];
      const connection = await firstValueFrom(a.host.dial(addrOf(b.host)));
      expect(connection).toMatchObject({ muxer: 'quic', encryption: '/tls/1.0.0', direction: 'outbound' });
      expect(connection.remotePeer.equals(b.host.peerId)).toBe(true);
      expect(`${String(connection.remoteAddr)}/p2p/${String(b.host.peerId)}`).toBe(addrOf(b.host));
      await until(() => b.host.connections.length === 1);
      expect(b.host.connections[0]).toMatchObject({
        muxer: 'quic',
        encryption: '/tls/1.0.0',
        direction: 'inbound',
      });
      expect(b.host.connections[0]?.remotePeer.equals(a.host.peerId)).toBe(true);
      expect(a.events.find(({ type }) => type === 'connection:open')).toMatchObject({
        muxer: 'quic',
        encryption: '/tls/1.0.0',
        earlyMuxer: false,
      });
    },
  );

  it.each(['Ed25519', 'secp256k1', 'RSA'] as const)('with %s keys', async (type) => {
    const [a, b] = [
      await make({ privateKey: generateKey(type) }),
      await make({ privateKey: generateKey(type) }),
    ];
    expect((await echo(a.host, addrOf(b.host), Buffer.from('hello'))).toString()).toBe('hello');
  });

  it('16 MiB there and back, and 200 streams at once', async () => {
    const limits = { protocolPeer: { inboundStreams: 300, outboundStreams: 300 } };
    const [a, b] = [await make({ limits }), await make({ limits })];
    const sent = Buffer.alloc(16 * MIB, 'rx-libp2p');
    expect((await echo(a.host, addrOf(b.host), sent)).equals(sent)).toBe(true);
    const all$ = from(Array.from({ length: 200 }, (_, n) => Buffer.alloc(n + 1, n))).pipe(
      mergeMap((bytes) =>
        from(echo(a.host, addrOf(b.host), bytes)).pipe(concatMap((got) => [got.equals(bytes)])),
      ),
      toArray(),
    );
    expect((await lastValueFrom(all$)).filter(Boolean)).toHaveLength(200);
  }, 20_000);

  it('race QUIC against TCP: QUIC goes first, and TCP where it does not answer (RANK-36)', async () => {
    const both = { transports: [quic(), tcp()], listen: [HERE, '/ip4/127.0.0.1/tcp/0'] };
    const [a, b] = [await make(both), await make(both)];
    const won = await firstValueFrom(a.host.dial(b.host.addrs));
    expect(won.muxer).toBe('quic');
    await won.close();
    const silent = await silence();
    const [, overTcp] = b.host.addrs.map(String);
    const dead = silent.addr.replace(STRANGER, String(b.host.peerId));
    const started = performance.now();
    const second = await firstValueFrom(a.host.dial([dead, overTcp!], { force: true }));
    expect(second.muxer).toBe('/yamux/1.0.0');
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
    silent.close();
  });
});

describe('dialing', () => {
  it('another peer answers: ERR_PEER_ID_MISMATCH, and no connection is left (Q6, T13)', async () => {
    const [a, b] = [await make(), await make()];
    const error = await failureOf(
      firstValueFrom(a.host.dial(addrOf(b.host).replace(/\/p2p\/.*/, `/p2p/${STRANGER}`))),
    );
    expect((error as DialError).errors.map(({ error: cause }) => codeOf(cause))).toEqual([
      'ERR_PEER_ID_MISMATCH',
    ]);
    expect(a.host.connections).toEqual([]);
    await until(() => b.host.connections.length === 0);
  });

  it('nobody answers: ERR_TIMEOUT behind the time that a handshake gets', async () => {
    const { host } = await make({}, { handshakeTimeoutMs: 200 });
    const silent = await silence();
    const error = await failureOf(firstValueFrom(host.dial(silent.addr)));
    expect((error as DialError).errors.map(({ error: cause }) => codeOf(cause))).toEqual(['ERR_TIMEOUT']);
    silent.close();
  });

  it('a host that is stopped while it dials keeps nothing: this process would not end (T5)', async () => {
    const { host } = await make({ listen: [] });
    const silent = await silence();
    const dialing = failureOf(firstValueFrom(host.dial(silent.addr)));
    await pause(50);
    await host.stop();
    expect(await dialing).toBeInstanceOf(Libp2pError);
    silent.close();
  });

  it.each([
    '/dns4/localhost/udp/1/quic-v1',
    '/ip4/1.2.3.4/udp/1/quic-v1/webtransport',
    '/ip4/1.2.3.4/udp/1',
    '/ip4/1.2.3.4/udp/1/quic',
    '/ip4/1.2.3.4/tcp/1',
    '/ip6zone/x/ip6/fe80::1/udp/1/quic-v1',
  ])('%s is not for it', (addr) => {
    const transport = quic() as unknown as { create(context: unknown): { canDial(addr: unknown): boolean } };
    const made = transport.create({ random: (length: number) => new Uint8Array(length).fill(7) });
    expect(made.canDial(parseMultiaddr(addr))).toBe(false);
  });
});

describe('listening', () => {
  it('everywhere: the addresses of the interfaces, with the port that was given', async () => {
    const { host } = await make({ listen: ['/ip4/0.0.0.0/udp/0/quic-v1'] });
    const addrs = host.addrs.map(String);
    expect(addrs.some((addr) => addr.startsWith('/ip4/127.0.0.1/udp/'))).toBe(true);
    expect(
      addrs.every((addr) => addr.includes(`/udp/${String(portOf(host))}/quic-v1`) && portOf(host) > 0),
    ).toBe(true);
  });

  it('on a port that is taken, or an address that is not ours: ERR_LISTEN_FAILED', async () => {
    const { host } = await make();
    for (const addr of [`/ip4/127.0.0.1/udp/${String(portOf(host))}/quic-v1`, '/ip4/192.0.2.1/udp/0/quic-v1'])
      await expect(make({ listen: [addr] })).rejects.toMatchObject({ code: 'ERR_LISTEN_FAILED' });
  });

  it('ends: new ones are sent away, those that are here stay, and the port is free behind the last', async () => {
    const [a, b] = [await make(), await make({ listen: [] })];
    const listening = b.host.listen(HERE);
    const addrs: string[] = [];
    const subscription = listening.subscribe(({ addrs: bound }) => addrs.push(...bound.map(String)));
    await until(() => addrs.length > 0);
    const [addr] = addrs;
    const connection = await firstValueFrom(a.host.dial(addr!));
    // A dialer may be through before the listener has heard of it, and then it is a new one.
    await until(() => b.host.connections.length === 1);
    subscription.unsubscribe();
    expect((await echo(a.host, addr!, Buffer.from('still here'))).toString()).toBe('still here');
    await connection.close();
    await until(() => b.host.connections.length === 0);
    const again = (): Promise<unknown> =>
      failureOf(firstValueFrom(b.host.listen(addr!.replace(/\/p2p\/.*/, ''))));
    for (let turn = 0; (await again()) !== undefined; turn += 1) {
      if (turn > 100) throw new Error('the port is not free');
      await pause(20);
    }
  });
});

describe('stages of the gater (TR-5)', () => {
  it.each(['allowAccept', 'allowSecured', 'allowUpgraded'] as const)(
    '%s refuses: closed, and told',
    async (hook) => {
      const [a, b] = [await make(), await make({ gater: { [hook]: () => false } })];
      const first = await firstValueFrom(a.host.dial(addrOf(b.host))).catch(() => undefined);
      if (first !== undefined) await firstValueFrom(first.closed$);
      expect(b.host.connections).toEqual([]);
      await until(() => b.events.some(({ type }) => type === 'connection:refuse'));
      const stage = { allowAccept: 'accept', allowSecured: 'secured', allowUpgraded: 'upgraded' }[hook];
      expect(b.events.find(({ type }) => type === 'connection:refuse')).toMatchObject({ stage });
    },
  );

  it('who dialed refuses whom it has found: ERR_GATED, and the remote is closed', async () => {
    const [a, b] = [await make({ gater: { allowSecured: () => false } }), await make()];
    const error = await failureOf(firstValueFrom(a.host.dial(addrOf(b.host))));
    expect((error as DialError).errors.map(({ error: cause }) => codeOf(cause))).toEqual(['ERR_GATED']);
    expect(a.host.connections).toEqual([]);
    await until(() => b.host.connections.length === 0);
  });

  it('a limit refuses: ERR_LIMIT, and the remote is closed', async () => {
    const [a, b] = [await make(), await make({ limits: { system: { inboundConnections: 0 } } })];
    const first = await firstValueFrom(a.host.dial(addrOf(b.host))).catch(() => undefined);
    if (first !== undefined) await firstValueFrom(first.closed$);
    await until(() => b.events.some(({ type }) => type === 'connection:refuse'));
    expect(b.events.find(({ type }) => type === 'connection:refuse')).toMatchObject({ code: 'ERR_LIMIT' });
  });
});

describe('a reader that stops', () => {
  it('holds the writer back at the window of a stream, and nothing is lost (Q1)', async () => {
    const window = { streamWindowBytes: 2 * MIB };
    const [a, b] = [await make({}, window), await make({}, window)];
    const handled = firstValueFrom(b.host.handle('/hold/1'));
    const stream = await firstValueFrom(a.host.newStream(addrOf(b.host), '/hold/1'));
    const chunk = new Uint8Array(64 * 1024);
    let written = 0;
    const room = stream.room$.subscribe((hasRoom) => {
      while (hasRoom && stream.hasRoom && written < 16 * MIB) {
        stream.next(chunk);
        written += chunk.byteLength;
      }
    });
    const other = await handled;
    let before = -1;
    while (before !== written) {
      before = written;
      await pause(200);
    }
    // The window, what is read ahead, and the queue.
    expect(written).toBeLessThanOrEqual(2 * MIB + 1 * MIB);
    let read = 0;
    other.subscribe((bytes) => {
      read += bytes.byteLength;
    });
    await until(() => read === 16 * MIB);
    room.unsubscribe();
  });
});

describe('a hostile remote (reliability 5.12)', () => {
  it('Q1: garbage on the port costs nothing, and nobody hears of it', async () => {
    const [a, b] = [await make(), await make()];
    const socket = createSocket('udp4');
    const heard = b.events.length;
    const shapes = [0, 1, 20, 1200, 1500].map((size) => Buffer.alloc(size, 0xc3));
    // Also what looks like the first packet of an unknown version.
    shapes.push(Buffer.concat([Buffer.from('c0babababa08', 'hex'), Buffer.alloc(1194, 7)]));
    for (let n = 0; n < 5_000; n += 1) {
      socket.send(shapes[n % shapes.length]!, portOf(b.host), '127.0.0.1');
      if (n % 200 === 0) await pause(1);
    }
    await pause(100);
    expect(b.events.slice(heard)).toEqual([]);
    expect((await echo(a.host, addrOf(b.host), Buffer.from('hello'))).toString()).toBe('hello');
    socket.close();
  });

  it('Q2: handshakes that are never ended hold no place of a connection, and others get in', async () => {
    const [a, b] = [
      await make({}, { handshakeTimeoutMs: 300 }),
      await make({}, { maxHandshakes: 2, idleTimeoutMs: 500, keepAliveMs: 200 }),
    ];
    // A dial that is cut off before its handshake ends, as often as the listener takes handshakes.
    for (let n = 0; n < 8; n += 1) {
      const given = a.host.dial(addrOf(b.host), { force: true }).subscribe({ error: () => undefined });
      given.unsubscribe();
    }
    await pause(700);
    expect((await echo(a.host, addrOf(b.host), Buffer.from('hello'))).toString()).toBe('hello');
    expect(b.host.connections).toHaveLength(1);
  });

  it('Q3: as many streams as are allowed, and not one more, until one ends', async () => {
    const [a, b] = [
      await make(),
      await make({ limits: { protocolPeer: { inboundStreams: 1000 } } }, { maxInboundStreams: 8 }),
    ];
    const held: unknown[] = [];
    b.host.handle('/hold/1').subscribe((stream) => held.push(stream));
    const given = Array.from({ length: 12 }, () =>
      a.host.newStream(addrOf(b.host), '/hold/1', { timeoutMs: 1_000, lazy: false }),
    );
    const results = await Promise.all(given.map((stream$) => failureOf(firstValueFrom(stream$))));
    expect(results.filter((error) => error === undefined)).toHaveLength(8);
    expect(results.filter((error) => codeOf(error) === 'ERR_TIMEOUT')).toHaveLength(4);
    expect(held).toHaveLength(8);
    expect(b.host.connections).toHaveLength(1);
  });

  it('a remote that falls silent: ERR_KEEPALIVE_TIMEOUT behind the idle time', async () => {
    const [a, b] = [
      await make({}, { idleTimeoutMs: 400, keepAliveMs: 10_000 }),
      await make({}, { idleTimeoutMs: 400, keepAliveMs: 10_000 }),
    ];
    const connection = await firstValueFrom(a.host.dial(addrOf(b.host)));
    expect(await lastValueFrom(connection.closed$)).toMatchObject({
      error: { code: 'ERR_KEEPALIVE_TIMEOUT', fault: 'network' },
    });
  });
});

describe('the process', () => {
  it('ends when its hosts have stopped, with connections, listeners and dials under way', async () => {
    const silent = await silence();
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=rx-libp2p-source', 'test/support/quic-child.ts', silent.addr],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    silent.close();
    expect([code, said.replace(/\d+/, '')]).toEqual([0, 'ended after \n']);
    // An idle time is 30 s: what still waited for the dial would take that.
    expect(Number(/\d+/.exec(said)?.[0])).toBeLessThan(10_000);
  }, 60_000);
});
