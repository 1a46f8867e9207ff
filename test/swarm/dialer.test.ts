import { concat, NEVER, retry, take, timer } from 'rxjs';
import { DialError } from '../../src/core/dial-error.js';
import { Libp2pError } from '../../src/core/errors.js';
import { Permits } from '../../src/rx/permits.js';
import type { HostEvent } from '../../src/core/events.js';
import {
  connects,
  delayed,
  dialBench,
  fails,
  hangs,
  NOTHING_LEFT,
  OTHER_PEER,
  type FakeConnection,
} from '../support/dial-bench.js';

const A = '/ip4/1.1.1.1/tcp/1';
const B = '/ip4/2.2.2.2/tcp/2';
const C = '/ip4/3.3.3.3/tcp/3';
const MANY = 10_000;

const typesOf = (events: readonly HostEvent[]): string[] => events.map(({ type }) => type);
const ends = (events: readonly HostEvent[]): unknown[] =>
  events.flatMap((event) => (event.type === 'dial:end' ? [`${event.dialId} ${event.outcome}`] : []));
const stopped = (): Error => new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped');

describe('callers of one peer', () => {
  it('SYNC-1: share one dial and its connection', () => {
    const bench = dialBench({ [A]: connects(10) });
    const callers = [bench.dial([A]), bench.dial([A])];
    bench.advance(5);
    callers.push(bench.dial([A]));
    bench.advance(10);
    expect(bench.dialed()).toEqual([[A, 0]]);
    expect(callers.map(({ id, at }) => [id, at])).toEqual([
      [A, 10],
      [A, 10],
      [A, 10],
    ]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('SYNC-1: of different peers share nothing', () => {
    const bench = dialBench({ [A]: connects(10) });
    bench.dial([A]);
    bench.dial([A], {}, OTHER_PEER);
    bench.advance(10);
    expect(bench.dialed()).toEqual([
      [A, 0],
      [A, 0],
    ]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('SYNC-2: are not hurt when the first of them leaves', () => {
    const bench = dialBench({ [A]: connects(10) });
    const [first, second] = [bench.dial([A]), bench.dial([A])];
    bench.advance(5);
    first.leave();
    bench.advance(10);
    expect([first.at, second.id, bench.attempts.length]).toEqual([undefined, A, 1]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('SYNC-3: give the address the options of who brought it', () => {
    const bench = dialBench({ [A]: connects(10) });
    bench.dial([A], { forceDirect: true, simultaneousConnect: 'client' });
    bench.dial([A]);
    bench.advance(0);
    expect(bench.attempts.map(({ task }) => task.request.options)).toEqual([
      { forceDirect: true, simultaneousConnect: 'client' },
    ]);
  });

  it('SYNC-4: a caller that leaves hears nothing any more, and no timer stays behind', () => {
    const bench = dialBench();
    const [first, second] = [bench.dial([A]), bench.dial([B], {}, OTHER_PEER)];
    bench.advance(5);
    first.leave();
    second.leave();
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
    expect([first, second]).toMatchObject([{ at: undefined }, { at: undefined }]);
  });

  it('SYNC-5: with the last caller every dial ends, in that very turn, and who comes then gets a fresh worker', () => {
    const bench = dialBench();
    const callers = [bench.dial([A, B]), bench.dial([A])];
    bench.advance(5);
    for (const caller of callers) caller.leave();
    expect(bench.attempts.map(({ addr, end, endedAt }) => [addr, end, endedAt])).toEqual([
      [A, 'cancelled', 5],
      [B, 'cancelled', 5],
    ]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
    bench.dial([A]);
    bench.advance(0);
    expect(bench.dialed().at(-1)).toEqual([A, 5]);
  });

  it('SYNC-5: a caller that dials again inside its error handler gets a fresh worker, not the failures of the last', () => {
    const bench = dialBench({ [A]: fails(10) });
    const outcomes: unknown[] = [];
    const again = (): void => {
      bench.backoff.clear();
      bench.dialer.dial(bench.call([B, A])).subscribe({
        next: ({ id }) => outcomes.push(id),
        error: (error: unknown) => outcomes.push(error),
      });
    };
    bench.dialer.dial(bench.call([A])).subscribe({ error: again });
    bench.advance(10);
    expect(bench.dialed()).toEqual([
      [A, 0],
      [B, 10],
      [A, 10],
    ]);
  });

  it('SYNC-6: dials go on for those who are left, also those that only others waited for', () => {
    const bench = dialBench({ [A]: connects(20), [B]: fails(10) });
    const first = bench.dial([A]);
    bench.dial([B, C]);
    bench.advance(5);
    first.leave();
    bench.advance(5);
    expect(bench.attempts.map(({ addr, end }) => [addr, end])).toEqual([
      [A, undefined],
      [B, 'failed'],
      [C, undefined],
    ]);
    bench.advance(10);
    // Nobody waits for it: it is one more connection, and the dial goes on.
    expect(bench.attempts.map(({ end }) => end)).toEqual(['completed', 'failed', undefined]);
  });

  it('SYNC-8: who comes while a worker is answered but not yet left benefits from what it has', () => {
    const bench = dialBench({ [A]: connects(10) });
    let late: unknown;
    bench.dialer.dial(bench.call([A])).subscribe();
    bench.dialer.dial(bench.call([A])).subscribe();
    bench.dialer.updates(bench.call([A])).subscribe(({ type }) => {
      if (type === 'dial:connect') bench.dialer.dial(bench.call([A])).subscribe(({ id }) => (late = id));
    });
    bench.advance(10);
    expect([late, bench.attempts.length]).toEqual([A, 1]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it(`F20: ${String(MANY)} of them share one dial, and each that leaves affects only itself`, () => {
    const bench = dialBench({ [A]: connects(100) });
    const callers = Array.from({ length: MANY }, () => bench.dial([A]));
    bench.advance(50);
    callers.forEach(({ leave }, at) => {
      if (at % 2 === 0) leave();
    });
    bench.advance(50);
    expect(bench.dialed()).toEqual([[A, 0]]);
    expect(callers.filter(({ id }, at) => (id === A) === (at % 2 === 1)).length).toBe(MANY);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it(`F20: ${String(MANY)} of them get the failure of one dial`, () => {
    const bench = dialBench({ [A]: fails(100) });
    const callers = Array.from({ length: MANY }, () => bench.dial([A]));
    bench.advance(100);
    expect(bench.dialed()).toEqual([[A, 0]]);
    expect(callers.every(({ error }) => error instanceof DialError)).toBe(true);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it(`F20: ${String(MANY)} of them whose plans are slow cost no more, and the last that leaves stops all`, () => {
    const bench = dialBench();
    const callers = Array.from({ length: MANY }, () => bench.dial(concat(bench.call([A]).addr$, NEVER)));
    bench.advance(50);
    expect(bench.attempts.length).toBe(1);
    for (const { leave } of callers.slice(1)) leave();
    expect(bench.attempts.map(({ end }) => end)).toEqual([undefined]);
    callers[0]?.leave();
    expect(bench.attempts.map(({ end }) => end)).toEqual(['cancelled']);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it(`F20: ${String(MANY)} of them run out of time together`, () => {
    const bench = dialBench({}, { addrTimeoutMs: 100_000 });
    const callers = Array.from({ length: MANY }, () => bench.dial([A]));
    bench.advance(60_000);
    expect(callers.every(({ error, at }) => error instanceof DialError && at === 60_000)).toBe(true);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('callers that answer inside their own news', () => {
  it('may dial the same peer again inside next', () => {
    const bench = dialBench({ [A]: connects(10) });
    const seen: string[] = [];
    bench.dialer.dial(bench.call([A])).subscribe(() => {
      seen.push('first');
      bench.dialer.dial(bench.call([A])).subscribe(() => seen.push('second'));
    });
    bench.advance(20);
    expect(seen).toEqual(['first', 'second']);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('may dial by force inside next: that is a connection of its own', () => {
    const bench = dialBench({ [A]: connects(10) });
    bench.dialer.dial(bench.call([A])).subscribe(() => bench.dial([A], { force: true }));
    bench.advance(20);
    expect(bench.dialed()).toEqual([
      [A, 0],
      [A, 10],
    ]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('may dial inside next what was cancelled a moment ago, while others have not been told yet', () => {
    const bench = dialBench({ [A]: connects(10) });
    bench.dialer.dial(bench.call([A, B])).subscribe(() => bench.dial([B]));
    bench.dial([A, B]);
    bench.advance(20);
    expect(bench.dialed()).toEqual([
      [A, 0],
      [B, 0],
      [B, 10],
    ]);
  });

  it('may retry at once: each try comes through the scheduler, so nothing recurses', () => {
    const bench = dialBench({ [A]: fails(0) });
    const seen: unknown[] = [];
    bench.dialer
      .dial(bench.call([A]))
      .pipe(retry(5_000))
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([]);
    bench.advance(0);
    expect(seen).toMatchObject([{ code: 'ERR_DIAL_FAILED' }]);
    expect(bench.attempts.length).toBe(1);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('never get an error inside subscribe, whatever is known by then', () => {
    const bench = dialBench({}, { refusesPeer: () => new Libp2pError('ERR_GATED', 'local', 'no') });
    for (const addrs of [[], [A]]) {
      const outcome = bench.dial(addrs);
      expect(outcome.error).toBeUndefined();
      bench.advance(0);
      expect(outcome.error).toMatchObject({ code: 'ERR_GATED' });
    }
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('get nothing when they leave between the failure and its error', () => {
    const bench = dialBench();
    const outcome = bench.dial([]);
    outcome.leave();
    bench.advance(10);
    expect(outcome.error).toBeUndefined();
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('may stop the dialer inside next: everybody is answered, and nothing stays', () => {
    const bench = dialBench({ [A]: connects(10) });
    const seen: string[] = [];
    bench.dialer.dial(bench.call([A])).subscribe({
      next: () => {
        seen.push('stopped');
        bench.dialer.stop(stopped());
      },
    });
    const other = bench.dial([A]);
    bench.advance(10);
    expect([seen, other.at]).toEqual([['stopped'], 10]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('are told on event$ how their dial ended, also when they leave inside their first event', () => {
    const bench = dialBench();
    const events = bench.listen();
    bench.dialer
      .updates(bench.call([A]))
      .pipe(take(1))
      .subscribe();
    bench.advance(10);
    expect(typesOf(events)).toEqual(['dial:start', 'dial:plan', 'dial:end']);
    expect(ends(events)).toEqual(['dial-1 cancelled']);
    expect([bench.attempts.length, bench.leftovers()]).toEqual([0, NOTHING_LEFT]);
  });

  it('are told of what they cancel by leaving inside an event', () => {
    const bench = dialBench();
    const events = bench.listen();
    bench.dialer
      .updates(bench.call([A]))
      .pipe(take(3))
      .subscribe();
    bench.advance(10);
    expect(typesOf(events)).toEqual(['dial:start', 'dial:plan', 'dial:attempt', 'dial:cancel', 'dial:end']);
    expect(bench.attempts.map(({ end, endedAt }) => [end, endedAt])).toEqual([['cancelled', 0]]);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('force', () => {
  const there: FakeConnection = { id: 'there' };
  const acceptable = ({ options }: { options: { force?: boolean | undefined } }) =>
    options.force === true ? undefined : there;

  it('WORK-1.1: without it, a connection that is there is the answer, at once', () => {
    const bench = dialBench({ [A]: connects(10) }, { acceptable });
    const events = bench.listen();
    const outcome = bench.dial([A]);
    expect([outcome.id, bench.attempts]).toEqual(['there', []]);
    expect(typesOf(events)).toEqual(['dial:start', 'dial:end']);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('with it, the peer is dialed', () => {
    const bench = dialBench({ [A]: connects(10) }, { acceptable });
    const outcome = bench.dial([A], { force: true });
    bench.advance(10);
    expect([outcome.id, outcome.at]).toEqual([A, 10]);
  });
});

describe('dialUpdates', () => {
  it('tells a dial from its start to its end, under one id, and then completes', () => {
    const bench = dialBench({ [A]: fails(10), [B]: connects(20) }, { strategy: delayed({ [B]: 250 }) });
    const { events } = bench.updates([A, B, C]);
    bench.advance(40);
    expect(events.map(({ at, type, ...rest }) => [at, type, 'addr' in rest ? rest.addr : undefined])).toEqual(
      [
        [0, 'dial:start', undefined],
        [0, 'dial:plan', A],
        [0, 'dial:plan', B],
        [0, 'dial:plan', C],
        [0, 'dial:attempt', A],
        [0, 'dial:attempt', C],
        [10, 'dial:fail', A],
      ],
    );
    bench.advance(300);
    expect(events.slice(7).map(({ at, type }) => [at, type])).toEqual([
      [250, 'dial:attempt'],
      [270, 'dial:connect'],
      [270, 'dial:cancel'],
      [270, 'dial:end'],
    ]);
    expect(new Set(events.map(({ dialId }) => dialId))).toEqual(new Set(['dial-1']));
  });

  it('tells a joiner what is under way, all under its own id', () => {
    const bench = dialBench({ [A]: connects(20) });
    bench.dial([A]);
    bench.advance(10);
    const joiner = bench.updates([A]);
    bench.advance(10);
    expect(joiner.events.map(({ at, type }) => [at, type])).toEqual([
      [10, 'dial:start'],
      [10, 'dial:plan'],
      [10, 'dial:attempt'],
      [20, 'dial:connect'],
      [20, 'dial:end'],
    ]);
    expect(new Set(joiner.events.map(({ dialId }) => dialId))).toEqual(new Set(['dial-2']));
    expect(joiner.isComplete).toBe(true);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('tells a joiner of an address that has failed before it came', () => {
    const bench = dialBench({ [A]: fails(5) });
    bench.dial([A, B]);
    bench.advance(10);
    const joiner = bench.updates([A]);
    expect(typesOf(joiner.events)).toEqual(['dial:start', 'dial:fail', 'dial:end']);
    expect(joiner.events.at(-1)).toMatchObject({ outcome: 'failed', code: 'ERR_DIAL_FAILED' });
  });

  it('tells what several callers share on event$ once, under the one that has waited longest', () => {
    const bench = dialBench({ [A]: connects(20) });
    const events = bench.listen();
    bench.updates([A]);
    bench.updates([A]);
    bench.advance(10);
    bench.updates([A]);
    bench.advance(20);
    const shared = events.filter(({ type }) => type === 'dial:connect' || type === 'dial:attempt');
    expect(shared.map((event) => [event.type, 'dialId' in event && event.dialId])).toEqual([
      ['dial:attempt', 'dial-1'],
      ['dial:connect', 'dial-1'],
    ]);
    expect(ends(events)).toEqual(['dial-1 connected', 'dial-2 connected', 'dial-3 connected']);
  });

  it('numbers events upwards, without a gap on event$', () => {
    const bench = dialBench({ [A]: fails(5), [B]: connects(20) });
    const events = bench.listen();
    bench.updates([A, B]);
    bench.updates([B]);
    bench.advance(20);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  });

  it('tells of a dial that could not begin in one event', () => {
    const bench = dialBench();
    const seen: unknown[] = [];
    bench.dialer.refused(new Libp2pError('ERR_DIAL_SELF', 'local', 'to self')).subscribe({
      next: ({ type, dialId, ...rest }) => seen.push([type, dialId, 'code' in rest && rest.code]),
      complete: () => seen.push('complete'),
    });
    expect(seen).toEqual([['dial:end', 'dial-1', 'ERR_DIAL_SELF'], 'complete']);
  });
});

describe('stop', () => {
  it('F25: answers every caller with its error, ends every dial, and everybody who comes later gets it too', () => {
    const bench = dialBench();
    const events = bench.listen();
    const callers = [bench.dial([A]), bench.dial([A]), bench.dial([B], {}, OTHER_PEER)];
    const heard = bench.updates([A]);
    bench.advance(5);
    bench.dialer.stop(stopped());
    expect(callers.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    callers.push(bench.dial([A]));
    const late = bench.updates([A]);
    bench.advance(0);
    expect(callers.map(({ error, at }) => [(error as Libp2pError).code, at])).toEqual(
      callers.map(() => ['ERR_HOST_STOPPED', 5]),
    );
    expect([heard.isComplete, heard.events.at(-1), late.isComplete]).toMatchObject([
      true,
      { type: 'dial:end', outcome: 'failed', code: 'ERR_HOST_STOPPED' },
      true,
    ]);
    expect(ends(events).sort()).toEqual(['1', '2', '3', '4', '5', '6'].map((at) => `dial-${at} failed`));
    bench.advance(100_000);
    expect([bench.attempts.length, bench.leftovers()]).toEqual([2, NOTHING_LEFT]);
  });

  it('F25: tells of what it cancels before the end', () => {
    const bench = dialBench();
    const events = bench.listen();
    bench.updates([A]);
    bench.advance(5);
    bench.dialer.stop(stopped());
    bench.advance(0);
    expect(typesOf(events).slice(-3)).toEqual(['dial:attempt', 'dial:cancel', 'dial:end']);
  });

  it('F25: may come from inside an event, twice', () => {
    const bench = dialBench({ [A]: connects(0) });
    const events = bench.listen();
    bench.log.event$.subscribe(({ type }) => {
      if (type !== 'dial:plan') return;
      bench.dialer.stop(stopped());
      bench.dialer.stop(stopped());
    });
    const outcome = bench.dial([A]);
    bench.advance(100);
    expect(outcome).toMatchObject({ id: undefined, error: { code: 'ERR_HOST_STOPPED' } });
    expect(ends(events)).toEqual(['dial-1 failed']);
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('F25: answers nobody twice, though a connection comes in the same moment', () => {
    const bench = dialBench({ [A]: connects(10) });
    const events = bench.listen();
    const outcome = bench.dial([A]);
    timer(10, bench.clock).subscribe(() => {
      bench.dialer.stop(stopped());
    });
    bench.advance(10);
    expect(ends(events).length).toBe(1);
    expect([outcome.id === undefined, outcome.error === undefined]).toContain(true);
  });

  it('LIM-6: lets no dial begin that waits for a descriptor of one that is cancelled', () => {
    const addrs = Array.from({ length: 20 }, (_, at) => `/ip4/9.9.9.9/tcp/${String(at + 1)}`);
    const bench = dialBench({}, { descriptors: new Permits(3) });
    bench.dial(addrs);
    bench.dial(addrs, {}, OTHER_PEER);
    bench.advance(1);
    expect(bench.attempts.length).toBe(3);
    bench.dialer.stop(stopped());
    bench.advance(10);
    expect([bench.attempts.length, bench.leftovers()]).toEqual([3, NOTHING_LEFT]);
  });

  it('whoever waits when the work itself is unsubscribed gets an error, and no dial is left', () => {
    const bench = dialBench();
    const outcome = bench.dial([A]);
    bench.advance(5);
    bench.work.unsubscribe();
    bench.advance(0);
    expect(outcome.error).toMatchObject({ code: 'ERR_HOST_STOPPED' });
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('F23: a caller that leaves', () => {
  it.each([
    ['before anything is planned', 0, NEVER],
    ['while an address waits for its turn', 100, undefined],
    ['while an address is dialed', 300, undefined],
  ])('%s leaves nothing behind', (_when, afterMs, addrs) => {
    const bench = dialBench({ [A]: hangs }, { strategy: delayed({ [B]: 250 }) });
    const events = bench.listen();
    const outcome = bench.dial(addrs ?? [A, B]);
    bench.advance(afterMs);
    outcome.leave();
    const before = events.length;
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
    bench.advance(100_000);
    expect([events.length, events.at(-1)]).toMatchObject([
      before,
      { type: 'dial:end', outcome: 'cancelled' },
    ]);
  });

  it('LIM-6: starts no dial on its way out, though more wait than may run', () => {
    const addrs = Array.from({ length: 20 }, (_, at) => `/ip4/9.9.9.9/tcp/${String(at + 1)}`);
    const bench = dialBench();
    const outcome = bench.dial(addrs);
    bench.advance(1);
    expect(bench.attempts.length).toBe(8);
    outcome.leave();
    expect([bench.attempts.length, bench.leftovers()]).toEqual([8, NOTHING_LEFT]);
  });

  it('LIM-6: and so does the winner of a race', () => {
    const addrs = Array.from({ length: 20 }, (_, at) => `/ip4/9.9.9.9/tcp/${String(at + 1)}`);
    const bench = dialBench({ [addrs[3] ?? '']: connects(10) });
    const outcome = bench.dial(addrs);
    bench.advance(10);
    expect([outcome.id, bench.attempts.length, bench.leftovers()]).toEqual([addrs[3], 8, NOTHING_LEFT]);
  });
});
