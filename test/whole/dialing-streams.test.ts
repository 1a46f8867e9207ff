import { NEVER } from 'rxjs';
import type { Connection, DialError, Host, HostEvent, NewStreamOptions, Stream } from '../../src/index.js';
import { at, collect, told, wilds, type Wilds } from '../support/wilds.js';

const TCP = '/ip4/1.2.3.4/tcp/1';
const OTHER_TCP = '/ip4/1.2.3.5/tcp/1';
const RELAY = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';

let world: Wilds;
let a: Host;
let b: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  world = wilds();
  [a, b] = [
    await world.createHost({ events: { next: (event) => events.push(event) } }),
    await world.createHost(),
  ];
  b.handle('/x').subscribe();
});
const open = async (target: Parameters<Host['newStream']>[0], options?: NewStreamOptions): Promise<Stream> =>
  (await world.end(a.newStream(target, '/x', options))) as Stream;
const relayed = async (limited: boolean): Promise<Connection> => {
  world.set({ [RELAY]: { leadsTo: b, relayed: { limited } } });
  return (await world.end(a.dial(at(RELAY, b), { force: true }))) as Connection;
};

describe('newStream', () => {
  it('dials where there is no connection, once', async () => {
    expect((await open(b.addrs)).protocol).toBe('/x');
    await open(b.peerId);
    expect(events.filter(({ type }) => type === 'dial:start')).toHaveLength(1);
  });

  it('with noDial fails where there is no connection, and uses one that is there', async () => {
    expect(await open(b.addrs, { noDial: true })).toMatchObject({
      code: 'ERR_NO_CONNECTION',
      fault: 'local',
    });
    expect(world.dialed).toEqual([]);
    await world.end(a.dial(b.addrs));
    expect((await open(b.addrs, { noDial: true })).protocol).toBe('/x');
  });

  it('uses the best connection: CONN-43', async () => {
    world.set({ [TCP]: { leadsTo: b } });
    await relayed(false);
    const direct = await world.end(a.dial(at(TCP, b), { force: true }));
    await relayed(true);
    expect((await open(b.peerId)).connection).toBe(direct);
  });
});

describe('a connection that closes while a stream is opened', () => {
  const dials = (): number => events.filter(({ type }) => type === 'dial:start').length;
  beforeEach(async () => {
    world = wilds({ latencyMs: 5 });
    events = [];
    [a, b] = [
      await world.createHost({ events: { next: (event) => events.push(event) } }),
      await world.createHost(),
    ];
    b.handle('/x').subscribe();
  });

  it('STR-2: is passed over, and does not use up the dial', async () => {
    const first = (await world.end(a.dial(b.addrs))) as Connection;
    await world.net.advance(100);
    const opening = world.end(a.newStream(b.addrs, '/x'));
    b.connections[0]?.abort(new Error('gone'));
    const stream = (await opening) as Stream;
    expect(stream.connection).not.toBe(first);
    expect(dials()).toBe(2);
  });

  it('STR-2: gives way to another that is there', async () => {
    const [one, two] = [await world.end(a.dial(b.addrs)), await world.end(a.dial(b.addrs, { force: true }))];
    await world.net.advance(100);
    const opening = world.end(a.newStream(b.addrs, '/x', { noDial: true }));
    b.connections[1]?.abort(new Error('gone'));
    const { connection } = (await opening) as Stream;
    expect([connection === one, connection === two, dials()]).toEqual([true, false, 2]);
  });

  it('STR-1: that was dialed for it fails it: one dial is enough', async () => {
    b.event$.subscribe((event) => {
      if (event.type === 'connection:open') event.connection.abort(new Error('gone'));
    });
    expect(await open(b.addrs)).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
    expect(dials()).toBe(1);
  });

  it('STR-2: in good order takes no more streams, and is passed over when it is gone', async () => {
    const first = (await open(b.addrs)).connection;
    await world.net.advance(100);
    void first.close();
    const stream = await open(b.addrs);
    expect(stream.connection).not.toBe(first);
    expect(dials()).toBe(2);
  });

  it('STR-3: an error on a connection that stays is the stream’s', async () => {
    await world.end(a.dial(b.addrs));
    expect(await world.end(a.newStream(b.addrs, '/y'))).toMatchObject({ code: 'ERR_UNSUPPORTED_PROTOCOL' });
    expect(dials()).toBe(1);
  });
});

