import { lastValueFrom, Observable, toArray, type Subscriber } from 'rxjs';
import { upgradeOutbound, type UpgradeDeps, type UpgradeUpdate } from '../../src/connection/upgrade.js';
import type { RawConnection, SecurityPart, TransportPart } from '../../src/core/parts.js';
import {
  generateKey,
  noise,
  parseMultiaddr,
  peerIdFrom,
  plaintext,
  serve,
  yamux,
  type DialError,
  type Host,
  type PeerId,
} from '../../src/index.js';
import { seededRandom, simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { memoryPair } from '../../src/transports/memory-duplex.js';
import { at, collect } from '../support/wilds.js';
import { duplexPair } from '../support/duplex-pair.js';

const A = '/ip4/1.2.3.4/tcp/1';
const B = '/ip4/1.2.3.5/tcp/1';
const LATENCY_MS = 5;
const STRANGER = peerIdFrom('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5');
const SECURITY: [string, () => SecurityPart][] = [
  ['noise', noise],
  ['plaintext', plaintext],
];

/** Two dials that meet in the middle, as SYN packets do: each gets one end, and nobody has listened. */
function meeting(net: SimulatedNetwork): TransportPart {
  let first: { readonly addr: string; readonly subscriber: Subscriber<RawConnection> } | undefined;
  const latency = (): number => LATENCY_MS;
  return {
    kind: 'transport',
    name: 'meeting',
    create: () => ({
      name: 'meeting',
      canDial: () => true,
      canListen: () => false,
      listen: () => new Observable(),
      dial: (addr) =>
        new Observable<RawConnection>((subscriber) => {
          if (first === undefined) {
            first = { addr: addr.toString(), subscriber };
            return;
          }
          const [near, far] = memoryPair(net.scheduler, latency, latency);
          const [ours, theirs] = [parseMultiaddr(first.addr), addr];
          subscriber.next({ duplex: near, localAddr: ours, remoteAddr: theirs });
          subscriber.complete();
          first.subscriber.next({ duplex: far, localAddr: theirs, remoteAddr: ours });
          first.subscriber.complete();
          first = undefined;
        }),
    }),
  };
}

async function twoHosts(security: SecurityPart): Promise<readonly [SimulatedNetwork, Host, Host]> {
  const net = simulateNetwork({ seed: 1 });
  const options = { transports: [meeting(net)], security: [security], listen: [] };
  const [a, b] = [await net.createHost(options), await net.createHost(options)];
  for (const host of [a, b])
    host
      .handle('/echo')
      .pipe(serve((stream) => stream.pipeTo(stream)))
      .subscribe();
  return [net, a, b];
}

describe.each(SECURITY)('two hosts that dial each other at the same moment, with %s', (_, security) => {
  let net: SimulatedNetwork;
  let a: Host;
  let b: Host;
  beforeEach(async () => {
    [net, a, b] = await twoHosts(security());
  });

  /** NET-12 */
  it.each([
    ['client', 'server'],
    ['server', 'client'],
  ] as const)('connect as %s and %s, both outbound, and open streams both ways', async (mine, theirs) => {
    const dials = [
      collect(a.dial(at(B, b), { simultaneousConnect: mine })),
      collect(b.dial(at(A, a), { simultaneousConnect: theirs })),
    ];
    await net.advance(1000);
    expect(
      dials.map(({ values }) =>
        values.map(({ direction, remotePeer }) => `${direction} ${remotePeer.toString()}`),
      ),
    ).toEqual([[`outbound ${b.peerId.toString()}`], [`outbound ${a.peerId.toString()}`]]);
    for (const [from, to] of [
      [a, b],
      [b, a],
      [a, b],
    ] as const) {
      const stream = await net.runUntil(from.newStream(to.peerId, '/echo'));
      stream.next(Uint8Array.of(1, 2, 3));
      stream.complete();
      const echoed = await net.runUntil(lastValueFrom(stream.pipe(toArray())));
      expect(echoed.flatMap((chunk) => [...chunk])).toEqual([1, 2, 3]);
    }
    expect([a.connections.length, b.connections.length]).toEqual([1, 1]);
  });

  it.each(['client', 'server'] as const)(
    'refuse the wrong peer as %s, and the other end ends too',
    async (role) => {
      const mine = collect(a.dial(at(B, { peerId: STRANGER }), { simultaneousConnect: role }));
      const theirs = collect(
        b.dial(at(A, a), { simultaneousConnect: role === 'client' ? 'server' : 'client' }),
      );
      await net.advance(60_000);
      const error = mine.ends[0] as DialError;
      expect(error.matches('ERR_PEER_ID_MISMATCH')).toBe(true);
      expect([mine.values, a.connections, b.connections]).toEqual([[], [], []]);
      // Who finished the handshake before had its connection for a moment.
      if (theirs.values.length === 0) expect(theirs.ends).toMatchObject([{ name: 'DialError' }]);
    },
  );
});

it('with noise two who both want to be client get no connection', async () => {
  const [net, a, b] = await twoHosts(noise());
  const dials = [
    collect(a.dial(at(B, b), { simultaneousConnect: 'client' })),
    collect(b.dial(at(A, a), { simultaneousConnect: 'client' })),
  ];
  await net.advance(60_000);
  expect(dials.map(({ ends }) => ends)).toMatchObject([[{ name: 'DialError' }], [{ name: 'DialError' }]]);
  expect([a.connections, b.connections]).toEqual([[], []]);
});

describe.each(SECURITY)('upgradeOutbound at both ends of a channel, with %s', (_, security) => {
  const bench = duplexPair();
  const random = seededRandom(1);
  const keys = [generateKey('Ed25519', { random }), generateKey('Ed25519', { random })] as const;
  const deps = (end: 0 | 1): UpgradeDeps => {
    const context = { scheduler: bench.clock, random, privateKey: keys[end] };
    return {
      security: [security().create(context)],
      muxers: [(yamux() as { create(context: unknown): UpgradeDeps['muxers'][0] }).create(context)],
    };
  };
  const addr = parseMultiaddr('/memory/1');

  it('tells its stages, and gives each end its role', () => {
    const ends = [bench.near, bench.far].map((duplex, end): UpgradeUpdate[] => {
      const other: PeerId = peerIdFrom(keys[end === 0 ? 1 : 0]);
      const role = end === 0 ? 'client' : 'server';
      return collect(
        upgradeOutbound({ duplex, localAddr: addr, remoteAddr: addr }, other, deps(end as 0 | 1), role),
      ).values;
    });
    bench.settle();
    for (const [end, updates] of ends.entries())
      expect(updates).toMatchObject([
        { type: 'progress', stage: 'connected' },
        { type: 'progress', stage: 'secured' },
        { type: 'upgraded', upgraded: { role: end === 0 ? 'client' : 'server' } },
      ]);
  });

  it.each(['client', 'server'] as const)('as %s destroys the channel when the peer is another', (role) => {
    const { near, far, settle } = duplexPair();
    const upgrading = collect(
      upgradeOutbound({ duplex: near, localAddr: addr, remoteAddr: addr }, STRANGER, deps(0), role),
    );
    const others = collect(
      upgradeOutbound(
        { duplex: far, localAddr: addr, remoteAddr: addr },
        peerIdFrom(keys[0]),
        deps(1),
        role === 'client' ? 'server' : 'client',
      ),
    );
    settle();
    expect(upgrading.ends).toMatchObject([{ code: 'ERR_PEER_ID_MISMATCH', fault: 'remote' }]);
    expect(others.ends).toHaveLength(1);
    expect(collect(near.read()).ends).toMatchObject([{ code: 'ERR_PEER_ID_MISMATCH' }]);
  });
});
