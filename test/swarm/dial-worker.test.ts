import { ignoreElements, NEVER, type Observable } from 'rxjs';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import type { DialStrategy } from '../../src/core/dial-contract.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { Permits } from '../../src/rx/permits.js';
import { DialBackoff } from '../../src/swarm/backoff.js';
import { BlackHoles } from '../../src/swarm/black-hole.js';
import type { ConnectUpdate } from '../../src/swarm/dial-attempt.js';
import type { DialInput, DialOutput } from '../../src/swarm/dial-state.js';
import { dialWorker, type DialWorkerDeps } from '../../src/swarm/dial-worker.js';
import { defaultRanking } from '../../src/swarm/strategies.js';
import { marbles } from '../support/marbles.js';
import { requestOf, type FakeConnection } from '../support/dial-bench.js';

const QUIC = '/ip4/1.1.1.1/udp/1/quic-v1';
const TCP = '/ip4/1.1.1.1/tcp/1';
const TCP2 = '/ip4/2.2.2.2/tcp/2';
const WEBRTC = '/ip4/3.3.3.3/udp/3/webrtc-direct';

type Connect = Observable<ConnectUpdate<FakeConnection>>;
type Input = DialInput<FakeConnection>;
/** Marbles of an attempt: `s` the socket stands, `c` connected. */
const NEWS: Record<string, ConnectUpdate<FakeConnection>> = {
  s: { type: 'progress', stage: 'connected' },
  c: { type: 'connected', connection: { id: 'connection' } },
};
const REFUSED = new Error('refused');

function worker(
  inputs: Observable<Input>,
  scheduler: TestScheduler,
  connects: Readonly<Record<string, Connect>>,
  more: Partial<DialWorkerDeps<FakeConnection>> = {},
): Observable<DialOutput<FakeConnection>> {
  return dialWorker(inputs, {
    scheduler,
    strategy: defaultRanking(),
    backoff: new DialBackoff(),
    blackHoles: new BlackHoles({ udp: false, ipv6: false }, () => undefined),
    descriptors: new Permits(160),
    perPeer: 8,
    addrTimeoutMs: 15_000,
    privateAddrTimeoutMs: 5_000,
    acceptable: () => undefined,
    canDial: () => true,
    resolve: () => NEVER,
    refusesPeer: () => undefined,
    refusesAddr: () => undefined,
    connect: ({ key }) => connects[key] ?? NEVER,
    ...more,
  });
}

const asks = (id: string, ...addrs: string[]): Input => ({ type: 'request', request: requestOf(id, addrs) });
const hangs = (cold: RunHelpers['cold']): ReturnType<typeof cold<ConnectUpdate<FakeConnection>>> =>
  cold('-', NEWS);
const asked = (cold: RunHelpers['cold'], ...addrs: string[]): Observable<Input> =>
  cold('r', { r: asks('1', ...addrs) });

describe('the timelines of the sheet', () => {
  it(
    'WORK-20: QUIC fails at 100 ms, so TCP starts at once',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const quic = cold('100ms #', NEWS, REFUSED);
      const tcp = hangs(cold);
      expectObservable(worker(asked(cold, QUIC, TCP), scheduler, { [QUIC]: quic, [TCP]: tcp }), '1s !');
      expectSubscriptions(quic.subscriptions).toBe('^ 99ms !');
      expectSubscriptions(tcp.subscriptions).toBe('100ms ^ 899ms !');
    }),
  );

  it(
    'WORK-21: QUIC succeeds at 200 ms, and TCP is never dialed',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const quic = cold('200ms c', NEWS);
      const tcp = hangs(cold);
      expectObservable(worker(asked(cold, QUIC, TCP), scheduler, { [QUIC]: quic, [TCP]: tcp }), '1s !');
      expectSubscriptions(quic.subscriptions).toBe('^ 199ms !');
      expectSubscriptions(tcp.subscriptions).toBe([]);
    }),
  );

  it(
    'WORK-22: QUIC hangs, so TCP starts at 250 ms',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const [quic, tcp] = [hangs(cold), hangs(cold)];
      expectObservable(worker(asked(cold, QUIC, TCP), scheduler, { [QUIC]: quic, [TCP]: tcp }), '1s !');
      expectSubscriptions(quic.subscriptions).toBe('^ 999ms !');
      expectSubscriptions(tcp.subscriptions).toBe('250ms ^ 749ms !');
    }),
  );

  it(
    'WORK-23: a socket that stands at 200 ms holds the next back until 450 ms, and nobody behind that',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const a = cold('200ms s', NEWS);
      const [b, webrtc] = [hangs(cold), hangs(cold)];
      expectObservable(
        worker(asked(cold, TCP, TCP2, WEBRTC), scheduler, { [TCP]: a, [TCP2]: b, [WEBRTC]: webrtc }),
        '2s !',
      );
      expectSubscriptions(a.subscriptions).toBe('^ 1999ms !');
      expectSubscriptions(b.subscriptions).toBe('450ms ^ 1549ms !');
      expectSubscriptions(webrtc.subscriptions).toBe('1250ms ^ 749ms !');
    }),
  );

  it(
    'WORK-24: an address with a delay, and nothing before it, starts at once',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const webrtc = hangs(cold);
      expectObservable(worker(asked(cold, WEBRTC), scheduler, { [WEBRTC]: webrtc }), '1s !');
      expectSubscriptions(webrtc.subscriptions).toBe('^ 999ms !');
    }),
  );

  it(
    'WORK-25: what a second request brings after 10 s, ranked at 250 ms, starts at once, though an old dial hangs',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const [old, tcp] = [hangs(cold), hangs(cold)];
      const input$ = cold('r 9999ms s', { r: asks('1', QUIC), s: asks('2', QUIC, TCP) });
      expectObservable(worker(input$, scheduler, { [QUIC]: old, [TCP]: tcp }), '11s !');
      expectSubscriptions(old.subscriptions).toBe('^ 10999ms !');
      expectSubscriptions(tcp.subscriptions).toBe('10s ^ 999ms !');
    }),
  );
});