describe('a limited connection', () => {
  it('STR-5, STR-6: makes a stream wait for one that is not, without a dial', async () => {
    await relayed(true);
    const opening = collect(a.newStream(at(TCP, b), '/x'));
    await world.net.advance(1000);
    await relayed(true);
    await world.net.advance(1000);
    expect([opening.values, opening.ends]).toEqual([[], []]);
    expect(world.dialed).toEqual([RELAY, RELAY]);
    world.set({ [TCP]: { leadsTo: b } });
    const direct = await world.end(a.dial(at(TCP, b), { force: true }));
    await world.net.advance(0);
    expect(opening.values[0]?.connection).toBe(direct);
  });

  it('STR-7: also where it was dialed for the stream, until the call is out of time', async () => {
    world.set({ [RELAY]: { leadsTo: b, relayed: { limited: true } } });
    const error = await world.end(a.newStream(at(RELAY, b), '/x'));
    expect(error).toMatchObject({
      code: 'ERR_TIMEOUT',
      stage: 'waiting for a connection that is not limited',
    });
    expect(world.net.now()).toBe(10_000);
  });

  it('is good enough for who says so', async () => {
    const limited = await relayed(true);
    expect((await open(b.peerId, { runOnLimitedConnection: true })).connection).toBe(limited);
  });

  it('ends the wait with the host', async () => {
    await relayed(true);
    const opening = collect(a.newStream(b.peerId, '/x'));
    await world.net.runUntil(a.stop());
    expect(opening.ends).toMatchObject([{ code: 'ERR_HOST_STOPPED' }]);
  });

  it('that is relayed without a limit is like any other', async () => {
    const unlimited = await relayed(false);
    expect((await open(b.peerId)).connection).toBe(unlimited);
  });
});

describe('a stream’s time', () => {
  it('is 10 s, and its error says what the dial was doing', async () => {
    world.set({ [TCP]: 'hangs', [OTHER_TCP]: { refusesAfterMs: 50 } });
    const error = (await world.end(a.newStream([at(TCP, b), at(OTHER_TCP, b)], '/x'))) as DialError;
    expect(world.net.now()).toBe(10_000);
    expect(error).toMatchObject({ name: 'DialError', code: 'ERR_TIMEOUT', isTimeout: true });
    expect(error.errors.map(({ addr, error: { message } }) => `${addr.toString()}: ${message}`)).toEqual([
      `${OTHER_TCP}: connection refused`,
      `${TCP}: it had not answered when the dial's time was up`,
    ]);
    expect(told(events).slice(-2)).toEqual([`10000 cancel ${TCP}`, '10000 end failed ERR_TIMEOUT']);
  });

  it('is what the call says, and the dial uses it up', async () => {
    world.set({ [TCP]: { leadsTo: b, afterMs: 300 } });
    b.handle('/slow').subscribe();
    const late = await world.end(a.newStream(at(TCP, b), '/x', { timeoutMs: 299 }));
    expect([world.net.now(), late]).toMatchObject([299, { code: 'ERR_TIMEOUT', name: 'DialError' }]);
    await world.net.advance(10_000);
    a.clearDialBackoff();
    expect(await open(at(TCP, b), { timeoutMs: 301 })).toMatchObject({ protocol: '/x' });
  });

  it('is the whole call’s: what the dial left is for the negotiation', async () => {
    const slow = wilds({ latencyMs: 100 });
    const [c, d] = [await slow.createHost(), await slow.createHost()];
    d.handle('/x').subscribe();
    // A round trip for the socket, one for the handshake, one for the protocol.
    expect(await slow.end(c.newStream(d.addrs, '/x', { timeoutMs: 599 }))).toMatchObject({
      code: 'ERR_TIMEOUT',
      stage: 'opening /x',
      afterMs: 199,
    });
    expect(slow.net.now()).toBe(599);
    expect(await slow.end(c.newStream(d.addrs, '/x', { timeoutMs: 201 }))).toMatchObject({ protocol: '/x' });
  });

  it('ends with its signal while it dials, and the dial ends with it', async () => {
    world.set({ [TCP]: 'hangs' });
    const abort = new AbortController();
    const opening = collect(a.newStream(at(TCP, b), '/x', { signal: abort.signal }));
    await world.net.advance(10);
    abort.abort();
    expect(opening.ends).toMatchObject([{ name: 'AbortError', message: 'opening a stream was aborted' }]);
    expect(told(events).slice(-2)).toEqual([`10 cancel ${TCP}`, '10 end cancelled']);
  });

  it('holds while routing has not answered', async () => {
    const host = await world.createHost({ dial: { routing: () => NEVER } });
    expect(await world.end(host.newStream(b.peerId, '/x', { timeoutMs: 700 }))).toMatchObject({
      name: 'DialError',
      code: 'ERR_TIMEOUT',
      errors: [],
    });
    expect(world.net.now()).toBe(700);
  });

  it('does not shorten the dial of others that wait for the same peer', async () => {
    world.set({ [TCP]: { leadsTo: b, afterMs: 800 } });
    const opening = collect(a.newStream(at(TCP, b), '/x', { timeoutMs: 500 }));
    const dialed = collect(a.dial(at(TCP, b)));
    await world.net.advance(1000);
    expect(opening.ends).toMatchObject([{ code: 'ERR_TIMEOUT' }]);
    expect(dialed.values).toHaveLength(1);
    expect(world.dialed).toHaveLength(1);
  });
});
