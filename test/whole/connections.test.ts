import { lastValueFrom, toArray } from 'rxjs';
import {
  generateKey,
  ofType,
  peerIdFrom,
  type Connection,
  type Host,
  type HostEvent,
} from '../../src/index.js';
import { highWaterWarning } from '../../src/host/manager-options.js';
import type { SimulatedNetwork } from '../../src/testing.js';
import { quietNetwork } from '../support/quiet-network.js';

const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
let net: SimulatedNetwork;
beforeEach(() => {
  net = quietNetwork({ seed: 1, link: { latencyMs: 5 } });
});
const guests = (count: number): Promise<Host[]> =>
  // It is not they who close what is idle.
  Promise.all(Array.from({ length: count }, () => net.createHost({ listen: [], connectionManager: false })));
const record = (host: Host): HostEvent[] => {
  const events: HostEvent[] = [];
  host.event$.subscribe((event) => events.push(event));
  return events;
};

describe('a host with more connections than its high mark', () => {
  const connectionManager = { low: 2, high: 4, graceMs: 1_000, silenceMs: 10_000 };

  it('[CM-8, CM-12, CM-14] closes those that are worth least, says so, and tells them 0x1005', async () => {
    const host = await net.createHost({ connectionManager });
    const events = record(host);
    const others = await guests(4);
    const codes: unknown[] = [];
    for (const [at, guest] of others.entries()) {
      const connection = await net.runUntil(guest.dial(host.addrs));
      connection.closed$.subscribe(({ code }) => codes.push([at, code]));
    }
    await net.advance(10);
    host.tag(others[0]!.peerId, 'useful', 10);
    const held = host.protect(others[1]!.peerId.toString(), 'mine').subscribe();
    await net.advance(11_000);
    const pruned = events.filter(({ type }) => type === 'connection:prune');
    expect(pruned).toMatchObject([{ peer: others[2]!.peerId.toString(), reason: 'high-water', value: 0 }]);
    expect(codes).toEqual([[2, 0x1005]]);
    const order = events.flatMap(({ type }) => (/prune|close/.test(type) ? [type] : []));
    expect(order).toEqual(['connection:prune', 'connection:close']);
    held.unsubscribe();
    expect(host.connections).toHaveLength(3);
  });

  it('[CM-11] leaves alone those that are new', async () => {
    const host = await net.createHost({ connectionManager: { ...connectionManager, graceMs: 60_000 } });
    for (const guest of await guests(6)) await net.runUntil(guest.dial(host.addrs));
    await net.advance(50_000);
    expect(host.connections).toHaveLength(6);
    await net.advance(20_000);
    expect(host.connections).toHaveLength(2);
  });

  it('[CM-21] closes none where the manager is off', async () => {
    const host = await net.createHost({ connectionManager: false });
    for (const guest of await guests(6)) await net.runUntil(guest.dial(host.addrs));
    host.tag(STRANGER, 'x', 1);
    await net.advance(600_000);
    expect(host.connections).toHaveLength(6);
  });

  it('[CM-18] has 160 and 192 for marks: nothing happens below', async () => {
    const host = await net.createHost();
    for (const guest of await guests(6)) await net.runUntil(guest.dial(host.addrs));
    await net.advance(100_000);
    expect(host.connections).toHaveLength(6);
  });
});

describe('createHost refuses, by name,', () => {
  it.each<[string, unknown, string]>([
    ['what is no object', true, 'connectionManager is true'],
    ['null', null, 'connectionManager is null'],
    ['an unknown name', { lo: 1 }, '"lo"'],
    ['[J4] a text', { low: '1' }, 'low is "1"'],
    ['[J4] a part of one', { high: 200.5 }, 'connectionManager.high is 200.5'],
    ['[J4] less than none', { low: -1 }, 'low is -1'],
    ['[J4] no number', { low: Number.NaN }, 'low is null'],
    ['[CM-1] a negative grace', { graceMs: -1 }, 'graceMs is -1'],
    ['[CM-1] no silence', { silenceMs: 0 }, 'silence period must be non-zero'],
    ['marks that cross', { low: 5, high: 4 }, 'low is 5 and connectionManager.high is 4'],
    ['a low mark above the default high one', { low: 193 }, 'low is 193 and connectionManager.high is 192'],
  ])('%s', async (_, connectionManager, message) => {
    await expect(net.createHost({ connectionManager } as object)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining(message) as string,
    });
  });
});

