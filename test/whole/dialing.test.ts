import { NEVER, of } from 'rxjs';
import { codeOf } from '../../src/core/errors.js';
import {
  DialError,
  parseMultiaddr,
  peerIdFrom,
  type Connection,
  type DialOptions,
  type Host,
  type HostEvent,
  type Target,
} from '../../src/index.js';
import { at, collect, isDialEvent, told, wilds, type Wilds } from '../support/wilds.js';

const STRANGER = { peerId: peerIdFrom('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5') };
const QUIC = '/ip4/1.2.3.4/udp/1/quic-v1';
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
});
const dial = async (target: Target, options?: DialOptions): Promise<Connection> =>
  (await world.end(a.dial(target, options))) as Connection;
const failure = async (target: Target, options?: DialOptions): Promise<DialError> => {
  const error = await world.end(a.dial(target, options));
  expect(error).toBeInstanceOf(DialError);
  return error as DialError;
};
const entries = ({ errors }: DialError): string[] =>
  errors.map(({ addr, error }) => `${addr.toString()} ${codeOf(error)}`);

describe('dialUpdates', () => {
  it('tells the whole race in order, its end last', async () => {
    world.set({
      [QUIC]: 'hangs',
      [TCP]: { refusesAfterMs: 100 },
      [OTHER_TCP]: { leadsTo: b, afterMs: 300 },
    });
    const target = [QUIC, TCP, OTHER_TCP, '/ip4/1.2.3.4/sctp/1'].map((addr) => at(addr, b));
    const { values, ends } = collect(a.dialUpdates(target));
    await world.net.advance(10_000);
    expect(told(values)).toEqual([
      '0 start',
      '0 refuse /ip4/1.2.3.4/sctp/1 ERR_ADDR_UNSUPPORTED',
      `0 plan ${QUIC} 0`,
      `0 plan ${TCP} 250`,
      `0 plan ${OTHER_TCP} 500`,
      `0 attempt ${QUIC}`,
      `250 attempt ${TCP}`,
      `350 fail ${TCP} ERR_TRANSPORT`,
      `500 attempt ${OTHER_TCP}`,
      `800 progress ${OTHER_TCP} connected`,
      `800 progress ${OTHER_TCP} secured`,
      `800 connect ${OTHER_TCP}`,
      `800 cancel ${QUIC}`,
      '800 end connected',
    ]);
    expect(ends).toEqual(['complete']);
  });

  it('tells each caller of its own dial, and the public once', async () => {
    world.set({ [TCP]: { leadsTo: b, afterMs: 100 } });
    const [one, two] = [collect(a.dialUpdates(at(TCP, b))), collect(a.dialUpdates(at(TCP, b)))];
    await world.net.advance(1000);
    const ids = [one, two].map(({ values }) => [...new Set(values.map(({ dialId }) => dialId))]);
    expect(ids).toEqual([[expect.any(String)], [expect.any(String)]]);
    expect(ids[0]).not.toEqual(ids[1]);
    expect(told(two.values)).toEqual(told(one.values));
    expect(events.filter(({ type }) => type === 'dial:attempt')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'dial:end')).toHaveLength(2);
  });

  it('ends as reused where there is a connection', async () => {
    await dial(b.addrs);
    const { values, ends } = collect(a.dialUpdates(b.peerId));
    await world.net.advance(0);
    expect([told(values), ends]).toEqual([['0 start', '0 end reused'], ['complete']]);
  });

  it('ends as failed, with code and message, and does not error', async () => {
    world.set({ [TCP]: { refusesAfterMs: 10 } });
    const { values, ends } = collect(a.dialUpdates(at(TCP, b)));
    await world.net.advance(1000);
    expect(values.at(-1)).toMatchObject({ outcome: 'failed', code: 'ERR_DIAL_FAILED', afterMs: 10 });
    expect((values.at(-1) as { message: string }).message).toContain('connection refused');
    expect(ends).toEqual(['complete']);
  });

  it('is cancelled by leaving: who stays hears so, who left hears nothing more', async () => {
    world.set({ [TCP]: 'hangs' });
    const { values, ends, stop } = collect(a.dialUpdates(at(TCP, b)));
    await world.net.advance(100);
    const heard = values.length;
    stop();
    await world.net.advance(100);
    expect([values.length, ends]).toEqual([heard, []]);
    expect(told(events).slice(-2)).toEqual([`100 cancel ${TCP}`, '100 end cancelled']);
  });

  it('is cancelled by its signal, and says so', async () => {
    world.set({ [TCP]: 'hangs' });
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const dialed = collect(a.dialUpdates(at(TCP, b), options));
    await world.net.advance(100);
    abort.abort();
    expect(told(dialed.values).slice(-2)).toEqual([`100 cancel ${TCP}`, '100 end cancelled']);
    expect(dialed.ends).toEqual(['complete']);
    const late = collect(a.dialUpdates(at(TCP, b), options));
    expect(late.ends).toEqual([]);
    await world.net.advance(0);
    expect([told(late.values).at(-1), late.ends]).toEqual(['100 end cancelled', ['complete']]);
    expect(events.filter(({ type }) => type === 'dial:end')).toHaveLength(2);
  });

  it.each([
    ['what is no address', () => 'what?', 'ERR_INVALID_MULTIADDR'],
    ['what is not even text', () => [7 as unknown as string], 'ERR_INVALID_MULTIADDR'],
    ['nothing', () => [], 'ERR_NO_ADDRESSES'],
    ['an address of nobody', () => TCP, 'ERR_INVALID_OPTION'],
    ['two peers', () => [at(TCP, b), at(TCP, a)], 'ERR_INVALID_OPTION'],
    ['this host itself', () => a.peerId, 'ERR_DIAL_SELF'],
  ] as [string, () => Target, string][])('is an end alone for %s', async (_, target, code) => {
    let inside = true;
    const { values, ends } = collect(a.dialUpdates(target()));
    a.dialUpdates(target()).subscribe(() => {
      expect(inside).toBe(false);
    });
    expect(values).toEqual([]);
    inside = false;
    await world.net.advance(0);
    expect(values).toMatchObject([
      { type: 'dial:end', outcome: 'failed', code, dialId: expect.any(String) as string },
    ]);
    expect(ends).toEqual(['complete']);
    expect(events.filter(isDialEvent)).toHaveLength(2);
  });

  it('is one end on a host that was stopped, before or meanwhile', async () => {
    world.set({ [TCP]: 'hangs' });
    const during = collect(a.dialUpdates(at(TCP, b)));
    const dialed = collect(a.dial(at(TCP, b)));
    await world.net.runUntil(a.stop());
    const after = collect(a.dialUpdates(at(TCP, b)));
    await world.net.advance(0);
    for (const { values, ends } of [during, after]) {
      expect(values.filter(({ type }) => type === 'dial:end')).toHaveLength(1);
      expect(values.at(-1)).toMatchObject({ outcome: 'failed', code: 'ERR_HOST_STOPPED' });
      expect(ends).toEqual(['complete']);
    }
    expect(dialed.ends).toMatchObject([{ code: 'ERR_HOST_STOPPED' }]);
    const publicEnds = events.filter(({ type }) => type === 'dial:end') as { dialId: string }[];
    expect(publicEnds.map(({ dialId }) => dialId).sort()).toEqual(
      [...new Set(publicEnds.map(({ dialId }) => dialId))].sort(),
    );
  });
});

