/** The event bus of the sheet (BUS) and its catalogue (EVT), as one stream of events has them. */
import { bufferCount, map, take } from 'rxjs';
import { ofType, serve, type Host, type HostEvent } from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

let net: SimulatedNetwork;
let a: Host;
let b: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  [a, b] = [
    await net.createHost({ events: { next: (event) => events.push(event) } }),
    await net.createHost(),
  ];
});
const last = <T extends HostEvent['type']>(type: T): Extract<HostEvent, { type: T }> | undefined =>
  events.findLast((event): event is Extract<HostEvent, { type: T }> => event.type === type);
const protocols = (host: Host, ids: string[]): void => {
  for (const id of ids) host.handle(id).subscribe();
};

describe('subscribing to event$', () => {
  it('BUS-1: is to one type, to several, or to all', () => {
    const seen: Record<string, string[]> = { one: [], several: [], all: [] };
    a.event$.pipe(ofType('addrs:change')).subscribe(({ type }) => seen['one']?.push(type));
    a.event$.pipe(ofType('addrs:change', 'listen:open')).subscribe(({ type }) => seen['several']?.push(type));
    a.event$.subscribe(({ type }) => seen['all']?.push(type));
    protocols(a, ['/x']);
    a.listen('/memory/50').subscribe();
    expect(seen).toEqual({
      one: ['addrs:change'],
      several: ['addrs:change', 'listen:open'],
      all: ['protocols:change', 'addrs:change', 'listen:open'],
    });
  });

  it('BUS-2, BUS-3: a subscriber who buffers, or never takes anything, holds up neither the host nor the others', async () => {
    const [slow, fast]: [number[], number[]] = [[], []];
    a.event$.pipe(bufferCount(1_000)).subscribe((list) => slow.push(list.length));
    a.event$.subscribe(({ seq }) => fast.push(seq));
    for (let count = 0; count < 200; count += 1)
      a.handle(`/p/${String(count)}`)
        .subscribe()
        .unsubscribe();
    expect([slow.length, fast.length]).toEqual([0, 400]);
    await net.runUntil(a.dial(b.addrs));
  });

  it('BUS-4: what has a current value replays it, and what happens does not', async () => {
    await net.runUntil(a.dial(b.addrs));
    const seen: unknown[] = [];
    a.peers$.pipe(map(({ length }) => length)).subscribe((count) => seen.push(['peers$', count]));
    a.addrs$.pipe(map(({ length }) => length)).subscribe((count) => seen.push(['addrs$', count]));
    a.connections$.subscribe(({ length }) => seen.push(['connections$', length]));
    a.event$.subscribe(() => seen.push('event$'));
    expect(seen).toEqual([
      ['peers$', 1],
      ['addrs$', 1],
      ['connections$', 1],
    ]);
  });

  it('BUS-5, BUS-9: ends with it: who has unsubscribed hears nothing more, and may do so twice', () => {
    const seen: string[] = [];
    const subscription = a.event$.subscribe(({ type }) => seen.push(type));
    subscription.unsubscribe();
    subscription.unsubscribe();
    a.event$.pipe(take(1)).subscribe(({ type }) => seen.push(`one ${type}`));
    protocols(a, ['/x', '/y']);
    expect(seen).toEqual(['one protocols:change']);
  });

  it('BUS-6: to a host that has stopped is completion, however often', async () => {
    await net.runUntil(a.stop());
    let completions = 0;
    for (let time = 0; time < 2; time += 1) a.event$.subscribe({ complete: () => (completions += 1) });
    expect(completions).toBe(2);
  });

  it('BUS-10: every subscriber has all events in one order, without a gap, also across types', async () => {
    const seen: number[][] = [[], []];
    for (const list of seen) a.event$.subscribe(({ seq }) => list.push(seq));
    a.event$.pipe(ofType('peer:connect')).subscribe(() => {
      protocols(a, ['/in/the/middle']);
    });
    await net.runUntil(a.dial(b.addrs));
    await net.advance(100);
    const [first = []] = seen;
    expect(seen[1]).toEqual(first);
    expect(first).toEqual(first.map((_, at) => (first[0] ?? 0) + at));
  });

  it('BUS-7, BUS-8: an event is one of a closed union, and of no other type', () => {
    const seen: string[] = [];
    a.event$.pipe(ofType('no such event' as 'warning')).subscribe(({ type }) => seen.push(type));
    protocols(a, ['/x']);
    expect(seen).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('EVT-1: peer:connect and peer:disconnect say who is connected, and whether only with limits', async () => {
    const connection = await net.runUntil(a.dial(b.addrs));
    expect(last('peer:connect')).toMatchObject({ peer: b.peerId.toString(), limited: false });
    connection.abort(new Error('enough'));
    expect(last('peer:disconnect')).toMatchObject({ peer: b.peerId.toString() });
  });

  it('EVT-2: peer:identify has what the peer says of itself, and on which connection', async () => {
    protocols(b, ['/x']);
    const connection = await net.runUntil(a.dial(b.addrs));
    await net.advance(100);
    expect(last('peer:identify')).toMatchObject({
      peer: b.peerId.toString(),
      connectionId: connection.id,
      agent: expect.stringMatching(/^rx-libp2p\//) as string,
      protocols: ['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', '/x'],
      listenAddrs: ['/memory/2'],
    });
    expect(last('peer:identify')?.connection).toBe(connection);
  });

  it('EVT-3: a peer that does not say who it is is a warning, and stays connected', async () => {
    const silent = await net.createHost({ services: { identify: false } });
    silent.handle('/ipfs/id/1.0.0').subscribe();
    await net.runUntil(a.dial(silent.addrs));
    await net.advance(6_000);
    expect(last('warning')).toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringContaining('identify') as string,
    });
    expect(a.peers).toHaveLength(1);
  });

  it('EVT-4: peer:protocols has what a push has added and taken away', async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(1_000);
    const handling = b.handle('/new').subscribe();
    await net.advance(1_000);
    expect(last('peer:protocols')).toMatchObject({ added: ['/new'], removed: [] });
    handling.unsubscribe();
    await net.advance(1_000);
    expect(last('peer:protocols')).toMatchObject({ added: [], removed: ['/new'] });
  });

  it('EVT-5, HOST-12: protocols:change has exactly what was registered, or is no longer', () => {
    const one = a.handle(['/x', '/y']).subscribe();
    expect(last('protocols:change')).toMatchObject({ added: ['/x', '/y'], removed: [] });
    one.unsubscribe();
    expect(last('protocols:change')).toMatchObject({ added: [], removed: ['/x', '/y'] });
    const matcher = a.handle({ name: '/m/*', matches: () => false }).subscribe();
    expect(last('protocols:change')).toMatchObject({ added: ['/m/*'], removed: [] });
    matcher.unsubscribe();
    expect(last('protocols:change')).toMatchObject({ added: [], removed: ['/m/*'] });
  });

  it('EVT-6, EVT-20, ADDR-1, ADDR-10: addrs:change has all addresses that there are from then on, at each change and at no other time', async () => {
    const count = (): number => events.filter(({ type }) => type === 'addrs:change').length;
    const before = count();
    const listening = a.listen('/memory/50').subscribe();
    const own = (addr: string): string => `${addr}/p2p/${a.peerId.toString()}`;
    expect(last('addrs:change')?.addrs).toEqual([own('/memory/1'), own('/memory/50')]);
    expect(a.addrs.map(String)).toEqual(last('addrs:change')?.addrs);
    listening.unsubscribe();
    expect(last('addrs:change')?.addrs).toEqual([own('/memory/1')]);
    await net.advance(600_000);
    expect(count()).toBe(before + 2);
  });

  it('EVT-7 to EVT-11: of relays, reachability and NATs there is nothing to tell yet, and of no DHT', async () => {
    b.handle('/x')
      .pipe(serve((stream) => stream))
      .subscribe();
    await net.runUntil(a.newStream(b.addrs, '/x'));
    await net.advance(600_000);
    expect(events.filter(({ type }) => /relay|reachability/.test(type))).toEqual([]);
  });
});
