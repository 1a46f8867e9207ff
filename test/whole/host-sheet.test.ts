/** What the sheets of vocabulary (NET) and host (HOST) say, as far as other tests do not. */
import { lastValueFrom, of, type Observable } from 'rxjs';
import {
  LimitError,
  StreamResetError,
  type Connection,
  type Host,
  type HostEvent,
  type Stream,
} from '../../src/index.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { SimulatedNetwork } from '../../src/testing.js';
import { quietNetwork } from '../support/quiet-network.js';
import { at, wilds, type Wilds } from '../support/wilds.js';

const TCP = '/ip4/1.2.3.4/tcp/1';
const RELAY = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';
let world: Wilds;
let a: Host;
let b: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  world = wilds({ latencyMs: 5 });
  [a, b] = [
    await world.createHost({ events: { next: (event) => events.push(event) } }),
    await world.createHost(),
  ];
  world.set({ [TCP]: { leadsTo: b }, [RELAY]: { leadsTo: b, relayed: { limited: true } } });
});
const dial = async (addr = TCP): Promise<Connection> =>
  (await world.end(a.dial(at(addr, b), { force: true }))) as Connection;
const resetOf = (stream: Stream): Promise<StreamResetError> =>
  world.net.runUntil(lastValueFrom(stream).catch((error: unknown) => error)) as Promise<StreamResetError>;

/** Connected, with somebody who does not answer any more. */
const withSilent = async (): Promise<{ net: SimulatedNetwork; connection: Connection }> => {
  const net = quietNetwork({ seed: 1, link: { latencyMs: 5 } });
  const [near, far] = [await net.createHost(), await net.createHost()];
  const connection = await net.runUntil(near.dial(far.addrs));
  // What goes out arrives; what comes back takes its time.
  net.link(far, near, { latencyMs: 100_000 });
  return { net, connection };
};
const failureIn = (net: SimulatedNetwork, source: Observable<unknown>): Promise<unknown> =>
  net.runUntil(lastValueFrom(source).catch((error: unknown) => error));

describe('what a connection and a stream say of themselves', () => {
  it('NET-1, NET-5, NET-6: direction, when, whether limited, with what it was made, and its streams', async () => {
    b.handle('/x').subscribe();
    await world.net.advance(50);
    const connection = await dial();
    expect(connection).toMatchObject({
      direction: 'outbound',
      limited: false,
      encryption: '/noise',
      muxer: '/yamux/1.0.0',
      streams: [],
    });
    expect(connection.openedAt).toBeGreaterThan(50);
    expect(connection.openedAt).toBe(world.net.now());
    await world.net.advance(10);
    const stream = await world.net.runUntil(connection.newStream('/x', { lazy: false }));
    expect(stream).toMatchObject({ direction: 'outbound', protocol: '/x', openedAt: world.net.now() });
    expect(connection.streams).toEqual([stream]);
    expect(b.connections[0]).toMatchObject({ direction: 'inbound', streams: [{ direction: 'inbound' }] });
    expect(events.find(({ type }) => type === 'connection:open')).toMatchObject({ earlyMuxer: true });
  });

  it('NET-2: a peer is connected, connected with limits, or not', async () => {
    const of = (): unknown[] => [a.peers.length, a.connections.map(({ limited }) => limited)];
    expect(of()).toEqual([0, []]);
    const relayed = await dial(RELAY);
    expect(of()).toEqual([1, [true]]);
    await dial();
    expect(of()).toEqual([1, [true, false]]);
    relayed.abort(new Error('enough'));
    expect(of()).toEqual([1, [false]]);
  });
});

