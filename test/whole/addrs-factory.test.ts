import {
  concat,
  map,
  NEVER,
  of,
  Subject,
  switchMap,
  take,
  tap,
  throwError,
  type MonoTypeOperatorFunction,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { ofType, parseMultiaddr, type Host, type HostEvent } from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

type Factory = MonoTypeOperatorFunction<readonly Multiaddr[]>;
const PUBLIC = parseMultiaddr('/ip4/1.2.3.4/tcp/4001');

let net: SimulatedNetwork;
const told: HostEvent[] = [];
beforeEach(() => {
  told.length = 0;
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
});
const made = (addrsFactory: Factory): Promise<Host> =>
  net.createHost({ addrsFactory, events: { next: (event) => told.push(event) } });
const announcing: Factory = map((addrs) => [...addrs, PUBLIC]);
const texts = (addrs: readonly Multiaddr[]): string[] => addrs.map(String);
const changes = (): unknown[] =>
  told.flatMap((event) => (event.type === 'addrs:change' ? [event.addrs] : []));
const warnings = (): string[] => told.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

describe('[ADDR-4] addrsFactory', () => {
  it('makes the addresses of the listen addresses, each with the peer, each once', async () => {
    const host = await made(map((addrs) => [...addrs, PUBLIC, ...addrs]));
    const peer = `/p2p/${host.peerId.toString()}`;
    const expected = [`/memory/1${peer}`, `/ip4/1.2.3.4/tcp/4001${peer}`];
    expect(texts(host.addrs)).toEqual(expected);
    expect(texts(await net.runUntil(host.addrs$))).toEqual(expected);
    expect(changes().at(-1)).toEqual(expected);
  });

  it('follows the listeners, and the snapshot is there before the event', async () => {
    const host = await made(announcing);
    const seen: string[][] = [];
    host.event$.pipe(ofType('addrs:change')).subscribe(() => seen.push(texts(host.addrs)));
    const listening = host.listen('/memory/55').subscribe();
    await net.advance(1);
    expect(seen.at(-1)?.map((addr) => addr.split('/p2p')[0])).toEqual([
      '/memory/1',
      '/memory/55',
      '/ip4/1.2.3.4/tcp/4001',
    ]);
    listening.unsubscribe();
    expect(seen).toHaveLength(2);
    expect(changes().slice(-2)).toEqual(seen);
  });

  it('publishes where nobody listens', async () => {
    const host = await net.createHost({ listen: [], addrsFactory: announcing });
    expect(host.addrs).toHaveLength(1);
  });

  it('may emit on its own, and the same again is no change', async () => {
    const found = new Subject<Multiaddr>();
    const host = await made(
      switchMap((addrs) => concat(of(addrs), found.pipe(map((addr) => [...addrs, addr])), NEVER)),
    );
    const before = changes().length;
    found.next(PUBLIC);
    found.next(PUBLIC);
    expect(host.addrs).toHaveLength(2);
    expect(changes()).toHaveLength(before + 1);
  });

  it('is what identify tells, and what a record is signed of', async () => {
    const [host, other] = [await made(announcing), await net.createHost()];
    const identified = net.runUntil(other.event$.pipe(ofType('peer:identify')));
    await net.runUntil(other.dial(host.addrs.slice(0, 1)));
    expect((await identified).listenAddrs).toContain(PUBLIC.toString());
    const own = (): string[] =>
      (host.peerStore.get(host.peerId)?.addrs ?? []).map(({ addr }) => addr.toString());
    expect(own().sort()).toEqual([PUBLIC.toString(), '/memory/1'].sort());
  });

  it('is told to peers when it changes', async () => {
    const found = new Subject<Multiaddr>();
    const host = await made(
      switchMap((addrs) => concat(of(addrs), found.pipe(map((addr) => [...addrs, addr])))),
    );
    const other = await net.createHost();
    await net.runUntil(other.dial(host.addrs));
    await net.advance(5_000);
    const pushed = net.runUntil(other.event$.pipe(ofType('peer:identify')));
    found.next(PUBLIC);
    expect((await pushed).listenAddrs).toContain(PUBLIC.toString());
  });

  it('[ADDR-5] may give the same list every time', async () => {
    const list: Multiaddr[] = [];
    const host = await made(
      map((addrs) => {
        list.splice(0, list.length, ...addrs, PUBLIC);
        return list;
      }),
    );
    const { addrs } = host;
    host.listen('/memory/55').subscribe();
    await net.advance(1);
    expect(addrs).toHaveLength(2);
    expect(host.addrs).toHaveLength(3);
  });
});

describe('an addrsFactory that is broken', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  it.each<[string, Factory, string]>([
    ['throws as it is called', boom, 'addrsFactory failed: boom'],
    ['throws at a list', map(boom), 'addrsFactory failed: boom'],
    ['errors', switchMap(() => throwError(() => new Error('boom'))), 'addrsFactory failed: boom'],
    ['completes', take(1), 'addrsFactory completed'],
    ['gives no Observable', (() => 7) as unknown as Factory, 'addrsFactory failed: '],
    ['emits no list', map(() => 7 as unknown as Multiaddr[]), 'it emitted 7'],
    ['emits no address', map(() => ['/ip4'] as unknown as Multiaddr[]), 'addrsFactory failed: '],
    [
      'emits another peer’s address',
      map(() => [
        parseMultiaddr('/ip4/1.2.3.4/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'),
      ]),
      'which is another peer',
    ],
  ])('that %s is one warning, and the addresses are as they are', async (_, factory, message) => {
    const host = await made(factory);
    host.listen('/memory/55').subscribe();
    await net.advance(1);
    expect(texts(host.addrs).map((addr) => addr.split('/p2p')[0])).toEqual(['/memory/1', '/memory/55']);
    expect(changes().at(-1)).toEqual(texts(host.addrs));
    expect(warnings()).toEqual([expect.stringContaining(message)]);
  });

  it('and fails late costs nobody the addresses that there are', async () => {
    const end = new Subject<never>();
    const host = await made((source$) =>
      source$.pipe(switchMap((addrs) => concat(of([...addrs, PUBLIC]), end))),
    );
    expect(host.addrs).toHaveLength(2);
    const before = changes().length;
    end.error(new Error('gone'));
    expect(host.addrs).toHaveLength(1);
    expect(changes()).toHaveLength(before + 1);
  });
});

it('is let go of when the host stops, whose last addresses are none', async () => {
  let subscribed = 0;
  const host = await made((source$) =>
    source$.pipe(
      tap({ subscribe: () => (subscribed += 1), unsubscribe: () => (subscribed -= 1) }),
      announcing,
    ),
  );
  expect(subscribed).toBe(1);
  const last: number[] = [];
  host.addrs$.subscribe({ next: ({ length }) => last.push(length), complete: () => last.push(-1) });
  await net.runUntil(host.stop());
  expect(subscribed).toBe(0);
  expect(last).toEqual([2, 0, -1]);
  expect(host.addrs).toEqual([]);
  expect(warnings()).toEqual([]);
});

it('what is no operator is refused', async () => {
  await expect(net.createHost({ addrsFactory: [] as never })).rejects.toThrow(
    'addrsFactory is []; it takes an operator',
  );
});
