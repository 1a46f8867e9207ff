/** Rows of identify and ping (ID, PING) that other tests do not name. */
import { lastValueFrom, retry, take, toArray, type Observable } from 'rxjs';
import type { Connection, Host, HostEvent, Stream } from '../../src/index.js';
import { encodeVarint } from '../../src/core/varint.js';
import { ADDR_TTL } from '../../src/core/peer-store-contract.js';
import {
  encodeIdentify,
  IDENTIFY,
  IDENTIFY_PUSH,
  NO_MESSAGE,
} from '../../src/protocols/identify/identify-message.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';
import { at, wilds } from '../support/wilds.js';

const LATENCY_MS = 10;
const RELAY = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';
let net: SimulatedNetwork;
let a: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: LATENCY_MS } });
  a = await net.createHost({ events: { next: (event) => events.push(event) } });
});
const of = <T extends HostEvent['type']>(type: T): Extract<HostEvent, { type: T }>[] =>
  events.filter((event): event is Extract<HostEvent, { type: T }> => event.type === type);
const ends = (source: Observable<unknown>): Promise<unknown> =>
  net.runUntil(lastValueFrom(source).catch((error: unknown) => error));
/** A host without identify, which answers what a test says. */
const answering = async (answer: (stream: Stream) => void): Promise<Host> => {
  const host = await net.createHost({ services: NO_SERVICES });
  host.handle(IDENTIFY).subscribe(answer);
  return host;
};
const said = (stream: Stream, message: Partial<typeof NO_MESSAGE>): void => {
  const bytes = encodeIdentify({ ...NO_MESSAGE, ...message });
  stream.next(encodeVarint(bytes.byteLength));
  stream.next(bytes);
  stream.close();
};