describe('what a call may ask for', () => {
  beforeEach(() => {
    b.handle('/x').subscribe();
  });

  it('NET-10, HOST-22: a stream without a dial', async () => {
    expect(await world.end(a.newStream(at(TCP, b), '/x', { noDial: true }))).toMatchObject({
      code: 'ERR_NO_CONNECTION',
    });
    await dial();
    expect(await world.end(a.newStream(b.peerId, '/x', { noDial: true }))).toMatchObject({ protocol: '/x' });
  });

  it('NET-11, HOST-31: a direct connection, although there is one through a relay', async () => {
    const relayed = await dial(RELAY);
    expect(await world.end(a.dial(at(TCP, b)))).toBe(relayed);
    expect(await world.end(a.dial([at(RELAY, b), at(TCP, b)], { forceDirect: true }))).not.toBe(relayed);
    expect(world.dialed).toEqual([RELAY, TCP]);
  });

  it('NET-13, HOST-29: a stream on a connection with limits', async () => {
    const relayed = await dial(RELAY);
    const stream = (await world.end(a.newStream(b.peerId, '/x', { runOnLimitedConnection: true }))) as Stream;
    expect(stream.connection).toBe(relayed);
    expect(await world.end(a.newStream(b.peerId, '/x', { timeoutMs: 100 }))).toMatchObject({
      code: 'ERR_TIMEOUT',
    });
  });

  it('NET-14: another time than a minute', async () => {
    world.set({ '/ip4/9.9.9.9/tcp/1': 'hangs' });
    const startedAt = world.net.now();
    expect(await world.end(a.dial(at('/ip4/9.9.9.9/tcp/1', b), { timeoutMs: 70 }))).toMatchObject({
      code: 'ERR_TIMEOUT',
    });
    expect(world.net.now() - startedAt).toBe(70);
  });

  it('HOST-33: a dial is content with a connection that has limits', async () => {
    const relayed = await dial(RELAY);
    expect(await world.end(a.dial(b.peerId))).toBe(relayed);
  });

  it('HOST-32: a dial does not wait for identify, whatever becomes of that', async () => {
    const before = world.net.now();
    await dial();
    // Two round trips: the socket, and noise with the muxer in it.
    expect(world.net.now() - before).toBe(20);
  });

  it('HOST-30: addresses are remembered although there is a connection', async () => {
    await dial();
    await world.end(a.dial(at('/ip4/9.9.9.9/tcp/1', b)));
    expect(a.peerStore.get(b.peerId)?.addrs.map(({ addr }) => String(addr))).toContain('/ip4/9.9.9.9/tcp/1');
  });

  it('HOST-61: an answer of routing that is another peer’s address is not dialed as this one’s', async () => {
    const other = await world.createHost();
    const routing = () => of([parseMultiaddr(at(TCP, other))]);
    const c = await world.createHost({ dial: { routing } });
    const error = await world.end(c.dial(b.peerId));
    expect(error).toMatchObject({ errors: [{ error: { code: 'ERR_PEER_ID_MISMATCH' } }] });
    expect(c.connections).toEqual([]);
  });

  it('HOST-62, HOST-21: a stream asks routing as a dial does, and fails as it does', async () => {
    const c = await world.createHost({ dial: { routing: () => of([parseMultiaddr(TCP)]) } });
    expect(await world.end(c.newStream(b.peerId, '/x'))).toMatchObject({ protocol: '/x' });
    const none = await world.createHost();
    expect(await world.end(none.newStream(b.peerId, '/x'))).toMatchObject({ code: 'ERR_NO_ADDRESSES' });
  });
});

