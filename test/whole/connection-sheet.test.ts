/** How connections come, are told, and go (CONN), as far as other tests do not say it. */
import type { Connection, Host, HostEvent } from '../../src/index.js';
import { at, wilds, type Wilds } from '../support/wilds.js';

const RELAY = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';
const OTHER_RELAY = RELAY.replace('5.6.7.8', '5.6.7.9');
const DIRECT = '/ip4/1.2.3.4/tcp/1';

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
  world.set({
    [DIRECT]: { leadsTo: b },
    [RELAY]: { leadsTo: b, relayed: { limited: true } },
    [OTHER_RELAY]: { leadsTo: b, relayed: { limited: false } },
  });
});
const dial = async (addr = DIRECT): Promise<Connection> =>
  (await world.end(a.dial(at(addr, b), { force: true }))) as Connection;
/** Who is connected and how, event by event. */
const told = (): string[] =>
  events.flatMap((event) => {
    if (event.type === 'peer:connect') return [event.limited ? 'limited' : 'connected'];
    if (event.type === 'peer:disconnect') return ['disconnected'];
    return event.type === 'connection:open' || event.type === 'connection:close'
      ? [event.type.replace('connection:', '')]
      : [];
  });

describe('a connection that comes', () => {
  it('CONN-1.3, CONN-7: and is refused by the gater is seen by nobody, and nothing of it is kept', async () => {
    const gated = await world.createHost({
      gater: { allowUpgraded: () => false },
      events: { next: (event) => events.push(event) },
    });
    const seen: number[] = [];
    gated.connections$.subscribe(({ length }) => seen.push(length));
    expect(await world.end(gated.dial(at(DIRECT, b)))).toMatchObject({ code: 'ERR_DIAL_FAILED' });
    await world.net.advance(100);
    expect([seen, gated.peers]).toEqual([[0], []]);
    expect(events.filter(({ type }) => /^(connection:open|peer:)/.test(type))).toEqual([]);
  });

  it('CONN-2, CONN-3, CONN-4: is there when it is told, told before its first stream, and before its dial has it', async () => {
    const order: string[] = [];
    b.event$.subscribe(({ type }) => order.push(type));
    b.handle('/x').subscribe(() => order.push('handled'));
    a.event$.subscribe(({ type }) => {
      if (type === 'peer:connect')
        order.push(`dialer: ${String(a.connections.length)} ${String(a.peers.length)}`);
    });
    a.newStream(at(DIRECT, b), '/x', { lazy: true }).subscribe((stream) => {
      order.push('opened');
      stream.next(new Uint8Array(1));
    });
    await world.net.advance(100);
    const place = (name: string): number => order.indexOf(name);
    expect(place('dialer: 1 1')).toBeLessThan(place('opened'));
    expect(place('connection:open')).toBeLessThan(place('stream:open'));
    expect(place('peer:connect')).toBeLessThan(place('handled'));
  });

  it('CONN-5: may be closed while it is being told; its close follows, once', async () => {
    a.event$.subscribe((event) => {
      if (event.type === 'connection:open') event.connection.abort(new Error('not this one'));
    });
    await dial();
    await world.net.advance(100);
    expect(told()).toEqual(['open', 'connected', 'close', 'disconnected']);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });

  it('CONN-6, CONN-8: beside others of its peer closes none of them', async () => {
    await dial();
    await dial();
    await world.net.advance(100);
    expect([a.connections.length, b.connections.length, a.peers.length]).toEqual([2, 2, 1]);
  });

  it('CONN-1.5: ends the back-off of its peer', async () => {
    world.set({ '/ip4/9.9.9.9/tcp/1': { refusesAfterMs: 1 } });
    await world.end(a.dial(at('/ip4/9.9.9.9/tcp/1', b)));
    const dialing = (a as unknown as { dialing: { backedOff: number } }).dialing;
    expect(dialing.backedOff).toBe(1);
    await dial();
    expect((a as unknown as { dialing: { backedOff: number } }).dialing.backedOff).toBe(0);
  });

  it('CONN-35: has an id of its peer’s first ten characters, and a number', async () => {
    const [one, two] = [await dial(), await dial()];
    const head = b.peerId.toString().slice(0, 10);
    expect([one.id, two.id]).toEqual([`${head}-1`, `${head}-2`]);
  });
});