it.each([
  [192, 192, undefined],
  [
    193,
    192,
    'conn manager high watermark limit: 193, exceeds the system connection limit of: 192 (connectionManager.high, limits.system.connections)',
  ],
])('[CM-20] a high mark of %d with a limit of %d is worth a warning: %s', (high, limit, message) => {
  expect(highWaterWarning(high, limit)?.message).toBe(message);
});

describe('tag and protect', () => {
  it('refuse what is no peer, no number', async () => {
    const host = await net.createHost();
    expect(() => {
      host.tag('nobody', 'x', 1);
    }).toThrow(expect.objectContaining({ code: 'ERR_INVALID_PEER_ID' }) as Error);
    expect(() => {
      host.tag(STRANGER, 'x', Number.NaN);
    }).toThrow('tag: the value of "x" is null');
    const errors: unknown[] = [];
    host.protect('nobody', 'x').subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toMatchObject([{ code: 'ERR_INVALID_PEER_ID' }]);
    const unhandled: HostEvent[] = [];
    host.event$.pipe(ofType('unhandled')).subscribe((event) => unhandled.push(event));
    host.protect('nobody', 'x').subscribe();
    host.keepConnected('nobody').subscribe();
    await net.advance(0);
    expect(unhandled).toMatchObject([{ code: 'ERR_INVALID_PEER_ID' }, { code: 'ERR_INVALID_MULTIADDR' }]);
  });

  it('[P12] end when the host stops', async () => {
    const host = await net.createHost();
    const ends: string[] = [];
    host.protect(STRANGER, 'x').subscribe({ complete: () => ends.push('protect') });
    host.keepConnected(`/memory/99/p2p/${STRANGER}`).subscribe({ complete: () => ends.push('keep') });
    await net.runUntil(host.stop());
    expect(ends.sort()).toEqual(['keep', 'protect']);
    host.protect(STRANGER, 'x').subscribe({ complete: () => ends.push('late protect') });
    host.keepConnected(STRANGER).subscribe({ complete: () => ends.push('late keep') });
    expect(ends).toEqual(['keep', 'protect', 'late protect', 'late keep']);
    host.tag(STRANGER, 'x', 1);
  });
});

