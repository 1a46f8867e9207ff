import { firstValueFrom, lastValueFrom, Subject, take, takeUntil, toArray, type Observable } from 'rxjs';
import {
  serve,
  StreamResetError,
  type Host,
  type HostEvent,
  type PingOptions,
  type Stream,
} from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';

const PING = '/ipfs/ping/1.0.0';
const LATENCY_MS = 50;
const RTT_MS = 2 * LATENCY_MS;

let net: SimulatedNetwork;
let a: Host;
let b: Host;
let events: HostEvent[];
const opened = (): number =>
  events.filter((event) => event.type === 'stream:open' && event.protocol === PING).length;
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: LATENCY_MS } });
  [a, b] = [
    await net.createHost({ events: { next: (event) => events.push(event) } }),
    await net.createHost(),
  ];
});
const times = (options: PingOptions): Promise<number[]> =>
  net.runUntil(a.services.ping.ping(b.addrs, options).pipe(toArray()));
const ends = (source: Observable<unknown>): Promise<unknown> =>
  net.runUntil(lastValueFrom(source).catch((error: unknown) => error));

describe('ping', () => {
  it('PING-3: dials, then emits round trips, one a second, on one stream that is closed behind the last', async () => {
    const at: number[] = [];
    await net.runUntil(
      lastValueFrom(a.services.ping.ping(b.addrs, { count: 3 }).pipe(toArray())).then((all) =>
        at.push(...all),
      ),
    );
    expect(at).toEqual([RTT_MS, RTT_MS, RTT_MS]);
    // Two to connect, two seconds from the first ping, which waits to know its protocol, to the third, and its answer.
    expect(net.now()).toBe(2 * RTT_MS + 2000 + RTT_MS);
    expect(opened()).toBe(1);
    await net.advance(1000);
    expect([a.connections[0]?.streams, b.connections[0]?.streams]).toEqual([[], []]);
  });

  it('goes as fast as it is told to, and never has two on the way', async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(1000);
    const startedAt = net.now();
    await times({ count: 5, everyMs: 0 });
    expect(net.now() - startedAt).toBe(5 * RTT_MS);
    await times({ count: 3, everyMs: 30 });
    expect(net.now() - startedAt).toBe(8 * RTT_MS);
  });

  it('does not end by itself, and ends when it is unsubscribed: the stream is closed', async () => {
    const stop$ = new Subject<void>();
    const got: number[] = [];
    a.services.ping
      .ping(b.addrs)
      .pipe(takeUntil(stop$))
      .subscribe((ms) => got.push(ms));
    await net.advance(25_000);
    expect(got.length).toBeGreaterThan(20);
    const before = got.length;
    stop$.next();
    await net.advance(10_000);
    expect(got).toHaveLength(before);
    expect(a.connections[0]?.streams).toEqual([]);
  });

  it('that is left in the middle resets its stream', async () => {
    const subscription = a.services.ping.ping(b.addrs).subscribe();
    await net.advance(3 * RTT_MS + LATENCY_MS);
    const pinging = (): number =>
      (a.connections[0]?.streams ?? []).filter(({ protocol }) => protocol === PING).length;
    expect(pinging()).toBe(1);
    subscription.unsubscribe();
    expect(pinging()).toBe(0);
  });

  it('PING-4: has the time in the peerstore', async () => {
    await times({ count: 1 });
    expect(a.peerStore.get(b.peerId)?.rttMs).toBe(RTT_MS);
  });

  it('goes on where the remote ends the stream, as go-libp2p does after 30 s', async () => {
    const got = await times({ count: 65 });
    expect(got).toHaveLength(65);
    expect(got.every((ms) => ms === RTT_MS)).toBe(true);
    expect(opened()).toBe(3);
  });

  it('shares one stream among all that ping a peer, and takes turns', async () => {
    const both = Promise.all([times({ count: 3 }), times({ count: 3 })]);
    expect(await both).toEqual([
      [RTT_MS, RTT_MS, RTT_MS],
      [RTT_MS, RTT_MS, RTT_MS],
    ]);
    expect(opened()).toBe(1);
  });

  it('has limits as every call', async () => {
    const error = await ends(a.services.ping.ping(b.addrs, { timeoutMs: 2500 }));
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', stage: 'ping' });
    const aborting = new AbortController();
    const aborted = ends(a.services.ping.ping(b.addrs, { signal: aborting.signal }));
    aborting.abort();
    expect(await aborted).toMatchObject({ name: 'AbortError' });
  });

  it.each([
    [{ count: 0 }, /count is 0/],
    [{ count: 1.5 }, /count is 1.5/],
    [{ everyMs: -1 }, /everyMs is -1/],
    [{ everyMs: Number.NaN }, /everyMs is null/],
  ])('refuses %j', async (options, message) => {
    expect(await ends(a.services.ping.ping(b.addrs, options))).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(message) as string,
    });
  });

  it('ends with its connection, and with its host', async () => {
    const first = ends(a.services.ping.ping(b.addrs));
    await net.advance(1020);
    await b.stop();
    expect(await first).toMatchObject({ code: expect.stringMatching(/^ERR_/) as string });
    const second = ends(a.services.ping.ping(b.addrs));
    await net.advance(10);
    void a.stop();
    expect(await second).toMatchObject({ code: expect.stringMatching(/^ERR_/) as string });
  });
});

