import type { HostEvent } from '../../src/index.js';
import { ConnectionManager, type ManagerNumbers } from '../../src/swarm/connection-manager.js';
import { EventLog } from '../../src/swarm/event-log.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { LimitError, peerIdFrom } from '../../src/index.js';
import { FakeRegistry } from '../support/managed.js';

const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';

function bench(change: Partial<ManagerNumbers> = {}) {
  const clock = new VirtualClock();
  const registry = new FakeRegistry();
  const log = new EventLog(clock, () => undefined);
  const events: HostEvent[] = [];
  log.event$.subscribe((event) => events.push(event));
  const told: string[] = [];
  const manager = new ConnectionManager({
    scheduler: clock,
    registry,
    log,
    numbers: { low: 2, high: 4, graceMs: 1_000, silenceMs: 10_000, ...change },
    onTag: (peer, name, value) => told.push(`${peer} ${name} ${String(value)}`),
  });
  const advance = (ms: number): void => {
    const end = clock.now() + ms;
    while ((clock.nextAt ?? Infinity) <= end) clock.step();
    clock.moveTo(end);
  };
  const connect = (...peers: string[]): void => {
    for (const peer of peers) registry.connect(peer);
  };
  return { clock, registry, events, told, manager, advance, connect };
}

describe('the silence timer', () => {
  it('[CM-8, CM-11] runs from the high mark on, prunes when it is over, and is gone', () => {
    const { clock, registry, advance, connect } = bench();
    connect('a', 'b', 'c');
    expect(clock.nextAt).toBeUndefined();
    connect('d');
    expect(registry.aborted).toEqual([]);
    advance(9_999);
    expect(registry.aborted).toEqual([]);
    advance(1);
    expect(registry.aborted.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(clock.nextAt).toBeUndefined();
  });

  it('stops while there are too few, and its time goes on when there are too many again', () => {
    const { clock, registry, advance, connect } = bench();
    connect('a', 'b', 'c', 'd');
    advance(6_000);
    registry.lose(registry.open[3]!);
    expect(clock.nextAt).toBeUndefined();
    advance(1_000);
    connect('e');
    expect(clock.nextAt).toBe(10_000);
    advance(3_000);
    expect(registry.aborted).toHaveLength(2);
  });

  it('begins anew where its time passed while there were too few', () => {
    const { clock, registry, advance, connect } = bench();
    connect('a', 'b', 'c', 'd');
    advance(6_000);
    registry.lose(registry.open[3]!);
    advance(6_000);
    connect('e');
    expect(clock.nextAt).toBe(22_000);
  });

  it('looks again and again while nobody may go', () => {
    const { registry, advance, connect, manager } = bench({ graceMs: 25_000 });
    connect('a', 'b', 'c', 'd');
    advance(20_000);
    expect(registry.aborted).toEqual([]);
    expect(manager.info.lastTrimAt).toBe(20_000);
    advance(10_000);
    expect(registry.aborted).toHaveLength(2);
  });

  it('[CM-21] never runs where pruning is off', () => {
    const { clock, manager, registry, connect } = bench({ low: 0, high: 0 });
    connect('a', 'b', 'c', 'd', 'e');
    manager.trim();
    manager.relieve();
    expect([clock.nextAt, registry.aborted.length]).toEqual([undefined, 0]);
  });
});

describe('pruning', () => {
  it('[CM-14] is told with reason and value before each close, and closes with code 0x1005', () => {
    const { registry, events, advance, connect, manager } = bench();
    connect('a', 'b', 'c', 'd');
    manager.tag('a', 'x', 5);
    manager.tag('b', 'x', -1);
    registry.closed$.subscribe((connection) => {
      expect(events.at(-1)).toMatchObject({ type: 'connection:prune', connectionId: connection.id });
    });
    advance(10_000);
    expect(registry.aborted).toEqual([
      { id: 'b', code: 0x1005, message: 'the connection was pruned: high-water' },
      { id: 'c', code: 0x1005, message: 'the connection was pruned: high-water' },
    ]);
    expect(events).toMatchObject([
      { type: 'connection:prune', peer: 'b', reason: 'high-water', value: -1, at: 10_000 },
      { type: 'connection:prune', peer: 'c', reason: 'high-water', value: 0 },
    ]);
    expect(JSON.parse(JSON.stringify(events[0]))).toEqual({
      type: 'connection:prune',
      peer: 'b',
      connectionId: 'b-2',
      reason: 'high-water',
      value: -1,
      at: 10_000,
      seq: 1,
    });
  });

  it('[CM-9, CM-10, CM-17, ODD-25] on demand goes down to the low mark, and every trim is remembered', () => {
    const { registry, advance, connect, manager, events } = bench();
    connect('a', 'b', 'c');
    expect(manager.info).toEqual({ low: 2, high: 4, graceMs: 1_000, connections: 3, lastTrimAt: undefined });
    advance(1_000);
    manager.trim();
    expect(registry.aborted.map(({ id }) => id)).toEqual(['a']);
    expect(events).toMatchObject([{ reason: 'trim' }]);
    expect(manager.info).toMatchObject({ connections: 2, lastTrimAt: 1_000 });
    connect('d', 'e');
    advance(10_000);
    expect(manager.info.lastTrimAt).toBe(11_000);
  });

  it('[CM-15] where memory runs out takes no heed of grace', () => {
    const { registry, connect, manager, events } = bench();
    connect('a', 'b', 'c');
    manager.relieve();
    expect(registry.aborted).toHaveLength(1);
    expect(events).toMatchObject([{ reason: 'memory' }]);
  });

  it('[CM-12] forgets those who were tagged and never came', () => {
    const { manager, connect, told } = bench({ graceMs: 0 });
    manager.tag('ghost', 'x', 1);
    connect('a', 'b', 'c');
    manager.trim();
    expect(manager.tagInfo('ghost')).toBeUndefined();
    expect(told).toEqual(['ghost x 1', 'ghost x undefined']);
  });
});

describe('tags', () => {
  it('[CM-2, CM-4, CM-6] add up; they can be overwritten, changed and taken away', () => {
    const { manager, connect, clock } = bench();
    clock.moveTo(7);
    connect('a');
    manager.tag('a', 'x', 5);
    manager.tag('a', 'x', 2);
    manager.tag('a', 'y', -3);
    manager.upsertTag('a', 'z', (value) => value + 10);
    manager.upsertTag('a', 'z', (value) => value + 1);
    expect(manager.tagInfo('a')).toEqual({
      firstSeenAt: 7,
      value: 10,
      tags: new Map([
        ['x', 2],
        ['y', -3],
        ['z', 11],
      ]),
      connections: new Map([['/ip4/192.0.2.1/tcp/4001', 7]]),
    });
    manager.tag('a', 'x', undefined);
    expect(manager.tagInfo('a')?.value).toBe(8);
    expect(manager.tagInfo('b')).toBeUndefined();
  });

  it('[CM-3] of a stranger wait for its first connection, from which its grace counts', () => {
    const { manager, connect, advance, registry } = bench();
    manager.tag('b', 'nothing', undefined);
    expect(manager.tagInfo('b')).toBeUndefined();
    manager.tag('a', 'x', 5);
    expect(manager.tagInfo('a')).toMatchObject({ firstSeenAt: 0, value: 5 });
    advance(5_000);
    connect('a');
    expect(manager.tagInfo('a')).toMatchObject({ firstSeenAt: 5_000, value: 5 });
    connect('b', 'c');
    manager.trim();
    expect(registry.aborted).toEqual([]);
  });

  it('[CM-5] go with the last connection; a connection counts once, and one that is not known is ignored', () => {
    const { manager, registry } = bench();
    const [first, second] = [registry.connect('a'), registry.connect('a')];
    registry.opened$.next(first);
    expect(manager.info.connections).toBe(2);
    manager.tag('a', 'x', 5);
    registry.lose(first);
    registry.closed$.next(first);
    expect(manager.tagInfo('a')?.value).toBe(5);
    registry.lose(second);
    expect(manager.tagInfo('a')).toBeUndefined();
    expect(manager.info.connections).toBe(0);
  });

  it('are at most 64 of a peer', () => {
    const { manager } = bench();
    for (let at = 0; at < 64; at += 1) manager.tag('a', `t${String(at)}`, 1);
    expect(() => {
      manager.tag('a', 'one more', 1);
    }).toThrow(new LimitError('peer', 'tags', 64));
    manager.tag('a', 't0', 2);
    expect(manager.tagInfo('a')?.value).toBe(65);
  });

  it('of strangers are kept for ten thousand of them; who connects pushes nobody out', () => {
    const { manager, connect } = bench();
    for (let at = 0; at <= 10_000; at += 1) manager.tag(`s${String(at)}`, 'x', 1);
    connect('a');
    expect([manager.tagInfo('s0'), manager.tagInfo('s1')?.value]).toEqual([undefined, 1]);
  });
});

describe('protection', () => {
  const peer = peerIdFrom(STRANGER);
  const id = (): typeof peer => peer;

  it('[CM-7] holds while subscribed, by any of its tags; the same one twice ends with the last', () => {
    const { manager } = bench();
    const [one, again, other] = ['x', 'x', 'y'].map((tag) => manager.protect(id, tag).subscribe());
    one!.unsubscribe();
    expect([manager.isProtected(STRANGER), manager.isProtected(STRANGER, 'x')]).toEqual([true, true]);
    again!.unsubscribe();
    expect([manager.isProtected(STRANGER), manager.isProtected(STRANGER, 'x')]).toEqual([true, false]);
    other!.unsubscribe();
    expect(manager.isProtected(STRANGER)).toBe(false);
    expect(manager.isProtected('nobody', 'x')).toBe(false);
  });

  it('[CM-5, CM-16] survives the connections of its peer, and keeps the next ones', () => {
    const { manager, registry, connect, advance } = bench();
    manager.protect(id, 'x').subscribe();
    registry.lose(registry.connect(STRANGER));
    connect(STRANGER, 'a', 'b', 'c');
    advance(10_000);
    expect(registry.aborted.map(({ id: closed }) => closed)).toEqual(['a']);
  });

  it('completes when the host stops, at once where it has', () => {
    const { manager } = bench();
    const ends: string[] = [];
    const hold = (): void => {
      manager.protect(id, 'x').subscribe({ complete: () => ends.push('complete') });
    };
    hold();
    hold();
    manager.stop();
    hold();
    expect(ends).toEqual(['complete', 'complete', 'complete']);
    expect(manager.isProtected(STRANGER)).toBe(false);
  });
});

it('leaves no timer behind when it stops', () => {
  const { clock, manager, connect } = bench();
  connect('a', 'b', 'c', 'd');
  expect(clock.nextAt).toBe(10_000);
  manager.stop();
  expect(clock.nextAt).toBeUndefined();
  manager.tag('a', 'x', 1);
  expect(manager.tagInfo('a')).toBeUndefined();
});