describe('codes on the wire', () => {
  it('NET-17, HOST-10, HOST-26, HOST-27: 0x1001 where no protocol was agreed on in ten seconds', async () => {
    const { net, connection } = await withSilent();
    const startedAt = net.now();
    const error = await failureIn(net, connection.newStream('/x', { lazy: false }));
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', stage: 'negotiating a stream' });
    expect(net.now() - startedAt).toBe(10_000);
  });

  it.each([
    ['0x1002 where a limit refused it', { maxInboundStreams: 0 }, 0x1002],
    ['0x1006 where nobody used it', { idleTimeoutMs: 1_000 }, 0x1006],
  ])('NET-17: %s', async (_, options, code) => {
    b.handle('/x', options).subscribe((stream) => stream.subscribe({ error: () => undefined }));
    const stream = (await world.end(a.newStream(at(TCP, b), '/x', { lazy: true }))) as Stream;
    stream.next(new Uint8Array(1));
    expect(await resetOf(stream)).toMatchObject({
      code: 'ERR_STREAM_RESET',
      fault: 'remote',
      resetCode: code,
    });
  });

  it('NET-18, NET-19: a reset has its number, and whose it was; the text shows it', async () => {
    const handled: Stream[] = [];
    b.handle('/x').subscribe((stream) => handled.push(stream));
    const stream = (await world.end(a.newStream(at(TCP, b), '/x', { lazy: false }))) as Stream;
    await world.net.advance(10);
    const theirs = resetOf(handled[0]!);
    stream.error(new Error('mine'), 0x42);
    expect(await theirs).toMatchObject({
      fault: 'remote',
      resetCode: 0x42,
      message: expect.stringContaining('0x42') as string,
    });
    expect(await resetOf(stream)).toMatchObject({ message: expect.stringContaining('mine') as string });
  });

  it('NET-16: 0x1005 for a connection that was pruned', async () => {
    const manager = { low: 1, high: 1, graceMs: 0, silenceMs: 1_000 };
    const c = await world.createHost({ connectionManager: manager });
    const codes: unknown[] = [];
    for (const addrs of [c.addrs, c.addrs]) {
      const made = (await world.end(a.dial(addrs, { force: true }))) as Connection;
      made.closed$.subscribe(({ by, code }) => codes.push([by, code]));
    }
    await world.net.advance(2_000);
    expect(codes).toContainEqual(['remote', 0x1005]);
  });

  it('NET-15: what goes wrong has a code of its own, and a limit says which', async () => {
    expect(await world.end(a.newStream(b.peerId, '/x', { noDial: true }))).toMatchObject({
      code: 'ERR_NO_CONNECTION',
    });
    expect(await world.end(a.dial(b.peerId))).toMatchObject({ code: 'ERR_NO_ADDRESSES' });
    const c = await world.createHost({ limits: { system: { outboundConnections: 0 } } });
    const error = (await world.end(c.dial(at(TCP, b)))) as { errors: { error: unknown }[] };
    expect(error.errors[0]?.error).toBeInstanceOf(LimitError);
    expect(error.errors[0]?.error).toMatchObject({ scope: 'system', limit: 'outboundConnections', value: 0 });
  });
});

describe('a host', () => {
  it('HOST-1, HOST-2, HOST-4: has its parts before it listens, and its services before that', async () => {
    const order: string[] = [];
    const services = {
      first: ({ host }: { host: Host }) => order.push(`service, ${String(host.addrs.length)} addresses`),
    };
    const host = await world.net.createHost({
      services,
      events: { next: ({ type }) => order.push(type) },
    });
    expect(order.filter((line) => !line.startsWith('protocols'))).toEqual([
      'service, 0 addresses',
      'addrs:change',
      'listen:open',
    ]);
    expect(host).toMatchObject({ connections: [], peers: [], peerStore: {}, services: {} });
  });

  it('HOST-3, HOST-20: gives a stream as much time as it is told to', async () => {
    const { net, connection } = await withSilent();
    const startedAt = net.now();
    const error = await failureIn(net, connection.newStream('/x', { lazy: false, timeoutMs: 250 }));
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(net.now() - startedAt).toBe(250);
  });

  it('HOST-11: leaves a stream to its handler, and closes it not', async () => {
    const handled: Stream[] = [];
    b.handle('/x').subscribe((stream) => handled.push(stream));
    const stream = (await world.end(a.newStream(at(TCP, b), '/x', { lazy: false }))) as Stream;
    await world.net.advance(100_000);
    expect([stream.connection.streams.length, handled.length]).toEqual([1, 1]);
  });

  it('HOST-13: goes on with streams whose handler has gone', async () => {
    const got: number[] = [];
    const handling = b.handle('/x').subscribe((stream) => {
      stream.subscribe(({ byteLength }) => got.push(byteLength));
    });
    const stream = (await world.end(a.newStream(at(TCP, b), '/x', { lazy: false }))) as Stream;
    await world.net.advance(10);
    handling.unsubscribe();
    stream.next(new Uint8Array(7));
    await world.net.advance(10);
    expect(got).toEqual([7]);
    expect(await world.end(a.newStream(b.peerId, '/x', { lazy: false }))).toMatchObject({
      code: 'ERR_UNSUPPORTED_PROTOCOL',
    });
  });

  it('HOST-28: does not wait for ever for the answer to a lazy stream that is closed', async () => {
    const { net, connection } = await withSilent();
    const stream = await net.runUntil(connection.newStream('/x', { lazy: true }));
    stream.close();
    await net.advance(9_999);
    expect(connection.streams).toHaveLength(1);
    await net.advance(1);
    expect(connection.streams).toEqual([]);
  });
});