describe('a peer that answers badly', () => {
  let peer: Host;
  beforeEach(async () => {
    peer = await net.createHost({ services: NO_SERVICES });
  });
  const outcome = (options: PingOptions = { count: 2 }): Promise<unknown> =>
    ends(a.services.ping.ping(peer.addrs, options));

  it('PING-4: another block: ERR_PING, the stream is reset, the connection stays', async () => {
    const reasons: unknown[] = [];
    peer
      .handle(PING)
      .pipe(
        serve((stream) => {
          void firstValueFrom(stream.closed$).then(({ by }) => reasons.push(by));
          return stream.consume((bytes) => {
            stream.next(new Uint8Array(bytes.byteLength));
            return [];
          });
        }),
      )
      .subscribe();
    expect(await outcome()).toMatchObject({ code: 'ERR_PING', fault: 'remote' });
    await net.advance(1000);
    expect(reasons).toEqual(['remote']);
    expect(a.connections).toHaveLength(1);
  });

  it('more than was asked for: ERR_PING', async () => {
    peer
      .handle(PING)
      .pipe(
        serve((stream) =>
          stream.consume((bytes) => {
            stream.next(bytes);
            stream.next(bytes);
            return [];
          }),
        ),
      )
      .subscribe();
    expect(await outcome()).toMatchObject({ code: 'ERR_PING' });
  });

  it('never: ERR_TIMEOUT after ten seconds', async () => {
    peer.handle(PING).subscribe();
    const startedAt = net.now();
    expect(await outcome()).toMatchObject({ code: 'ERR_TIMEOUT', stage: 'ping', afterMs: 10_000 });
    expect(net.now() - startedAt).toBeLessThan(11_000);
  });

  it('with an end: one new stream, and then its error', async () => {
    let streams = 0;
    peer.handle(PING).subscribe((stream) => {
      streams += 1;
      stream.close();
    });
    expect(await outcome()).toMatchObject({ code: 'ERR_UNEXPECTED_END' });
    expect(streams).toBe(1);
  });

  it('not at all: ERR_UNSUPPORTED_PROTOCOL', async () => {
    expect(await outcome()).toMatchObject({ code: 'ERR_UNSUPPORTED_PROTOCOL' });
  });
});

describe('PING-2: the responder', () => {
  let peer: Host;
  beforeEach(async () => {
    peer = await net.createHost({ services: NO_SERVICES });
  });
  const open = (): Promise<Stream> => net.runUntil(peer.newStream(a.addrs, PING));
  const read = (stream: Stream, count: number): Promise<number> =>
    net.runUntil(
      lastValueFrom(stream.pipe(take(count), toArray())).then((chunks) =>
        chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      ),
    );

  it('gives back whole blocks, and nothing of a part of one', async () => {
    const stream = await open();
    const got: number[] = [];
    stream.subscribe(({ byteLength }) => got.push(byteLength));
    stream.next(new Uint8Array(31));
    await net.advance(1000);
    expect(got).toEqual([]);
    stream.next(new Uint8Array(33));
    await net.advance(1000);
    expect(got).toEqual([64]);
  });

  it('ends the stream ten seconds after the last ping; part of one is none', async () => {
    const stream = await open();
    let endedAt = 0;
    stream.subscribe({ complete: () => (endedAt = net.now()) });
    const startedAt = net.now();
    stream.next(new Uint8Array(32));
    for (let i = 0; i < 9; i += 1) {
      await net.advance(1000);
      stream.next(new Uint8Array(1));
    }
    await net.advance(5000);
    expect(endedAt - startedAt).toBe(10_000 + RTT_MS);
  });

  it('ends it after thirty seconds, however busy it is', async () => {
    const stream = await open();
    let endedAt = 0;
    stream.subscribe({ complete: () => (endedAt = net.now()) });
    const startedAt = net.now();
    for (let i = 0; i < 40; i += 1) {
      stream.next(new Uint8Array(32));
      await net.advance(1000);
    }
    expect(endedAt - startedAt).toBe(30_000);
  });

  it('takes two streams of one peer, and resets the third with 0x1002', async () => {
    const first = await open();
    await open();
    const third = await open().catch((error: unknown) => error);
    expect(third).toBeInstanceOf(StreamResetError);
    expect(third).toMatchObject({ resetCode: 0x1002 });
    expect(events.filter(({ type }) => type === 'limit:refuse')).toMatchObject([
      { limit: 'inboundStreams', value: 2 },
    ]);
    first.close();
    await net.advance(1000);
    const again = await open();
    again.next(new Uint8Array(32));
    expect(await read(again, 1)).toBe(32);
  });

  it('writes no more than who pings takes', async () => {
    const stream = await open();
    for (let i = 0; i < 64; i += 1) {
      stream.next(new Uint8Array(32 * 1024));
      await net.advance(100);
    }
    const answering = a.connections.find(({ remotePeer }) => remotePeer.equals(peer.peerId))?.streams[0];
    expect(answering!.bytesWritten).toBeLessThan(1024 * 1024);
  });
});