describe('a worker', () => {
  it(
    'cancels all other attempts in the moment in which one wins',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const [quic, tcp] = [hangs(cold), cold('100ms c', NEWS)];
      expectObservable(worker(asked(cold, QUIC, TCP), scheduler, { [QUIC]: quic, [TCP]: tcp }), '1s !');
      expectSubscriptions(quic.subscriptions).toBe('^ 349ms !');
      expectSubscriptions(tcp.subscriptions).toBe('250ms ^ 99ms !');
    }),
  );

  it(
    'cancels all attempts when it is closed, and completes',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const quic = hangs(cold);
      const input$ = cold('r----c---', { r: asks('1', QUIC), c: { type: 'close' } satisfies Input });
      expectObservable(worker(input$, scheduler, { [QUIC]: quic }).pipe(ignoreElements())).toBe('-----|');
      expectSubscriptions(quic.subscriptions).toBe('^----!');
      expectSubscriptions(input$.subscriptions).toBe('^----!');
    }),
  );

  it(
    'cancels all attempts when its subscriber leaves',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const quic = hangs(cold);
      expectObservable(worker(asked(cold, QUIC), scheduler, { [QUIC]: quic }), '--!');
      expectSubscriptions(quic.subscriptions).toBe('^-!');
    }),
  );

  it(
    'DIAL-5: gives one address 15 s, and a private one 5 s',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const home = '/ip4/192.168.1.1/tcp/1';
      const [quic, local] = [hangs(cold), hangs(cold)];
      expectObservable(worker(asked(cold, QUIC, home), scheduler, { [QUIC]: quic, [home]: local }), '20s !');
      expectSubscriptions(quic.subscriptions).toBe('^ 14999ms !');
      expectSubscriptions(local.subscriptions).toBe('^ 4999ms !');
    }),
  );

  it(
    "DIAL-6: an address's clock does not run while it waits for a permit",
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const strategy: DialStrategy = (plan$) => plan$;
      const [first, second] = [hangs(cold), hangs(cold)];
      expectObservable(
        worker(asked(cold, TCP, TCP2), scheduler, { [TCP]: first, [TCP2]: second }, { perPeer: 1, strategy }),
        '40s !',
      );
      expectSubscriptions(first.subscriptions).toBe('^ 14999ms !');
      expectSubscriptions(second.subscriptions).toBe('15s ^ 14999ms !');
    }),
  );

  it(
    'asks for its addresses while it lives, and no longer',
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const addr$ = cold('--a---b---', { a: [parseMultiaddr(QUIC)], b: [parseMultiaddr(TCP)] });
      const [quic, tcp] = [hangs(cold), cold('--c', NEWS)];
      const request: Input = { type: 'request', request: requestOf('1', addr$) };
      expectObservable(worker(cold('r', { r: request }), scheduler, { [QUIC]: quic, [TCP]: tcp }), '1s !');
      expectSubscriptions(addr$.subscriptions).toBe('^ 251ms !');
      expectSubscriptions(quic.subscriptions).toBe('--^ 249ms !');
      expectSubscriptions(tcp.subscriptions).toBe('250ms ^-!');
    }),
  );
});