describe('a dial', () => {
  it('of an open connection gives that one, without an attempt', async () => {
    const first = await dial(b.addrs);
    world.dialed.length = 0;
    expect(await dial(b.addrs)).toBe(first);
    expect(world.dialed).toEqual([]);
  });

  it('that is forced makes a new one', async () => {
    const first = await dial(b.addrs);
    expect(await dial(b.addrs, { force: true })).not.toBe(first);
    expect(a.connections).toHaveLength(2);
  });

  it('that has to be direct ignores a relayed connection and refuses relays', async () => {
    world.set({ [RELAY]: { leadsTo: b, relayed: { limited: false } }, [TCP]: { leadsTo: b } });
    const relayed = await dial(at(RELAY, b));
    expect(await dial(b.peerId)).toBe(relayed);
    const error = await failure(at(RELAY, b), { forceDirect: true });
    expect(entries(error)).toEqual([`${RELAY} ERR_ADDR_REFUSED`]);
    expect(error.message).toContain('no good addresses');
    const direct = await dial([at(RELAY, b), at(TCP, b)], { forceDirect: true });
    expect(direct.remoteAddr.toString()).toBe(TCP);
    expect(await dial(b.peerId, { forceDirect: true })).toBe(direct);
  });

  it('refuses relays also where the strategy does not', async () => {
    const plain = await world.createHost({ dial: { strategy: (plan$) => plan$ } });
    world.set({ [RELAY]: { leadsTo: b, relayed: { limited: false } } });
    expect(await world.end(plain.dial(at(RELAY, b), { forceDirect: true }))).toMatchObject({
      code: 'ERR_NO_ADDRESSES',
      errors: [{ error: { code: 'ERR_ADDR_REFUSED' } }],
    });
  });

  it.each([
    ['CONN-43: unlimited before limited', [{ limited: true }, { limited: false }, { limited: true }], 1],
    ['CONN-43: direct before relayed', [undefined, { limited: false }], 0],
    ['CONN-43: of two that are alike the newer', [undefined, undefined], 1],
  ])('%s', async (_, relayed, best) => {
    const made: Connection[] = [];
    for (const [index, how] of relayed.entries()) {
      const addr = how === undefined ? `/ip4/1.2.3.4/tcp/${String(index + 1)}` : RELAY;
      world.set({ [addr]: { leadsTo: b, relayed: how } });
      made.push(await dial(at(addr, b), { force: true }));
    }
    expect(await dial(b.peerId)).toBe(made[best]);
  });

  it('CONN-43: the one with more streams', async () => {
    b.handle('/x').subscribe();
    const busy = await dial(b.addrs);
    await world.end(busy.newStream('/x'));
    await dial(b.addrs, { force: true });
    expect(await dial(b.peerId)).toBe(busy);
  });

  it('CONN-44: of relayed ones none will do where it has to be direct', async () => {
    world.set({ [RELAY]: { leadsTo: b, relayed: { limited: true } } });
    await dial(at(RELAY, b));
    expect(await failure(b.peerId, { forceDirect: true })).toMatchObject({ code: 'ERR_NO_ADDRESSES' });
  });

  it('takes the peer off the address, and each address once', async () => {
    world.set({ [TCP]: { leadsTo: b } });
    await dial([at(TCP, b), parseMultiaddr(at(TCP, b)), at(TCP, b)]);
    expect(world.dialed).toEqual([TCP]);
  });

  it('FILT-2, 4b: does not dial an address where this host listens', async () => {
    const own = parseMultiaddr('/ip4/10.0.0.1/tcp/1');
    const host = await world.net.createHost({
      listen: [own],
      transports: [
        {
          kind: 'transport',
          name: 'ip',
          create: () => ({
            name: 'ip',
            canDial: () => true,
            canListen: () => true,
            dial: () => NEVER,
            listen: () => of({ type: 'listening', addrs: [own] } as const),
          }),
        } as never,
      ],
    });
    const error = (await world.end(host.dial(at(own.toString(), STRANGER)))) as DialError;
    expect(entries(error)).toEqual(['/ip4/10.0.0.1/tcp/1 ERR_DIAL_SELF']);
    expect(error.matches('ERR_DIAL_SELF')).toBe(true);
  });
});