describe('who is connected', () => {
  it('CONN-10, CONN-11, CONN-12: is told at the first of two connections, and at the end of the last', async () => {
    const [one, two] = [await dial(), await dial()];
    one.abort(new Error('enough'));
    expect(told()).toEqual(['open', 'connected', 'open', 'close']);
    two.abort(new Error('enough'));
    expect(told().slice(4)).toEqual(['close', 'disconnected']);
  });

  it('CONN-13: by a relay with limits only is told as limited, and then as connected, and as limited again', async () => {
    const limited = await dial(RELAY);
    const direct = await dial();
    expect(told()).toEqual(['open', 'limited', 'open', 'connected']);
    direct.abort(new Error('enough'));
    expect(told().slice(4)).toEqual(['close', 'limited']);
    limited.abort(new Error('enough'));
    expect(told().slice(6)).toEqual(['close', 'disconnected']);
  });

  it('CONN-13: a second limited connection, or a direct one beside a direct one, is no change', async () => {
    await dial(RELAY);
    await dial(RELAY);
    const [one] = [await dial(), await dial()];
    one.abort(new Error('enough'));
    expect(told().filter((word) => !/open|close/.test(word))).toEqual(['limited', 'connected']);
  });

  it('CONN-40, CONN-41, CONN-42: a relay without limits is no limit', async () => {
    expect(await dial(OTHER_RELAY)).toMatchObject({ limited: false });
    expect(told()).toEqual(['open', 'connected']);
  });

  it('CONN-14: nothing is kept of who has gone', async () => {
    for (let round = 0; round < 3; round += 1) {
      (await dial()).abort(new Error('enough'));
      await world.net.advance(100);
    }
    const { registry } = a as unknown as { registry: { byPeer: Map<string, unknown> } };
    expect(registry.byPeer.size).toBe(0);
  });
});

describe('a connection that goes', () => {
  it('CONN-16, CONN-17: is told once, and never before it was told to have come', async () => {
    const connection = await dial();
    connection.abort(new Error('enough'));
    connection.abort(new Error('more than enough'));
    await world.net.runUntil(connection.close());
    await world.net.advance(1_000);
    expect(told()).toEqual(['open', 'connected', 'close', 'disconnected']);
  });

  it('CONN-30: has the reason of whoever closed it first', async () => {
    const connection = await dial();
    const reasons: unknown[] = [];
    connection.abort(new Error('first'));
    connection.abort(new Error('second'));
    connection.closed$.subscribe((reason) => reasons.push(reason));
    expect(reasons).toMatchObject([{ by: 'local', error: { message: 'first' } }]);
  });

  it('CONN-31, CONN-32: is gone from the lists when the call returns, its streams have ended, and it opens no more', async () => {
    b.handle('/x').subscribe();
    const connection = await dial();
    const stream = await world.net.runUntil(connection.newStream('/x', { lazy: false }));
    const ends: unknown[] = [];
    stream.closed$.subscribe(({ by }) => ends.push(by));
    connection.abort(new Error('enough'));
    expect([a.connections, a.peers, connection.streams, ends]).toEqual([[], [], [], ['local']]);
    expect(await world.end(connection.newStream('/x'))).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  });

  it('CONN-33, CONN-34: by the remote is told the same way, as the remote’s', async () => {
    await dial();
    await world.net.advance(100);
    b.connections[0]?.abort(new Error('enough'));
    await world.net.advance(100);
    expect(told()).toEqual(['open', 'connected', 'close', 'disconnected']);
    expect(events.find(({ type }) => type === 'connection:close')).toMatchObject({ by: 'remote' });
  });

  it('CONN-15, CONN-18: does not wait for whoever hears of it, nor does it fail with them', async () => {
    const connection = await dial();
    // As slow as can be: it never comes back, as far as anybody else can tell.
    a.event$.subscribe(({ type }) => {
      if (type === 'connection:close') void new Promise(() => undefined);
    });
    connection.abort(new Error('enough'));
    expect(a.connections).toEqual([]);
    expect(told().slice(2)).toEqual(['close', 'disconnected']);
  });

  it('CONN-19: with its host is told before the host’s events end, and none comes behind', async () => {
    await dial();
    await world.net.runUntil(a.stop());
    const dialing = world.end(a.dial(at(DIRECT, b)));
    expect(await dialing).toMatchObject({ code: 'ERR_HOST_STOPPED' });
    expect(told()).toEqual(['open', 'connected', 'close', 'disconnected']);
  });
});