describe('keepConnected', () => {
  const PLACE = '/memory/77';
  const keep = (host: Host, target: Parameters<Host['keepConnected']>[0]) => {
    const got: { at: number; connection: Connection }[] = [];
    const kept = host.keepConnected(target).subscribe({
      next: (connection) => got.push({ at: net.now(), connection }),
    });
    return { got, kept, times: () => got.map(({ at }) => at) };
  };
  const dialsOf = (events: readonly HostEvent[]): unknown[] =>
    events.flatMap((event) => (event.type === 'dial:end' ? [event.outcome] : []));

  it('connects, and connects again when the peer comes back', async () => {
    const privateKey = generateKey();
    const host = await net.createHost();
    const events = record(host);
    const server = (): Promise<Host> => net.createHost({ privateKey, listen: [PLACE] });
    const first = await server();
    const { got, times } = keep(host, `${PLACE}/p2p/${first.peerId.toString()}`);
    await net.advance(70_000);
    // One round trip to connect, one to be secured.
    expect(times()).toEqual([20]);
    await net.runUntil(first.stop());
    await net.advance(60_000);
    expect(host.peers).toEqual([]);
    const failed = dialsOf(events).filter((outcome) => outcome === 'failed').length;
    // 1 s, then 5 s and more of the address's own back-off.
    expect(failed).toBeGreaterThan(3);
    expect(failed).toBeLessThan(8);
    await server();
    await net.advance(120_000);
    expect(got).toHaveLength(2);
    expect(host.connections).toEqual([got[1]!.connection]);
    const order = events.flatMap(({ type }) => (/^(connection|peer):/.test(type) ? [type] : []));
    expect(order).toEqual([
      'connection:open',
      'peer:connect',
      'connection:close',
      'peer:disconnect',
      'connection:open',
      'peer:connect',
    ]);
  });

  it('emits behind the events of the connection, with the snapshots in place', async () => {
    const [host, server] = [await net.createHost(), await net.createHost()];
    const events = record(host);
    let seen: unknown;
    host.keepConnected(server.addrs).subscribe((connection) => {
      seen = [events.at(-1)?.type, host.connections.includes(connection)];
    });
    await net.advance(100);
    expect(seen).toEqual(['dial:end', true]);
  });

  it('is protected from pruning, and no longer when it is left', async () => {
    const host = await net.createHost({
      connectionManager: { low: 1, high: 2, graceMs: 0, silenceMs: 1_000 },
    });
    const server = await net.createHost();
    const { kept } = keep(host, server.addrs);
    await net.advance(100);
    for (const guest of await guests(2)) await net.runUntil(guest.dial(host.addrs));
    await net.advance(5_000);
    expect(host.peers.some((peer) => peer.equals(server.peerId))).toBe(true);
    expect(host.connections).toHaveLength(2);
    kept.unsubscribe();
    host.tag(
      host.peers.find((peer) => !peer.equals(server.peerId))!,
      'worth',
      1,
    );
    await net.advance(5_000);
    expect(host.peers.map((peer) => peer.equals(server.peerId))).toEqual([false]);
  });

  it('takes what comes in for its own', async () => {
    const [host, other] = [await net.createHost(), await net.createHost()];
    const { times } = keep(host, other.peerId);
    await net.advance(50);
    await net.runUntil(other.dial(host.addrs));
    await net.advance(600_000);
    expect(times()).toHaveLength(1);
  });

  it('shares its dial with another one of the same peer; each has every connection', async () => {
    const [host, server] = [await net.createHost(), await net.createHost()];
    const events = record(host);
    const [one, two] = [keep(host, server.addrs), keep(host, server.addrs)];
    await net.advance(100);
    expect([one.times(), two.times()]).toEqual([[20], [20]]);
    expect(host.connections).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'dial:attempt')).toHaveLength(1);
    one.kept.unsubscribe();
    await net.runUntil(host.connections[0]!.close());
    await net.advance(5_000);
    expect([one.got.length, two.got.length]).toEqual([1, 2]);
  });

  it('cancels its dial when it is left in the middle of it, and waits for nothing more', async () => {
    const [host, server] = [await net.createHost(), await net.createHost()];
    const events = record(host);
    const { kept, got } = keep(host, server.addrs);
    await net.advance(7);
    kept.unsubscribe();
    await net.advance(600_000);
    expect([got, host.connections, dialsOf(events)]).toEqual([[], [], ['cancelled']]);
    await expect(net.runUntil(new Promise(() => undefined))).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  it('errors for a target that can be no peer, or is the host itself', async () => {
    const host = await net.createHost();
    const errors: unknown[] = [];
    for (const target of ['/memory/1', host.addrs, []])
      host.keepConnected(target).subscribe({ error: (error: unknown) => errors.push(error) });
    await net.advance(0);
    expect(errors).toMatchObject([
      { code: 'ERR_INVALID_OPTION' },
      { code: 'ERR_DIAL_SELF' },
      { code: 'ERR_NO_ADDRESSES' },
    ]);
  });

  it('[P24] does the same every time for the same seed', async () => {
    const run = async (): Promise<string> => {
      net = quietNetwork({ seed: 3, link: { latencyMs: 5 } });
      const host = await net.createHost();
      const all = lastValueFrom(host.event$.pipe(toArray()));
      keep(host, `${PLACE}/p2p/${peerIdFrom(STRANGER).toString()}`);
      await net.advance(100_000);
      await net.runUntil(host.stop());
      return JSON.stringify(await all);
    };
    expect(await run()).toBe(await run());
  });
});
