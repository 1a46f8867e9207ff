import { Counter, Gauge, Registry } from 'prom-client';
import { lastValueFrom } from 'rxjs';
import { ofType, type Host, type HostEvent } from '../../src/index.js';
import { prometheusMetrics } from '../../src/metrics.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

let net: SimulatedNetwork;
let registry: Registry;
beforeEach(() => {
  net = simulateNetwork({ seed: 1, link: { latencyMs: 10 } });
  registry = new Registry();
});
const counted = (): Promise<Host> => net.createHost({ events: prometheusMetrics(registry) });
/** In an order of its own, labels too. */
const ordered = (lines: readonly string[]): string[] =>
  lines
    .map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`))
    .sort();
/** What a scrape shows of these metrics, without its comments. */
async function shown(...names: string[]): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => names.some((name) => line.startsWith(`libp2p_${name}`)));
}
/** An event as a host would say it. */
const event = (fields: object): HostEvent => fields as HostEvent;
const heard = (...events: object[]): void => {
  const { next } = prometheusMetrics(registry);
  for (const fields of events) next(event(fields));
};

it('[MET-2 to MET-5, MET-7] connections are counted by what they are made of', async () => {
  const [a, b] = [await counted(), await net.createHost()];
  const connection = await net.runUntil(a.dial(b.addrs));
  await net.advance(1_000);
  await net.runUntil(connection.close());
  const labels =
    'transport="other",security="/noise",muxer="/yamux/1.0.0",early_muxer="true",ip_version="unknown"';
  expect(ordered(await shown('swarm_connections_', 'swarm_key_types'))).toEqual(
    ordered([
      `libp2p_swarm_connections_opened_total{dir="outbound",${labels}} 1`,
      `libp2p_swarm_key_types_total{dir="outbound",key_type="Ed25519"} 1`,
      `libp2p_swarm_connections_closed_total{dir="outbound",${labels}} 1`,
    ]),
  );
  const durations = await shown('swarm_connection_duration_seconds');
  expect(durations).toHaveLength(25 + 3);
  expect(durations.find((line) => line.includes('_count'))).toMatch(/ 1$/);
  expect(durations.filter((line) => / 1$/.test(line) && line.includes('_bucket')).at(0)).toContain('le="1');
  const handshakes = await shown('swarm_handshake_latency_seconds');
  expect(handshakes).toHaveLength(35 + 3);
  expect(
    Number(
      handshakes
        .find((line) => line.includes('_sum'))
        ?.split(' ')
        .at(-1),
    ),
  ).toBeCloseTo(0.04, 2);
});

it('[MET-6, MET-8 to MET-10] a dial that fails and one that does not', async () => {
  const [a, b] = [await counted(), await net.createHost()];
  const nobody = `/memory/77/p2p/${b.peerId.toString()}`;
  await net.runUntil(lastValueFrom(a.dial(nobody)).catch(() => undefined));
  await net.runUntil(a.dial(b.addrs));
  // It is there: no worker, and so nothing to count.
  await net.runUntil(a.dial(b.addrs));
  await net.advance(1_000);
  expect(ordered(await shown('swarm_dial_errors_total', 'swarm_dials_per_peer_total'))).toEqual(
    ordered([
      'libp2p_swarm_dial_errors_total{transport="other",error="other",ip_version="unknown"} 1',
      'libp2p_swarm_dials_per_peer_total{outcome="failed",num_dials="1"} 1',
      'libp2p_swarm_dials_per_peer_total{outcome="success",num_dials="1"} 1',
    ]),
  );
  expect(
    ordered(await shown('swarm_dial_latency_seconds_count', 'swarm_dial_ranking_delay_seconds_count')),
  ).toEqual(
    ordered([
      'libp2p_swarm_dial_latency_seconds_count{outcome="failed",num_dials="1"} 1',
      'libp2p_swarm_dial_latency_seconds_count{outcome="success",num_dials="1"} 1',
      'libp2p_swarm_dial_ranking_delay_seconds_count 1',
    ]),
  );
});

const PEER = 'some peer';
const dial = (dialId: string, at: number, fields: object): object => ({ peer: PEER, dialId, at, ...fields });
const [FAST, SLOW] = ['/ip4/192.0.2.1/tcp/1', '/ip6/2001:db8::1/udp/1/quic-v1'];

it('[MET-6, MET-8] callers who share a worker are one, and what loses the race is cancelled for it', async () => {
  heard(
    dial('1', 0, { type: 'dial:start' }),
    dial('2', 5, { type: 'dial:start' }),
    dial('1', 5, { type: 'dial:plan', addr: SLOW, delayMs: 0 }),
    dial('1', 5, { type: 'dial:plan', addr: FAST, delayMs: 250 }),
    dial('1', 5, { type: 'dial:attempt', addr: SLOW }),
    dial('1', 255, { type: 'dial:attempt', addr: FAST }),
    dial('1', 300, { type: 'dial:connect', addr: FAST, afterMs: 45, connectionId: 'c' }),
    dial('1', 300, { type: 'dial:end', outcome: 'connected', afterMs: 300 }),
    dial('2', 300, { type: 'dial:cancel', addr: SLOW }),
    dial('2', 300, { type: 'dial:end', outcome: 'connected', afterMs: 295 }),
  );
  expect(
    ordered(await shown('swarm_dial_errors_total', 'swarm_dials_per_peer', 'swarm_dial_latency_seconds_sum')),
  ).toEqual(
    ordered([
      'libp2p_swarm_dial_errors_total{transport="quic-v1",error="canceled: concurrent dial successful",ip_version="ip6"} 1',
      'libp2p_swarm_dials_per_peer_total{outcome="success",num_dials="2"} 1',
      'libp2p_swarm_dial_latency_seconds_sum{outcome="success",num_dials="2"} 0.3',
    ]),
  );
  expect(ordered(await shown('swarm_dial_ranking_delay_seconds_sum'))).toEqual(
    ordered(['libp2p_swarm_dial_ranking_delay_seconds_sum 0.25']),
  );
});

it('[MET-6] a dial that its caller gave up', async () => {
  heard(
    dial('1', 0, { type: 'dial:start' }),
    dial('1', 0, { type: 'dial:attempt', addr: SLOW }),
    dial('1', 9, { type: 'dial:cancel', addr: SLOW }),
    dial('1', 9, { type: 'dial:end', outcome: 'cancelled', afterMs: 9 }),
  );
  expect(ordered(await shown('swarm_dial_errors_total'))).toEqual(
    ordered([
      'libp2p_swarm_dial_errors_total{transport="quic-v1",error="application canceled",ip_version="ip6"} 1',
    ]),
  );
});

it('[MET-11, MET-12] black holes have a state and a fraction', async () => {
  heard(
    { type: 'blackhole:change', name: 'udp', state: 'blocked', successFraction: 0.04 },
    { type: 'blackhole:change', name: 'ipv6', state: 'allowed', successFraction: 0.5 },
  );
  expect(ordered(await shown('swarm_black_hole'))).toEqual(
    ordered([
      'libp2p_swarm_black_hole_filter_state{name="UDP"} 2',
      'libp2p_swarm_black_hole_filter_state{name="IPv6"} 1',
      'libp2p_swarm_black_hole_filter_success_fraction{name="UDP"} 0.04',
      'libp2p_swarm_black_hole_filter_success_fraction{name="IPv6"} 0.5',
    ]),
  );
});

it('[MET-20 to MET-25] identify is counted both ways', async () => {
  const [a, b] = [await counted(), await net.createHost()];
  await net.runUntil(a.dial(b.addrs));
  await net.advance(1_000);
  const pushed = net.runUntil(a.event$.pipe(ofType('peer:protocols')));
  b.handle('/more/1.0.0').subscribe();
  await pushed;
  await net.advance(1_000);
  expect(
    ordered(await shown('identify_identify_total', 'identify_identify_push_total', 'identify_conn_push')),
  ).toEqual(
    ordered([
      'libp2p_identify_identify_total{dir="inbound"} 1',
      'libp2p_identify_identify_total{dir="outbound"} 1',
      'libp2p_identify_identify_push_total{dir="inbound"} 1',
      'libp2p_identify_conn_push_support_total{support="supported"} 1',
    ]),
  );
  expect(ordered(await shown('identify_protocols_count', 'identify_addrs_count'))).toEqual(
    ordered([
      `libp2p_identify_protocols_count ${String(a.protocols.length)}`,
      'libp2p_identify_addrs_count 1',
    ]),
  );
  const [received, all] = await shown('identify_protocols_received_sum', 'identify_protocols_received_count');
  expect(received).toBe(`libp2p_identify_protocols_received_sum ${String(2 * b.protocols.length - 1)}`);
  expect(all).toBe('libp2p_identify_protocols_received_count 2');
  expect(await shown('identify_addrs_received')).toHaveLength(20 + 16 + 3);
  expect(await shown('identify_identify_pushes_triggered')).toContain(
    'libp2p_identify_identify_pushes_triggered_total{trigger="addresses_updated"} 1',
  );
});

it('[MET-37] what a limit refuses', async () => {
  const a = await net.createHost({
    events: prometheusMetrics(registry),
    limits: { protocol: { inboundStreams: 1, streams: 1 } },
  });
  const b = await net.createHost();
  a.handle('/one/1.0.0').subscribe();
  const open = () => net.runUntil(b.newStream(a.addrs, '/one/1.0.0', { lazy: true }));
  for (const stream of [await open(), await open()]) {
    stream.subscribe({ error: () => undefined });
    stream.next(new Uint8Array(1));
  }
  await net.advance(1_000);
  expect(ordered(await shown('rcmgr_blocked'))).toEqual(
    ordered(['libp2p_rcmgr_blocked_resources{dir="inbound",scope="protocol",resource="stream"} 1']),
  );
});

it('[MET-30, MET-31, MET-36] connections are counted while they are open, in all and by peer', async () => {
  const [a, b] = [await counted(), await net.createHost()];
  await net.runUntil(b.dial(a.addrs));
  await net.runUntil(b.dial(a.addrs, { force: true }));
  await net.advance(100);
  expect(await shown('rcmgr_connections')).toEqual([
    'libp2p_rcmgr_connections{dir="inbound",scope="system"} 2',
  ]);
  const sums = async (): Promise<string[]> => {
    const lines = await shown('rcmgr_peer_connections', 'rcmgr_previous_peer_connections');
    return lines.filter((line) => /_(sum|count)/.test(line)).map((line) => line.replace('libp2p_rcmgr_', ''));
  };
  expect(await sums()).toEqual([
    'peer_connections_sum{dir="inbound"} 3',
    'peer_connections_count{dir="inbound"} 2',
    'previous_peer_connections_sum{dir="inbound"} 1',
    'previous_peer_connections_count{dir="inbound"} 1',
  ]);
  for (const connection of b.connections) connection.abort(new Error('enough'));
  await net.advance(1_000);
  expect(await shown('rcmgr_connections')).toEqual([
    'libp2p_rcmgr_connections{dir="inbound",scope="system"} 0',
  ]);
  // All that there was has been taken off again.
  const [now, , before] = (await sums()).map((line) => Number(line.split(' ').at(-1)));
  expect(now).toBe(before);
  const socket = { peer: 'p', peerId: {}, direction: 'outbound', encryption: '', muxer: '' };
  heard({ type: 'connection:open', connectionId: '1', addr: '/ip4/1.2.3.4/tcp/1', ...socket });
  heard({ type: 'connection:open', connectionId: '2', addr: '/ip4/1.2.3.4/udp/1/quic-v1', ...socket });
  expect(await shown('rcmgr_fds')).toEqual(['libp2p_rcmgr_fds{scope="system"} 1']);
});

it('[MET-32, MET-33] streams are counted while they are open, in all, by protocol and by peer', async () => {
  const [a, b] = [await counted(), await net.createHost({ services: { identify: false, ping: false } })];
  a.handle('/one').subscribe((stream) => stream.subscribe({ error: () => undefined }));
  a.handle({ name: '/many', matches: (id) => id.startsWith('/many/') }).subscribe();
  const open = (id: string) => net.runUntil(b.newStream(a.addrs, id, { lazy: false }));
  const streams = [await open('/one'), await open('/one'), await open('/many/1')];
  const gauge = async (): Promise<string[]> =>
    ordered((await shown('rcmgr_streams')).filter((line) => line.includes('dir="inbound"')));
  const of = (scope: string, protocol: string, count: number): string =>
    `libp2p_rcmgr_streams{dir="inbound",scope="${scope}",protocol="${protocol}"} ${String(count)}`;
  expect(await gauge()).toEqual(
    ordered([of('system', '', 3), of('protocol', '/one', 2), of('protocol', 'other', 1)]),
  );
  for (const stream of streams) stream.error(new Error('enough'));
  await net.advance(1_000);
  expect(await gauge()).toEqual(
    ordered([of('system', '', 0), of('protocol', '/one', 0), of('protocol', 'other', 0)]),
  );
  const lines = await shown(
    'rcmgr_peer_streams_sum{dir="inbound"}',
    'rcmgr_previous_peer_streams_sum{dir="inbound"}',
  );
  const [now, before] = lines.map((line) => Number(line.split(' ').at(-1)));
  expect([now, before]).toEqual([9, 9]);
  heard({ type: 'stream:close', streamId: 'unheard' });
});

it('[MET-32] of protocols that a host makes up one by one, 64 have a name', async () => {
  const metrics = prometheusMetrics(registry);
  for (let at = 0; at < 100; at += 1)
    metrics.next(
      event({
        type: 'stream:open',
        streamId: String(at),
        peer: 'p',
        direction: 'outbound',
        protocol: `/q/${String(at)}`,
      }),
    );
  const lines = (await shown('rcmgr_streams')).filter((line) => line.includes('/q/'));
  expect(lines).toHaveLength(64);
  expect((await shown('rcmgr_streams')).find((line) => line.includes('protocol="other"'))).toMatch(/ 36$/);
});

it('[MET-40] events that go-libp2p has too are counted by its names', async () => {
  const [a, b] = [await counted(), await net.createHost()];
  const connection = await net.runUntil(a.dial(b.addrs));
  await net.advance(1_000);
  b.handle('/new').subscribe();
  await net.advance(1_000);
  await net.runUntil(connection.close());
  expect(ordered(await shown('eventbus_events_emitted_total'))).toEqual(
    ordered(
      [
        ['EvtLocalProtocolsUpdated', 3],
        ['EvtLocalAddressesUpdated', 1],
        ['EvtPeerConnectednessChanged', 2],
        ['EvtPeerIdentificationCompleted', 2],
        ['EvtPeerProtocolsUpdated', 1],
      ].map(
        ([name, count]) => `libp2p_eventbus_events_emitted_total{event="${String(name)}"} ${String(count)}`,
      ),
    ),
  );
});

it('[MET-1] whatever remotes say, the labels stay few', async () => {
  const [a] = [await counted()];
  const ids = Array.from({ length: 50 }, (_, at) => `/made-up/${String(at)}`);
  for (const id of ids) {
    const b = await net.createHost({ userAgent: id });
    b.handle(id).subscribe();
    await net.runUntil(b.dial(a.addrs));
    await net.runUntil(b.newStream(a.addrs, id).pipe()).catch(() => undefined);
  }
  await net.advance(1_000);
  const text = await registry.metrics();
  expect(text).not.toContain('made-up');
  expect(text).not.toContain('12D3');
  expect(
    text.split('\n').filter((line) => !line.startsWith('#') && !line.includes('_bucket')).length,
  ).toBeLessThan(70);
});

it('[MET-4] as many closes are counted as opens were', async () => {
  const metrics = prometheusMetrics(registry);
  const a = await net.createHost({ events: metrics });
  const b = await net.createHost();
  for (let round = 0; round < 3; round += 1) {
    const connection = await net.runUntil(a.dial(b.addrs));
    await net.advance(1_000);
    await net.runUntil(connection.close());
  }
  // A close whose open was not heard says nothing.
  heard({ type: 'connection:close', connectionId: 'unheard', at: 1 });
  expect((await shown('swarm_connections_closed_total')).map((line) => line.split(' ').at(-1))).toEqual([
    '3',
  ]);
});

it('registering twice is no error, and several hosts add up', async () => {
  const [a, b] = [await counted(), await counted()];
  await net.runUntil(a.dial(b.addrs));
  await net.advance(1_000);
  const opened = await shown('swarm_connections_opened_total');
  expect(opened.map((line) => line.replace(/,.*}/, '}'))).toEqual([
    'libp2p_swarm_connections_opened_total{dir="outbound"} 1',
    'libp2p_swarm_connections_opened_total{dir="inbound"} 1',
  ]);
  expect(registry.getSingleMetric('libp2p_swarm_connections_opened_total')).toBeInstanceOf(Counter);
});

it('what is no registry is refused, and so is a name that stands for another metric', () => {
  expect(() => prometheusMetrics({} as unknown as Registry)).toThrow('prom-client');
  expect(() => prometheusMetrics(undefined as unknown as Registry)).toThrow('prom-client');
  new Gauge({ name: 'libp2p_swarm_dial_errors_total', help: 'mine', registers: [registry] });
  expect(() => prometheusMetrics(registry)).toThrow('libp2p_swarm_dial_errors_total');
});
