/** Reliability promise P15, in virtual time: what is over leaves no timer and no count. `bench/leak.mjs` has it with sockets and the heap. */
import { lastValueFrom, type SchedulerLike } from 'rxjs';
import { serve, withStream, type Host } from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

const ECHO = '/echo/1.0.0';
let net: SimulatedNetwork;
let a: Host;
let b: Host;
beforeEach(async () => {
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  [a, b] = [await net.createHost({ listen: [] }), await net.createHost()];
  b.handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
});

/** What the clock of the whole network has to do next. */
const nextAt = (): number | undefined => (net.scheduler as SchedulerLike & { nextAt?: number }).nextAt;
/** The same without what is remembered of peers, which is to expire one day; what they said of themselves, a minute later (PS-61). */
const nextButMemory = async (): Promise<number | undefined> => {
  expect(nextAt()).toBeGreaterThan(net.now() + 59_000);
  await net.advance(60_000);
  a.peerStore.clearAddrs(b.peerId);
  b.peerStore.clearAddrs(a.peerId);
  return nextAt();
};
const echo = (lazy: boolean | undefined): Promise<unknown> =>
  net.runUntil(
    lastValueFrom(
      a.newStream(b.addrs, ECHO, { lazy }).pipe(
        withStream((stream) => {
          stream.next(new Uint8Array(10));
          stream.complete();
          return stream;
        }),
      ),
    ),
  );
const dial = async (): Promise<void> => {
  const connection = await net.runUntil(a.dial(b.addrs));
  await net.advance(100);
  connection.abort(new Error('enough'));
  await net.advance(100);
};

it('P15: once the last connection is closed, no timer of either host is left', async () => {
  expect(nextAt()).toBeUndefined();
  for (let cycle = 0; cycle < 3; cycle += 1) {
    await dial();
    expect([a.connections.length, b.connections.length]).toEqual([0, 0]);
    expect(await nextButMemory()).toBeUndefined();
  }
});

it.each([undefined, true, false])(
  'P15: streams leave nothing but the connection that they were on, with lazy: %s',
  async (lazy) => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(1_000);
    const before = nextAt();
    // The next ping of the muxer: not the idle time of a stream, nor the deadline of its protocol.
    expect(before).toBeLessThan(20_000);
    for (let cycle = 0; cycle < 20; cycle += 1) await echo(lazy);
    await net.advance(100);
    expect(a.connections[0]?.streams).toEqual([]);
    const idle = (host: Host): unknown => host.connections.map(({ streams }) => streams.length);
    expect([idle(a), idle(b)]).toEqual([[0], [0]]);
    a.connections[0]?.abort(new Error('enough'));
    await net.advance(100);
    expect(await nextButMemory()).toBeUndefined();
  },
);
