import { map, NEVER, of, throwError, type Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import {
  LimitError,
  memory,
  parseMultiaddr,
  StreamResetError,
  unlimited,
  type DialError,
  type Host,
  type HostEvent,
  type ResourceLimits,
  type Stream,
} from '../../src/index.js';
import type { ResourceManager, ResourceStat } from '../../src/core/limits-contract.js';
import type { RawConnection, TransportPart } from '../../src/core/parts.js';
import type { SimulatedNetwork } from '../../src/testing.js';
import { createMemoryNetwork } from '../../src/transports/memory.js';
import { quietNetwork } from '../support/quiet-network.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const ECHO = '/echo/1.0.0';
const RESOURCE_LIMIT = 0x1002;
/** Many streams of one protocol with one peer, so that what is behind that can be met. */
const MANY: ResourceLimits = { protocolPeer: { inboundStreams: 5_000, outboundStreams: 5_000 } };

type Refusal = Extract<HostEvent, { type: 'limit:refuse' }>;
interface Pair {
  readonly net: SimulatedNetwork;
  readonly a: Host;
  readonly b: Host;
  /** Streams that b was given; nobody reads them unless a test does. */
  readonly handled: Stream[];
  refusals(host: Host): Refusal[];
  others(): HostEvent[];
}

/** The scopes behind the public face. */
const statOf = (host: Host): ResourceStat =>
  (host as unknown as { readonly resources: ResourceManager }).resources.stat();

async function pair(
  limits: { a?: ResourceLimits; b?: ResourceLimits } = {},
  protocols: readonly string[] = [ECHO],
): Promise<Pair> {
  const net = quietNetwork({ seed: 1, link: { latencyMs: 1 } });
  const events = new Map<Host, HostEvent[]>();
  const make = async (own: ResourceLimits = {}): Promise<Host> => {
    const told: HostEvent[] = [];
    const host = await net.createHost({ limits: own, events: { next: (event) => told.push(event) } });
    events.set(host, told);
    return host;
  };
  const [a, b] = [await make(limits.a), await make(limits.b)];
  const handled: Stream[] = [];
  b.handle(protocols).subscribe((stream) => handled.push(stream));
  return {
    net,
    a,
    b,
    handled,
    refusals: (host) =>
      (events.get(host) ?? []).filter((event): event is Refusal => event.type === 'limit:refuse'),
    others: () =>
      [...events.values()].flat().filter(({ type }) => type === 'unhandled' || type === 'warning'),
  };
}

/** What became of as many streams as were asked for, opened one behind the other. */
async function openMany({ net, a, b }: Pair, count: number, protocol = ECHO) {
  const streams: Stream[] = [];
  const errors: unknown[] = [];
  for (let at = 0; at < count; at += 1)
    a.newStream(b.addrs, protocol, { lazy: true }).subscribe({
      next: (stream) => {
        streams.push(stream);
        stream.subscribe({ error: (error: unknown) => errors.push(error) });
      },
      error: (error: unknown) => errors.push(error),
    });
  await net.advance(100);
  return { streams, errors };
}

/** Both ends are left with nothing, and nobody was surprised. */
async function leavesNothing({ net, a, b, others }: Pair): Promise<void> {
  for (const host of [a, b])
    for (const { streams } of host.connections)
      for (const stream of streams) stream.error(new Error('enough'));
  await net.advance(10);
  for (const host of [a, b]) {
    const { system, peers } = statOf(host);
    expect([system.inboundStreams, system.outboundStreams]).toEqual([0, 0]);
    for (const { memoryBytes, inboundConnections, outboundConnections } of Object.values(peers))
      expect(memoryBytes).toBe((inboundConnections + outboundConnections) * 32 * KIB);
  }
  await net.runUntil(a.stop());
  await net.advance(5_000);
  for (const host of [a, b]) {
    const { system, transient, peers, networks } = statOf(host);
    for (const scope of [system, transient]) expect(Object.values(scope)).toEqual([0, 0, 0, 0, 0, 0]);
    expect([peers, networks]).toEqual([{}, 0]);
  }
  expect(others()).toEqual([]);
}

describe('streams', () => {
  const peerOf = ({ a }: Pair): string => `peer:${a.peerId.toString()}`;
  it.each<[string, string, ResourceLimits, number, (pair: Pair) => string, string]>([
    ['a protocol with a peer', ECHO, {}, 128, (p) => `protocol:${ECHO}.${peerOf(p)}`, 'inboundStreams'],
    ['identify', '/ipfs/id/1.0.0', {}, 2, (p) => `protocol:/ipfs/id/1.0.0.${peerOf(p)}`, 'inboundStreams'],
    [
      'push',
      '/ipfs/id/push/1.0.0',
      {},
      2,
      (p) => `protocol:/ipfs/id/push/1.0.0.${peerOf(p)}`,
      'inboundStreams',
    ],
    ['ping', '/ipfs/ping/1.0.0', {}, 2, (p) => `protocol:/ipfs/ping/1.0.0.${peerOf(p)}`, 'inboundStreams'],
    ['the muxer', ECHO, MANY, 256, () => 'connection', 'inbound streams'],
    [
      'a protocol',
      ECHO,
      { ...MANY, protocol: { inboundStreams: 3 } },
      3,
      () => `protocol:${ECHO}`,
      'inboundStreams',
    ],
    ['a peer', ECHO, { ...MANY, peer: { inboundStreams: 3 } }, 3, peerOf, 'inboundStreams'],
    ['a connection', ECHO, { ...MANY, connection: { streams: 3 } }, 3, () => 'conn-1', 'streams'],
    ['the host', ECHO, { ...MANY, system: { inboundStreams: 3 } }, 3, () => 'system', 'inboundStreams'],
    ['none yet', ECHO, { ...MANY, transient: { inboundStreams: 0 } }, 0, () => 'transient', 'inboundStreams'],
  ])('of %s: one more is reset with 0x1002, and told', async (_, protocol, b, most, scope, limit) => {
    const table = await pair({ a: { ...unlimited, system: {} }, b }, [protocol]);
    const { refusals, handled } = table;
    const { errors } = await openMany(table, most + 1, protocol);
    expect(handled).toHaveLength(most);
    expect(errors).toEqual([expect.any(StreamResetError)]);
    expect(errors).toMatchObject([{ resetCode: RESOURCE_LIMIT, fault: 'remote' }]);
    const refused = { scope: scope(table), limit, value: most, code: 'ERR_LIMIT' };
    expect(refusals(table.b)).toMatchObject([refused]);
    expect(refusals(table.b)[0]?.error).toBeInstanceOf(LimitError);
    await leavesNothing(table);
  });

  it.each<[string, string, ResourceLimits, number, string]>([
    ['a protocol with a peer', ECHO, {}, 192, 'outboundStreams'],
    ['ping', '/ipfs/ping/1.0.0', {}, 3, 'outboundStreams'],
    ['identify', '/ipfs/id/1.0.0', {}, 2, 'outboundStreams'],
    ['a peer', ECHO, { ...MANY, peer: { outboundStreams: 5 } }, 5, 'outboundStreams'],
    ['the host', ECHO, { ...MANY, system: { streams: 5 } }, 5, 'streams'],
  ])('of %s: we get an error for one more of our own', async (_, protocol, a, most, limit) => {
    const table = await pair({ a, b: { ...unlimited, system: {} } }, [protocol]);
    const { streams, errors } = await openMany(table, most + 1, protocol);
    expect(streams).toHaveLength(most);
    expect(errors).toEqual([expect.any(LimitError)]);
    expect(errors).toMatchObject([{ limit, value: most, fault: 'local' }]);
    expect(table.refusals(table.a)).toMatchObject([{ limit, value: most }]);
    // One that ends makes room.
    streams[0]?.error(new Error('enough'));
    await table.net.advance(10);
    expect((await openMany(table, 1, protocol)).errors).toEqual([]);
    await leavesNothing(table);
  });

  it('P19: opened and reset one behind the other, more than 200 a second behind a thousand: the connection ends, and that is told once', async () => {
    const table = await pair({ a: { ...unlimited, system: {} }, b: MANY });
    const { net, a, b, refusals } = table;
    await net.runUntil(a.dial(b.addrs));
    await net.advance(100);
    const open$ = a.newStream(b.peerId, ECHO, { lazy: true, noDial: true });
    for (let round = 0; round < 22 && b.connections.length > 0; round += 1) {
      const streams: Stream[] = [];
      for (let count = 0; count < 50; count += 1)
        open$.subscribe({ next: (stream) => streams.push(stream), error: () => undefined });
      await net.advance(1);
      for (const stream of streams) stream.error(new Error('enough'));
      await net.advance(1);
    }
    await net.advance(100);
    const limit = 'streams opened and reset per second';
    expect(refusals(b)).toMatchObject([{ scope: 'connection', limit, value: 200, code: 'ERR_LIMIT' }]);
    expect(refusals(b)[0]?.error).toBeInstanceOf(LimitError);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });

  it('a protocol that is agreed on slowly is counted once it is agreed on', async () => {
    const table = await pair({ a: { protocolPeer: { outboundStreams: 1 } } });
    const { net, a, b } = table;
    await net.runUntil(a.newStream(b.addrs, ['/other', ECHO]));
    expect(statOf(a).protocols).toMatchObject({ [ECHO]: { outboundStreams: 1 } });
    const second = net.runUntil(a.newStream(b.addrs, ['/other', ECHO]));
    await expect(second).rejects.toMatchObject({ code: 'ERR_LIMIT', limit: 'outboundStreams' });
    expect(statOf(a).transient.outboundStreams).toBe(0);
    await leavesNothing(table);
  });
});

describe('connections', () => {
  it('four with a peer: a fifth is not dialed, and its address not held to blame', async () => {
    const table = await pair();
    const { net, a, b, refusals } = table;
    const again = () => net.runUntil(a.dial(b.addrs, { force: true }));
    for (let at = 0; at < 4; at += 1) await again();
    const error = (await again().catch((thrown: unknown) => thrown)) as DialError;
    expect(error.errors[0]?.error).toMatchObject({
      code: 'ERR_LIMIT',
      scope: `peer:${b.peerId.toString()}`,
      limit: 'outboundConnections',
      value: 4,
    });
    expect(error.retryAfterMs).toBeUndefined();
    expect([refusals(a).length, refusals(b).length, statOf(b).system.inboundConnections]).toEqual([1, 0, 4]);
    a.connections[0]?.abort(new Error('enough'));
    await net.advance(10);
    await again();
    await leavesNothing(table);
  });

  it.each<[string, ResourceLimits, string, string]>([
    ['the host’s', { system: { inboundConnections: 1 } }, 'system', 'inboundConnections'],
    ['those in transit', { transient: { inboundConnections: 0 } }, 'transient', 'inboundConnections'],
    ['a peer’s', { peer: { connections: 1 } }, 'peer:', 'connections'],
    ['memory', { system: { memoryBytes: 33 * KIB } }, 'system', 'memoryBytes'],
  ])('of %s: one more is closed, and told', async (_, limits, scope, limit) => {
    const table = await pair({ b: limits });
    const { net, a, b, refusals } = table;
    const dialed: unknown[] = [];
    for (let at = 0; at < 2; at += 1) {
      a.dial(b.addrs, { force: true }).subscribe({ error: (error: unknown) => dialed.push(error) });
      await net.advance(20_000);
    }
    expect(refusals(b)[0]).toMatchObject({ scope: expect.stringContaining(scope) as string, limit });
    expect(statOf(b).transient).toMatchObject({ inboundConnections: 0, memoryBytes: 0 });
    await leavesNothing(table);
  });

  it('through sockets take descriptors, and 8 come from one IPv4 address', async () => {
    const network = createMemoryNetwork();
    const net = quietNetwork({ seed: 1 });
    const told: HostEvent[] = [];
    const b = await net.createHost({
      transports: [overIp('10.0.0.1', network)],
      listen: ['/ip4/10.0.0.1/tcp/1'],
      events: { next: (event) => told.push(event) },
      limits: { peer: { connections: 20, descriptors: 20 } },
    });
    const a = await net.createHost({
      transports: [overIp('10.0.0.2', network)],
      listen: [],
      limits: unlimited,
    });
    const knock = async (): Promise<void> => {
      a.dial(b.addrs, { force: true }).subscribe({ error: () => undefined });
      await net.advance(1);
    };
    for (let at = 0; at < 9; at += 1) await knock();
    const last = (): HostEvent | undefined => told.filter(({ type }) => type === 'limit:refuse').at(-1);
    expect(last()).toMatchObject({ scope: 'ip:10.0.0.2/32', limit: 'connections', value: 8 });
    expect(statOf(b).system).toMatchObject({ inboundConnections: 8, descriptors: 8 });
    for (const connection of a.connections) connection.abort(new Error('enough'));
    await net.advance(10);
    a.clearDialBackoff();
    for (let at = 0; at < 8; at += 1) await knock();
    expect(last()).toMatchObject({ scope: 'ip:10.0.0.2/32', limit: 'perSecond', value: 1 });
    await net.runUntil(a.stop());
    await net.advance(1_000);
    expect(statOf(b)).toMatchObject({ networks: 0, peers: {}, system: { descriptors: 0, memoryBytes: 0 } });
  });

  it('[RM-40, RM-44] of a host that is full are taken from those on its allowlist', async () => {
    const network = createMemoryNetwork();
    const net = quietNetwork({ seed: 1 });
    let from = '';
    const b = await net.createHost({
      transports: [overIp('10.0.0.1', network, () => from)],
      listen: ['/ip4/10.0.0.1/tcp/1'],
      limits: { system: { inboundConnections: 1, connections: 1 }, allowlist: ['/ip4/10.0.0.2/ipcidr/32'] },
    });
    for (const [ip, inbound] of [
      ['10.0.0.3', 1],
      ['10.0.0.4', 1],
      ['10.0.0.2', 2],
    ] as const) {
      from = ip;
      const guest = await net.createHost({ transports: [overIp(ip, network)], listen: [] });
      guest.dial(b.addrs).subscribe({ error: () => undefined });
      await net.advance(100);
      expect(b.connections).toHaveLength(inbound);
    }
    const { system, allowlistedSystem } = statOf(b);
    expect([system.inboundConnections, allowlistedSystem.inboundConnections]).toEqual([1, 1]);
  });

  it.each<[string, (addr: Multiaddr) => Observable<RawConnection>]>([
    ['that fails', () => throwError(() => new Error('no way'))],
    ['that hangs', () => NEVER],
    ['that breaks', () => of(broken())],
  ])('a dial %s leaves nothing taken', async (_, dial) => {
    const net = quietNetwork({ seed: 1 });
    const part: TransportPart = {
      kind: 'transport',
      name: 'poor',
      create: () => ({
        name: 'poor',
        canDial: () => true,
        canListen: () => false,
        dial,
        listen: () => NEVER,
      }),
    };
    const a = await net.createHost({ transports: [part], listen: [] });
    const peer = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
    const dialing = a.dial(`/ip4/10.0.0.1/tcp/1/p2p/${peer}`).subscribe({ error: () => undefined });
    await net.advance(1);
    dialing.unsubscribe();
    await net.advance(20_000);
    expect(statOf(a)).toMatchObject({
      networks: 0,
      peers: {},
      system: { outboundConnections: 0, memoryBytes: 0 },
    });
    await net.runUntil(a.stop());
  });
});

describe('memory', () => {
  const chunk = new Uint8Array(64 * KIB);

  it('unread bytes are paid for, and a stream that cannot pay is reset; another goes on', async () => {
    const table = await pair({ b: { connection: { memoryBytes: 400 * KIB } } });
    const { net, handled, refusals, b } = table;
    const { streams, errors } = await openMany(table, 2);
    streams[0]?.next(chunk);
    await net.advance(10);
    // 32 KiB for the connection and for each stream, and the window of the one that is not read.
    expect(statOf(b).system.memoryBytes).toBe((3 * 32 + 240) * KIB);
    streams[1]?.next(chunk);
    await net.advance(10);
    expect(refusals(b)).toMatchObject([{ scope: 'conn-1', limit: 'memoryBytes', value: 400 * KIB }]);
    expect(errors).toMatchObject([{ resetCode: RESOURCE_LIMIT }]);
    let read = 0;
    handled[0]?.subscribe({ next: (bytes) => (read += bytes.byteLength), error: () => undefined });
    expect(read).toBe(chunk.byteLength);
    // Read, and quiet for a while: the window is given back.
    await net.advance(40_000);
    expect(statOf(b).system.memoryBytes).toBe(2 * 32 * KIB);
    await leavesNothing(table);
  });

  it('unsent bytes are paid for, and a write that cannot pay resets its stream with the reason', async () => {
    const table = await pair({ a: { peer: { memoryBytes: 600 * KIB } } });
    const { net, a, refusals } = table;
    const { streams, errors } = await openMany(table, 1);
    const [stream] = streams;
    // Nobody reads on the other side: the first 256 KiB leave, and the rest waits here.
    for (let at = 0; at < 20 && stream?.hasRoom === true; at += 1) stream.next(chunk);
    await net.advance(10);
    for (let at = 0; at < 20; at += 1) stream?.next(chunk);
    await net.advance(10);
    const refused = { scope: `peer:${table.b.peerId.toString()}`, limit: 'memoryBytes', value: 600 * KIB };
    expect(errors).toMatchObject([{ code: 'ERR_LIMIT', ...refused }]);
    expect(refusals(a)).toMatchObject([refused]);
    await leavesNothing(table);
  });

  it('a chunk of any size is taken under the usual limits, and counts 4 MiB at most', async () => {
    const table = await pair({});
    const { net, a, handled, refusals } = table;
    const { streams, errors } = await openMany(table, 1);
    let read = 0;
    handled[0]?.subscribe({ next: (bytes) => (read += bytes.byteLength), error: () => undefined });
    const before = statOf(a).system.memoryBytes;
    streams[0]?.next(new Uint8Array(40 * 1024 * KIB));
    expect(statOf(a).system.memoryBytes - before).toBeLessThanOrEqual(4 * 1024 * KIB);
    await net.advance(1_000);
    expect([read, errors, refusals(a)]).toEqual([40 * 1024 * KIB, [], []]);
    await leavesNothing(table);
  });

  it('a window grows while there is memory to spare, and stops growing quietly', async () => {
    const grown = async (limits: ResourceLimits): Promise<number> => {
      const table = await pair({ b: limits });
      const { net, handled, b, refusals, others } = table;
      net.link(table.a, b, { latencyMs: 50 });
      net.link(b, table.a, { latencyMs: 50 });
      const { streams } = await openMany(table, 1);
      await net.advance(1_000);
      let read = 0;
      handled[0]?.subscribe({ next: (bytes) => (read += bytes.byteLength), error: () => undefined });
      streams[0]?.writeFrom(Array.from({ length: 512 }, () => chunk)).subscribe();
      await net.advance(14_000);
      expect([read, refusals(b), others()]).toEqual([512 * chunk.byteLength, [], []]);
      const { memoryBytes } = statOf(b).system;
      await leavesNothing(table);
      return memoryBytes;
    };
    // Half of a stream's 16 MiB, at most; half of what the peer may have, if that is less.
    const free = await grown({});
    expect(free).toBeGreaterThan(2 * MIB);
    expect(free).toBeLessThanOrEqual(9 * MIB);
    const tight = await grown({ peer: { memoryBytes: 2 * MIB } });
    expect(tight).toBeGreaterThan(256 * KIB);
    expect(tight).toBeLessThanOrEqual(1.1 * MIB);
  });

  it('NET-22: `unlimited` keeps no count', async () => {
    const net = quietNetwork({ seed: 1 });
    const host = await net.createHost({ limits: unlimited });
    expect((host as unknown as { resources: unknown }).resources).toBeUndefined();
  });
});

/** A memory link whose ends have IP addresses. */
/** Whoever dials it comes from `guest`. */
function overIp(
  own: string,
  network: ReturnType<typeof createMemoryNetwork>,
  guest = () => '10.0.0.2',
): TransportPart {
  const part = memory({ network });
  const inner = parseMultiaddr('/memory/1');
  let port = 1;
  return {
    kind: 'transport',
    name: 'ip',
    create: (context) => {
      const transport = part.create(context);
      const isIp = (addr: Multiaddr): boolean => addr.toString().startsWith('/ip4/');
      const dressed = (raw: RawConnection, host: string): RawConnection => {
        port += 1;
        return {
          ...raw,
          localAddr: parseMultiaddr(`/ip4/${own}/tcp/1`),
          remoteAddr: parseMultiaddr(`/ip4/${host}/tcp/${String(port)}`),
        };
      };
      return {
        name: 'ip',
        canDial: isIp,
        canListen: isIp,
        dial: () => transport.dial(inner).pipe(map((raw) => dressed(raw, '10.0.0.1'))),
        listen: (addr) =>
          transport
            .listen(inner)
            .pipe(
              map((event) =>
                event.type === 'inbound'
                  ? { ...event, connection: dressed(event.connection, guest()) }
                  : { type: 'listening' as const, addrs: [addr] },
              ),
            ),
      };
    },
  };
}

/** A channel that breaks as soon as it is read. */
function broken(): RawConnection {
  const addr = parseMultiaddr('/ip4/10.0.0.1/tcp/1');
  return {
    duplex: {
      read: () => throwError(() => new Error('broken')),
      sink: { next: () => undefined, error: () => undefined, complete: () => undefined },
      room$: of(true),
    },
    localAddr: addr,
    remoteAddr: addr,
  };
}
