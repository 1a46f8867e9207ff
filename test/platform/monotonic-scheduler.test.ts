import { jest } from '@jest/globals';
import {
  debounceTime,
  delay,
  from,
  interval,
  observeOn,
  Subject,
  subscribeOn,
  take,
  timeout,
  timer,
  type Observable,
} from 'rxjs';
import { monotonicScheduler as scheduler } from '../../src/platform/monotonic-scheduler.js';

/** Values, and `|` or `#`, each with the milliseconds since the start. */
function record(source: Observable<unknown>): unknown[] {
  const start = scheduler.now();
  const seen: unknown[] = [];
  const at = (): number => Math.round(scheduler.now() - start);
  source.subscribe({
    next: (value) => seen.push([value, at()]),
    error: () => seen.push(['#', at()]),
    complete: () => seen.push(['|', at()]),
  });
  return seen;
}
const microtasks = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('F11, F28, F34: work that comes more than a second late', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** The process is held up: time passes, and no timer runs. */
  const frozen = (ms: number): void => {
    jest.setSystemTime(Date.now() + ms);
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + ms);
  };
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([
    [1_001, []],
    [600_000, []],
    [1_000, ['work']],
    [0, ['work']],
  ])('by %i ms lets input go first: at once it has run %j', async (lateMs, atOnce) => {
    const ran: string[] = [];
    scheduler.schedule(() => ran.push('work'), 10);
    frozen(10 + lateMs);
    jest.advanceTimersToNextTimer();
    expect(ran).toEqual(atOnce);
    await turn();
    await turn();
    expect(ran).toEqual(['work']);
  });

  it('does not run when what came in has made it needless', async () => {
    const ran: string[] = [];
    const work = scheduler.schedule(() => ran.push('work'), 10);
    frozen(5_000);
    jest.advanceTimersToNextTimer();
    work.unsubscribe();
    await turn();
    await turn();
    expect(ran).toEqual([]);
  });
});