describe('identify', () => {
  it('ID-1, ID-4: asks by /ipfs/id/1.0.0 on that very connection, and waits five seconds', async () => {
    const asked: Stream[] = [];
    const silent = await answering((stream) => asked.push(stream));
    const connection = await net.runUntil(a.dial(silent.addrs));
    const startedAt = net.now();
    await net.advance(4_900);
    expect(asked.map(({ protocol }) => protocol)).toEqual(['/ipfs/id/1.0.0']);
    expect(connection.streams).toHaveLength(1);
    expect(of('warning')).toEqual([]);
    await net.advance(200);
    expect(of('warning')).toMatchObject([{ code: 'ERR_TIMEOUT', at: startedAt + 5_000 }]);
    expect([connection.streams, a.connections]).toEqual([[], [connection]]);
  });

  it('ID-1: speaks its two protocols', () => {
    expect(a.protocols).toEqual(expect.arrayContaining(['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0']));
  });

  it('ID-4: asks on a connection with limits too, and so is it with ping: PING-5', async () => {
    const world = wilds({ latencyMs: 5 });
    const one = await world.createHost({ services: {}, events: { next: (event) => events.push(event) } });
    const two = await world.createHost({ services: {} });
    world.set({ [RELAY]: { leadsTo: two, relayed: { limited: true } } });
    const connection = (await world.end(one.dial(at(RELAY, two)))) as Connection;
    await world.net.advance(100);
    expect([connection.limited, of('peer:identify').length]).toEqual([true, 1]);
    expect(await world.end(one.services.ping.ping(two.peerId, { count: 1 }))).toBe(10);
  });

  it('ID-13: what is known of a connected peer’s addresses stays while it is connected; the new list replaces the old', async () => {
    const b = await net.createHost();
    await net.runUntil(a.dial(b.addrs));
    const listening = b.listen('/memory/70').subscribe();
    await net.advance(2_000);
    const known = (): string[] | undefined =>
      a.peerStore.get(b.peerId)?.addrs.map(({ addr }) => String(addr));
    expect(known()).toEqual(['/memory/2', '/memory/70']);
    expect(a.peerStore.get(b.peerId)?.addrs.map(({ expiresAt }) => expiresAt)).toEqual([Infinity, Infinity]);
    listening.unsubscribe();
    await net.advance(2_000);
    expect(known()).toEqual(['/memory/2']);
    a.connections[0]?.abort(new Error('enough'));
    const goneAt = net.now();
    expect(a.peerStore.get(b.peerId)?.addrs).toMatchObject([
      { expiresAt: goneAt + ADDR_TTL.recentlyConnected },
    ]);
  });

  it('ID-16: takes a key that is the peer’s, and none that is not there', async () => {
    const host = await answering((stream) => {
      said(stream, { protocols: ['/x'] });
    });
    await net.runUntil(a.dial(host.addrs));
    await net.advance(100);
    expect(of('peer:identify')).toMatchObject([{ protocols: ['/x'] }]);
  });

  it.each([
    ['who takes them', [IDENTIFY, IDENTIFY_PUSH], 1],
    ['who says that it takes none', [IDENTIFY, '/x'], 0],
  ])('ID-18, ID-9: pushes go to %s', async (_, protocols, pushes) => {
    const host = await answering((stream) => {
      said(stream, { protocols });
    });
    const pushed: Stream[] = [];
    host.handle(IDENTIFY_PUSH).subscribe((stream) => pushed.push(stream));
    await net.runUntil(a.dial(host.addrs));
    await net.advance(1_000);
    // What is not asked for is not pushed either.
    const asking = await net.runUntil(host.newStream(a.peerId, IDENTIFY, { lazy: false }));
    await net.runUntil(asking.pipe(toArray()));
    a.handle('/new').subscribe();
    await net.advance(2_000);
    expect(pushed).toHaveLength(pushes);
  });

  it('ID-19: is the package and its version, unless something else is said', async () => {
    const b = await net.createHost();
    await net.runUntil(a.dial(b.addrs));
    await net.advance(100);
    expect(of('peer:identify')[0]?.agent).toMatch(/^rx-libp2p\/\d+\.\d+\.\d+$/);
  });

  it('ID-20: who answers sets no deadline: one who asks and does not read ends with its idle time', async () => {
    const host = await net.createHost({ services: NO_SERVICES });
    await net.runUntil(host.dial(a.addrs));
    const asking = await net.runUntil(
      host.newStream(a.peerId, IDENTIFY, { lazy: false, idleTimeoutMs: 1_000_000 }),
    );
    await net.advance(20_000);
    expect(await net.runUntil(asking.pipe(take(1)))).toBeInstanceOf(Uint8Array);
  });
});

describe('ping', () => {
  it('PING-1: is 32 bytes by /ipfs/ping/1.0.0, and the same 32 come back', async () => {
    const got: Stream[] = [];
    const lengths: number[] = [];
    const host = await net.createHost({ services: NO_SERVICES });
    host.handle('/ipfs/ping/1.0.0').subscribe((stream) => {
      got.push(stream);
      stream.subscribe((chunk) => {
        lengths.push(chunk.byteLength);
        stream.next(chunk);
      });
    });
    expect(await ends(a.services.ping.ping(host.addrs, { count: 2 }))).toBe(2 * LATENCY_MS);
    expect([lengths, got.length]).toEqual([[32, 32], 1]);
  });

  it('PING-6: goes on behind an error where it is asked to', async () => {
    let streams = 0;
    const host = await net.createHost({ services: NO_SERVICES });
    host.handle('/ipfs/ping/1.0.0').subscribe((stream) => {
      streams += 1;
      const isWrong = streams === 1;
      stream.subscribe({
        next: (chunk) => {
          stream.next(isWrong ? new Uint8Array(32) : chunk);
        },
        error: () => undefined,
      });
    });
    const times$ = a.services.ping.ping(host.addrs, { count: 2 });
    expect(await ends(times$)).toMatchObject({ code: 'ERR_PING' });
    streams = 0;
    expect(await net.runUntil(times$.pipe(retry(1), toArray()))).toEqual([2 * LATENCY_MS, 2 * LATENCY_MS]);
  });
});