describe('the time of a dial', () => {
  it('is the caller’s: what still hung is in the error', async () => {
    world.set({ [QUIC]: 'hangs', [TCP]: { refusesAfterMs: 10 }, [OTHER_TCP]: 'hangs' });
    const error = await failure([at(QUIC, b), at(TCP, b), at(OTHER_TCP, b)], { timeoutMs: 400 });
    expect(world.net.now()).toBe(400);
    expect([error.code, error.isTimeout]).toEqual(['ERR_TIMEOUT', true]);
    expect(error.errors.map(({ addr, error: { message } }) => `${addr.toString()}: ${message}`)).toEqual([
      `${TCP}: connection refused`,
      `${QUIC}: it had not answered when the dial's time was up`,
      `${OTHER_TCP}: it had not been dialed when the dial's time was up`,
    ]);
    await world.net.advance(60_000);
    expect(world.dialed).toEqual([QUIC, TCP]);
  });

  it('DIAL-5: is a minute in all, 15 s for an address and 5 s for a private one', async () => {
    const here = '/ip4/192.168.1.1/tcp/1';
    world.set({ [TCP]: 'hangs', [here]: 'hangs' });
    const { values } = collect(a.dialUpdates([at(TCP, b), at(here, b)]));
    await world.net.advance(100_000);
    expect(told(values).filter((line) => /fail|end/.test(line))).toEqual([
      `5000 fail ${here} ERR_TIMEOUT`,
      `15000 fail ${TCP} ERR_TIMEOUT`,
      '15000 end failed ERR_DIAL_FAILED',
    ]);
    const patient = await world.createHost({
      dial: { timeouts: { peerMs: 60_000, addrMs: 70_000, privateAddrMs: 70_000 } },
    });
    const started = world.net.now();
    expect(await world.end(patient.dial(at(TCP, b)))).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(world.net.now() - started).toBe(60_000);
  });

  it('ends with its signal, also one that aborted before', async () => {
    world.set({ [TCP]: 'hangs' });
    const abort = new AbortController();
    const dialed = collect(a.dial(at(TCP, b), { signal: abort.signal }));
    await world.net.advance(10);
    abort.abort(new Error('no time'));
    expect(dialed.ends).toMatchObject([
      { name: 'AbortError', code: 'ERR_ABORTED', cause: { message: 'no time' } },
    ]);
    const late = collect(a.dial(at(TCP, b), { signal: abort.signal }));
    expect(late.ends).toEqual([]);
    await world.net.advance(0);
    expect(late.ends).toMatchObject([{ name: 'AbortError' }]);
    expect(told(events).slice(-1)).toEqual(['10 end cancelled']);
  });
});