describe('work without delay', () => {
  it('runs in order, in a microtask, never inside schedule', async () => {
    const ran: string[] = [];
    for (const name of ['a', 'b', 'c']) scheduler.schedule(() => ran.push(name));
    expect(ran).toEqual([]);
    await Promise.resolve();
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  it('takes a negative delay, or one that is no number, as none', async () => {
    const ran: string[] = [];
    scheduler.schedule(() => ran.push('negative'), -5);
    scheduler.schedule(() => ran.push('NaN'), NaN);
    await microtasks();
    expect(ran).toEqual(['negative', 'NaN']);
  });

  it('that schedules more lets promises have their turn before', async () => {
    const ran: string[] = [];
    scheduler.schedule(() => {
      ran.push('first');
      scheduler.schedule(() => ran.push('second'));
      void Promise.resolve().then(() => ran.push('promise'));
    });
    scheduler.schedule(() => ran.push('beside'));
    await microtasks();
    expect([...ran].sort()).toEqual(['beside', 'first', 'promise', 'second']);
    expect(ran.slice(0, 2)).toEqual(['first', 'beside']);
  });

  it('does not run once unsubscribed, also by work that is due at the same time', async () => {
    const ran: string[] = [];
    scheduler.schedule(() => {
      ran.push('first');
      second.unsubscribe();
    });
    const second = scheduler.schedule(() => ran.push('second'));
    scheduler.schedule(() => ran.push('gone')).unsubscribe();
    await microtasks();
    expect(ran).toEqual(['first']);
  });

  it('that throws stops no other, and its error comes from a timer', async () => {
    const ran: string[] = [];
    scheduler.schedule(() => {
      throw new Error('mine');
    });
    scheduler.schedule(() => ran.push('other'));
    await microtasks();
    expect(ran).toEqual(['other']);
    expect(() => {
      jest.runOnlyPendingTimers();
    }).toThrow('mine');
  });
});

describe('work with a delay', () => {
  it('runs at its time, and not before', () => {
    let runAt: number | undefined;
    const start = scheduler.now();
    scheduler.schedule(() => (runAt = scheduler.now()), 10.5);
    jest.advanceTimersByTime(10);
    expect(runAt).toBeUndefined();
    jest.advanceTimersByTime(2);
    expect(runAt).toBeGreaterThanOrEqual(start + 10.5);
  });

  it('gets its state', () => {
    const got: unknown[] = [];
    scheduler.schedule((state) => got.push(state), 1, 'state');
    jest.advanceTimersByTime(1);
    expect(got).toEqual(['state']);
  });

  it('does not run, and holds no timer, once unsubscribed', () => {
    const ran: string[] = [];
    const action = scheduler.schedule(() => ran.push('ran'), 5);
    action.unsubscribe();
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(10);
    expect([ran, action.closed]).toEqual([[], true]);
  });

  it('holds no timer when it has run', () => {
    const action = scheduler.schedule(() => undefined, 5);
    jest.advanceTimersByTime(5);
    expect([jest.getTimerCount(), action.closed]).toEqual([0, true]);
  });

  it('waits longer than the platform’s timers can', () => {
    const ran: string[] = [];
    const days40 = 40 * 86_400_000;
    scheduler.schedule(() => ran.push('ran'), days40);
    jest.advanceTimersByTime(days40 - 1);
    expect(ran).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(ran).toEqual(['ran']);
  });

  it('never runs after an infinite delay, and holds no timer', () => {
    scheduler.schedule(() => undefined, Infinity);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('that throws ends, and its error comes from a timer', () => {
    const action = scheduler.schedule(() => {
      throw new Error('mine');
    }, 5);
    expect(() => {
      jest.advanceTimersByTime(10);
    }).toThrow('mine');
    expect([action.closed, jest.getTimerCount()]).toEqual([true, 0]);
  });
});

describe('work that schedules itself anew', () => {
  it('goes on with its new state and delay until it no longer does', () => {
    const start = scheduler.now();
    const ran: [number, number][] = [];
    const action = scheduler.schedule<number>(
      function (count) {
        ran.push([count, scheduler.now() - start]);
        if (count < 3) this.schedule(count + 1, 10 * (count + 1));
      },
      5,
      0,
    );
    jest.advanceTimersByTime(1000);
    expect(ran).toEqual([
      [0, 5],
      [1, 15],
      [2, 35],
      [3, 65],
    ]);
    expect(action.closed).toBe(true);
  });

  it('replaces what it had scheduled before', () => {
    const ran: unknown[] = [];
    scheduler.schedule<string>(
      function (state) {
        ran.push(state);
        if (state !== 'first') return;
        this.schedule('replaced', 10);
        this.schedule('second', 20);
      },
      1,
      'first',
    );
    jest.advanceTimersByTime(100);
    expect(ran).toEqual(['first', 'second']);
  });

  it('can be stopped from outside', () => {
    let count = 0;
    const action = scheduler.schedule(function () {
      count += 1;
      this.schedule(undefined, 10);
    }, 10);
    jest.advanceTimersByTime(35);
    action.unsubscribe();
    jest.advanceTimersByTime(100);
    expect([count, jest.getTimerCount()]).toEqual([3, 0]);
  });
});

describe('RxJS’s own timed operators', () => {
  it.each<[string, () => Observable<unknown>, unknown[]]>([
    ['timer', () => timer(20, scheduler), [[0, 20], ['|', 20]]], // prettier-ignore
    ['timer with a period', () => timer(5, 10, scheduler).pipe(take(3)), [[0, 5], [1, 15], [2, 25], ['|', 25]]], // prettier-ignore
    ['interval', () => interval(10, scheduler).pipe(take(2)), [[0, 10], [1, 20], ['|', 20]]], // prettier-ignore
    ['delay', () => from(['a', 'b']).pipe(delay(7, scheduler)), [['a', 7], ['b', 7], ['|', 7]]], // prettier-ignore
    ['timeout', () => new Subject().pipe(timeout({ first: 30, scheduler })), [['#', 30]]],
    ['timeout by each', () => interval(10, scheduler).pipe(timeout({ each: 15, scheduler }), take(2)), [[0, 10], [1, 20], ['|', 20]]], // prettier-ignore
    ['debounceTime', () => timer(0, 4, scheduler).pipe(take(3), debounceTime(5, scheduler)), [[2, 8], ['|', 8]]], // prettier-ignore
  ])('%s', async (_, make, expected) => {
    const seen = record(make());
    await jest.advanceTimersByTimeAsync(100);
    expect(seen).toEqual(expected);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('debounceTime emits only after silence', async () => {
    const source = new Subject<string>();
    const seen = record(source.pipe(debounceTime(10, scheduler)));
    source.next('a');
    await jest.advanceTimersByTimeAsync(9);
    source.next('b');
    await jest.advanceTimersByTimeAsync(9);
    source.next('c');
    await jest.advanceTimersByTimeAsync(50);
    expect(seen).toEqual([['c', 28]]);
  });

  it('observeOn and subscribeOn keep order and are asynchronous', async () => {
    const seen = record(from([1, 2, 3]).pipe(observeOn(scheduler), subscribeOn(scheduler)));
    expect(seen).toEqual([]);
    await microtasks();
    expect(seen.map((entry) => (entry as unknown[])[0])).toEqual([1, 2, 3, '|']);
  });

  it('unsubscribing from any of them leaves no timer', () => {
    for (const source of [timer(5, 5, scheduler), new Subject().pipe(timeout({ first: 9, scheduler }))]) {
      source.subscribe().unsubscribe();
    }
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the clock', () => {
  it('does not follow the wall clock, which can be set back', () => {
    const before = scheduler.now();
    jest.setSystemTime(0);
    jest.advanceTimersByTime(5);
    expect(scheduler.now() - before).toBe(5);
  });
});
