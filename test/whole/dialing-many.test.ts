import { jest } from '@jest/globals';
import { retry, type SchedulerLike } from 'rxjs';
import type { SwarmHost } from '../../src/host/host.js';
import type { Multiaddr } from '@multiformats/multiaddr';
import { parseMultiaddr, type Connection, type Host, type HostEvent } from '../../src/index.js';
import type { VirtualClock } from '../../src/testing/virtual-clock.js';
import { at, collect, wilds, type Wilds } from '../support/wilds.js';

const MANY = 10_000;
/** They take seconds where others work as well. */
jest.setTimeout(60_000);
const TCP = '/ip4/1.2.3.4/tcp/1';

let world: Wilds;
let a: Host;
let b: Host;
let events: HostEvent[];
let target: Multiaddr;
beforeEach(async () => {
  events = [];
  world = wilds();
  [a, b] = [
    await world.createHost({ events: { next: (event) => events.push(event) } }),
    await world.createHost(),
  ];
  world.set({ [TCP]: { leadsTo: b, afterMs: 100 } });
  target = parseMultiaddr(at(TCP, b));
});
const count = (type: HostEvent['type']): number => events.filter((event) => event.type === type).length;
/** Nobody waits, nothing is held, and no timer runs. */
const expectNothingLeft = (backedOff = 0): void => {
  // What a host is made of, behind its public face.
  expect((a as unknown as SwarmHost).dialing).toEqual({ callers: 0, descriptors: 0, backedOff });
  const { nextAt } = world.net.scheduler as SchedulerLike & Pick<VirtualClock, 'nextAt'>;
  expect(nextAt).toBeUndefined();
};

describe('F20: ten thousand dials of one peer', () => {
  it('are one attempt, whose connection all get', async () => {
    const got = new Set<Connection>();
    let completed = 0;
    for (let n = 0; n < MANY; n += 1)
      a.dial(target).subscribe({
        next: (connection) => got.add(connection),
        complete: () => (completed += 1),
      });
    await world.net.advance(1000);
    expect([got.size, completed]).toEqual([1, MANY]);
    expect([count('dial:start'), count('dial:attempt'), count('dial:connect'), count('dial:end')]).toEqual([
      MANY,
      1,
      1,
      MANY,
    ]);
    expect(world.dialed).toEqual([TCP]);
  });

  it('fail together, each with its own error, once', async () => {
    world.set({ [TCP]: { refusesAfterMs: 100 } });
    const errors = new Map<unknown, number>();
    for (let n = 0; n < MANY; n += 1)
      a.dial(target).subscribe({
        error: (error: unknown) => errors.set(error, (errors.get(error) ?? 0) + 1),
      });
    await world.net.advance(1000);
    expect([errors.size, Math.max(...errors.values())]).toEqual([MANY, 1]);
    expect([count('dial:attempt'), count('dial:fail')]).toEqual([1, 1]);
    expectNothingLeft(1);
  });

  it('leave one by one without hurting those that stay; the last one stops it', async () => {
    const subscriptions = Array.from({ length: MANY }, () => a.dial(target).subscribe());
    await world.net.advance(50);
    for (const subscription of subscriptions.slice(0, -1)) subscription.unsubscribe();
    expect([count('dial:cancel'), count('dial:end')]).toEqual([0, MANY - 1]);
    subscriptions.at(-1)?.unsubscribe();
    expect([count('dial:cancel'), count('dial:end')]).toEqual([1, MANY]);
    expectNothingLeft();
    await world.net.advance(1000);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });
});

it('ten thousand dials that are given up at once leave nothing, and none is begun in vain', async () => {
  for (let n = 0; n < MANY; n += 1) a.dial(target).subscribe().unsubscribe();
  expectNothingLeft();
  expect([count('dial:start'), count('dial:end')]).toEqual([MANY, MANY]);
  await world.net.advance(60_000);
  expect([a.connections, b.connections]).toEqual([[], []]);
  expect(await world.end(a.dial(target))).toMatchObject({ direction: 'outbound' });
});

it('a dial that is retried at once does not overflow the stack', async () => {
  world.set({ [TCP]: { refusesAfterMs: 0 } });
  const { ends } = collect(a.dial(target).pipe(retry({ count: 1000 })));
  await world.net.advance(10);
  expect(ends).toMatchObject([{ name: 'DialError', code: 'ERR_DIAL_FAILED' }]);
  expect(count('dial:start')).toBe(1001);
});
