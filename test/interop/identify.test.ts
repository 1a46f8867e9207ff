import { setTimeout as sleep } from 'node:timers/promises';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { createHost, ofType, type Host, type HostEvent } from '../../src/index.js';
import { Peer, type Implementation } from './peer.js';

const STANDARD = ['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0'];
interface Known {
  readonly protocols: readonly string[];
  readonly addrs: readonly string[];
  readonly certified: boolean;
  readonly agent: string;
}

const implementations = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go,js').split(',') as Implementation[];
const pairs = implementations.flatMap((implementation) =>
  [false, true].map((insecure) => ({ implementation, insecure, over: insecure ? 'plaintext' : 'noise' })),
);

describe.each(pairs)('with $implementation over $over', ({ implementation, insecure }) => {
  let host: Host;
  let peer: Peer;
  let events: HostEvent[];
  let id: string;
  beforeEach(async () => {
    events = [];
    [host, peer] = await Promise.all([
      createHost({
        listen: ['/ip4/127.0.0.1/tcp/0'],
        insecure,
        userAgent: 'interop/1',
        events: { next: (event) => events.push(event) },
      }),
      Peer.start(implementation, { security: insecure ? 'plaintext' : 'noise' }),
    ]);
    id = /\/p2p\/(.+)$/.exec(peer.addr)?.[1] ?? '';
  });
  afterEach(async () => {
    await host.stop();
    await peer.stop();
  });
  const own = (): string => String(host.addrs[0]);
  const theirs = (): string => peer.addr.replace(/\/p2p\/.*/, '');
  const expectNoTrouble = (): void => {
    expect(
      events.filter(({ type }) => type === 'warning' || type === 'unhandled' || type === 'limit:refuse'),
    ).toEqual([]);
  };

  it('we learn who they are, and their signed addresses', async () => {
    const said = await lastValueFrom(host.services.identify.identify(peer.addr));
    expect(said.protocols).toEqual(expect.arrayContaining([...STANDARD, '/interop/echo/1']));
    expect(said.listenAddrs).toContain(theirs());
    expect(said.observedAddr).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/);
    expect(said.agent).not.toBe('');
    const known = host.peerStore.get(id)!;
    expect(known.addrs.filter(({ certified }) => certified).map(({ addr }) => addr.toString())).toContain(
      theirs(),
    );
    expect(known.protocols).toEqual(expect.arrayContaining(STANDARD));
    expectNoTrouble();
  });

  it('they learn who we are, when we dial and when they do', async () => {
    const known = (await peer.run('identify', own())) as Known;
    expect(known.protocols).toEqual(expect.arrayContaining(STANDARD));
    expect(known.agent).toBe('interop/1');
    expect(known.addrs.map((addr) => addr.replace(/\/p2p\/.*/, ''))).toContain(
      own().replace(/\/p2p\/.*/, ''),
    );
    if (implementation === 'js') expect(known.certified).toBe(true);
    await firstValueFrom(host.services.identify.identify(peer.addr));
    expectNoTrouble();
  });

  it('they hear of our protocols that come and go', async () => {
    await peer.run('identify', own());
    const handler = host.handle('/interop/later/1').subscribe();
    await peer.run('wait-for', own(), 0, '/interop/later/1');
    handler.unsubscribe();
    const known = (await peer.run('wait-without', own(), 0, '/interop/later/1')) as Known;
    expect(known.protocols).toEqual(expect.arrayContaining(STANDARD));
    expectNoTrouble();
  });

  it('we hear of their protocols that come and go', async () => {
    await firstValueFrom(host.services.identify.identify(peer.addr));
    // They push to whom they know to take pushes.
    await peer.run('wait-for', own(), 0, '/ipfs/id/push/1.0.0');
    const change = (wants: (event: { added: readonly string[]; removed: readonly string[] }) => boolean) =>
      firstValueFrom(host.event$.pipe(ofType('peer:protocols'), filter(wants)));
    const added = change((event) => event.added.includes('/interop/later/1'));
    await peer.run('handle', own(), 0, '/interop/later/1');
    await added;
    expect(host.peerStore.get(id)?.protocols).toEqual(
      expect.arrayContaining([...STANDARD, '/interop/later/1']),
    );
    const removed = change((event) => event.removed.includes('/interop/later/1'));
    await peer.run('unhandle', own(), 0, '/interop/later/1');
    await removed;
    expect(host.peerStore.get(id)?.protocols).not.toContain('/interop/later/1');
    expectNoTrouble();
  });

  it('a protocol that they told of is selected without a round trip', async () => {
    await firstValueFrom(host.services.identify.identify(peer.addr));
    const stream = await firstValueFrom(host.newStream(peer.addr, '/interop/echo/1'));
    stream.next(Buffer.from('hello'));
    expect(Buffer.from(await firstValueFrom(stream)).toString()).toBe('hello');
    stream.close();
  });

  it('we ping them, and they ping us', async () => {
    const times = await lastValueFrom(
      host.services.ping.ping(peer.addr, { count: 5, everyMs: 20 }).pipe(toArray()),
    );
    expect(times).toHaveLength(5);
    expect(times.every((ms) => ms >= 0 && ms < 1000)).toBe(true);
    expect(host.peerStore.get(id)?.rttMs).toBeGreaterThan(0);
    expect(await peer.run('ping', own(), 5)).toBe(5);
    // A stream that was pinged on ends on both sides.
    await sleep(100);
    const left = host.connections.flatMap(({ streams }) => streams.map(({ protocol }) => protocol));
    expect(left.filter((protocol) => protocol === '/ipfs/ping/1.0.0')).toEqual([]);
    expectNoTrouble();
  });
});
