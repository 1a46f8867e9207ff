/** Rows of the dialer's sheet that no other file names, one by one. */
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { DialError, defaultStrategy, type DialEvent } from '../../src/index.js';
import { simulateDial } from '../../src/testing.js';
import { usesDescriptor } from '../../src/core/address-class.js';
import { connects, dialBench, NOTHING_LEFT } from '../support/dial-bench.js';
import { wilds } from '../support/wilds.js';

const A = '/ip4/1.1.1.1/tcp/1';
const B = '/ip4/2.2.2.2/tcp/1';
const RELAYED = `${A}/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp/p2p-circuit`;

it.each([
  [A, true],
  ['/ip4/1.1.1.1/tcp/1/ws', true],
  ['/unix/tmp/socket', true],
  ['/ip4/1.1.1.1/udp/1/quic-v1', false],
  ['/memory/1', false],
  [RELAYED, false],
])('LIM-3: %s takes a file descriptor: %s', (addr, takes) => {
  expect(usesDescriptor(parseMultiaddr(addr))).toBe(takes);
});

it('LIM-7, LIM-8: what waits for a permit when the last caller leaves never runs, and says nothing', () => {
  const bench = dialBench({}, { perPeer: 1 });
  const heard = bench.listen();
  const outcome = bench.dial([A, B]);
  bench.advance(10);
  outcome.leave();
  bench.advance(60_000);
  expect(bench.dialed()).toEqual([[A, 0]]);
  expect(heard.flatMap((event) => ('addr' in event && event.addr === B ? [event.type] : []))).toEqual([
    'dial:plan',
  ]);
  expect(bench.leftovers()).toEqual(NOTHING_LEFT);
});

it('FILT-1: an address that is listed twice is dialed once', () => {
  const bench = dialBench({ [A]: connects(5) });
  bench.dial([A, A, B, A]);
  bench.advance(10);
  expect(bench.dialed()).toEqual([
    [A, 0],
    [B, 0],
  ]);
});

it('FILT-7: where the filters leave nothing, the dial says so, with what they refused', () => {
  const { events, dialed } = simulateDial(
    defaultStrategy(),
    { addrs: { '/ip4/0.0.0.0/tcp/1': { connectMs: 1 }, '/ip6/fe80::1/tcp/1': { connectMs: 1 } } },
    { seed: 1 },
  );
  expect(dialed).toBe(0);
  expect(events.filter(({ type }) => type === 'dial:refuse')).toHaveLength(2);
  expect(events.at(-1)).toMatchObject({ type: 'dial:end', outcome: 'failed', code: 'ERR_NO_ADDRESSES' });
  expect((events.at(-1) as Extract<DialEvent, { type: 'dial:end' }>).message).toContain('no good addresses');
});

it('FILT-9: refusals stand in the order of the filters, and what the host itself refuses behind them', async () => {
  const place = wilds();
  const a = await place.createHost({ gater: { allowDialAddr: () => false } });
  const b = await place.createHost();
  const peer = `/p2p/${b.peerId.toString()}`;
  const error = await place.end(a.dial([`/memory/9${peer}`, `/ip4/1.2.3.4/udp/1/quic-v1${peer}`]));
  expect(
    (error as DialError).errors.map(({ error: { code } }: { error: Error & { code?: string } }) => code),
  ).toEqual(['ERR_ADDR_UNSUPPORTED', 'ERR_GATED']);
});

it('DIAL-2, DIAL-7: who answers as somebody else is no connection', async () => {
  const place = wilds();
  const [a, b, c] = [await place.createHost(), await place.createHost(), await place.createHost()];
  const [at] = b.addrs.map((addr) => addr.toString().split('/p2p/')[0] ?? '');
  const error = await place.end(a.dial(`${at ?? ''}/p2p/${c.peerId.toString()}`));
  expect(error).toBeInstanceOf(DialError);
  expect((error as DialError).errors).toMatchObject([{ error: { code: 'ERR_PEER_ID_MISMATCH' } }]);
  expect([a.connections, b.connections]).toEqual([[], []]);
});

it('DIAL-3: a caller that gave up gets its own error, and not the dial’s', async () => {
  const place = wilds();
  const a = await place.createHost();
  const b = await place.createHost();
  place.set({ [A]: { refusesAfterMs: 50 } });
  const abort = new AbortController();
  const ended = place.end(a.dial(`${A}/p2p/${b.peerId.toString()}`, { signal: abort.signal }));
  abort.abort();
  expect(await ended).toMatchObject({ name: 'AbortError', code: 'ERR_ABORTED' });
});

it('DIAL-4, CONN-42, CONN-45: a direct connection will do for a forced direct dial; streams of both directions count', async () => {
  const place = wilds();
  const [a, b] = [await place.createHost(), await place.createHost()];
  for (const host of [a, b]) host.handle('/x').subscribe();
  const first = await place.end(a.dial(b.addrs));
  expect(first).toMatchObject({ direct: true, limited: false });
  expect(await place.end(a.dial(b.addrs, { forceDirect: true }))).toBe(first);
  await place.end(a.newStream(b.addrs, '/x'));
  await place.end(b.newStream(a.peerId, '/x'));
  expect((first as { streamCount: number }).streamCount).toBe(2);
});

it('SYNC-7: a race that is over says of each attempt whether it lost, failed or won', () => {
  const bench = dialBench({ [A]: connects(20) });
  const { events } = bench.updates([A, B]);
  bench.advance(20);
  expect(events.slice(-3).map(({ type }) => type)).toEqual(['dial:connect', 'dial:cancel', 'dial:end']);
  const left = dialBench();
  const heard = left.listen();
  const outcome = left.dial([A]);
  left.advance(5);
  outcome.leave();
  expect(heard.slice(-2)).toMatchObject([
    { type: 'dial:cancel' },
    { type: 'dial:end', outcome: 'cancelled' },
  ]);
});

it('WORK-15: whoever is busy with its answer does not hold back the others', () => {
  const bench = dialBench({ [A]: connects(20) });
  const order: string[] = [];
  bench.dialer.dial(bench.call([A])).subscribe(() => {
    order.push('first');
    bench.dialer.dial(bench.call([A])).subscribe(() => order.push('anew'));
  });
  bench.dialer.dial(bench.call([A])).subscribe(() => order.push('second'));
  bench.advance(40);
  expect(order).toEqual(['first', 'second', 'anew']);
});

it('WORK-18: one clock drives all of it: a minute of timeouts passes at once, to the millisecond', () => {
  const { afterMs, events } = simulateDial(
    defaultStrategy(),
    { addrs: { [A]: { hangs: true }, [B]: { hangs: true } } },
    { seed: 1 },
  );
  expect(events.filter(({ type }) => type === 'dial:fail').map((event) => event.at)).toEqual([
    15_000, 15_250,
  ]);
  expect(afterMs).toBe(15_250);
});

it('RES-1: nothing is known of a peer without addresses', () => {
  expect(simulateDial(defaultStrategy(), { addrs: {} }, { seed: 1 }).events.at(-1)).toMatchObject({
    code: 'ERR_NO_ADDRESSES',
  });
});
