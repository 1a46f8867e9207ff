import { concat, EMPTY, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import type { Machine, Turn, Wake } from '../../src/core/machine.js';
import { drive } from '../../src/rx/drive.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { marbles, runMarbles } from '../support/marbles.js';

type Step = (input: string, now: number) => Partial<Turn<string, string, string>>;

/** A machine from a table: it remembers its last turn, so that what a turn leaves out stays as it was. */
function machine(step: Step): Machine<Turn<string, string, string>, string, string, string> {
  const initial: Turn<string, string, string> = { state: '' };
  return {
    initial,
    step(before, input: string | Wake, now) {
      const turn = step(typeof input === 'string' ? input : 'wake', now);
      const { running = before.running, wakeAt = before.wakeAt } = turn;
      return { outputs: [], ...turn, running, wakeAt, state: { ...before, running, wakeAt } } as never;
    },
  };
}
const says =
  (table: Record<string, Partial<Turn<string, string, string>>>): Step =>
  (input) =>
    table[input] ?? { outputs: [input] };
const running = (...tasks: string[]): Partial<Turn<string, string, string>> => ({ running: new Set(tasks) });
const NO_TASKS = (): Observable<string> => NEVER;

describe('drive', () => {
  it(
    'gives inputs to the machine, and says what it says',
    marbles(({ hot, expectObservable, expectSubscriptions }, scheduler) => {
      const input$ = hot('-a-b--c-');
      const two = machine(says({ b: { outputs: ['x', 'y'] }, c: { outputs: [] } }));
      expectObservable(input$.pipe(drive(two, { scheduler, run: NO_TASKS })), '-------!').toBe('-a-(xy)');
      expectSubscriptions(input$.subscriptions).toBe('^------!');
    }),
  );

  it.each([
    ['never says anything of inputs that never come', '-', '-', '^'],
    [
      'goes on when its inputs are at an end: it may wait for an answer, or for the time',
      '-a|',
      '-a-',
      '^-!',
    ],
    ['errors with its inputs', '-a-#', '-a-#', '^--!'],
  ])('%s', (_what, from, expected, subscribed) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const input$ = cold(from);
      expectObservable(input$.pipe(drive(machine(says({})), { scheduler, run: NO_TASKS }))).toBe(expected);
      expectSubscriptions(input$.subscriptions).toBe(subscribed);
    });
  });

  it(
    'runs the tasks that a turn wishes for, hands in their answers, and cancels one that a turn leaves out',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }, scheduler) => {
      const tasks: Record<string, ReturnType<typeof cold<string>>> = {
        s: cold('--m--n--'),
        t: cold('---o|'),
      };
      const table = machine(says({ a: running('s', 't'), b: running('t') }));
      const driven$ = hot('-a--b----', undefined).pipe(
        drive(table, { scheduler, run: (task) => tasks[task] ?? EMPTY }),
      );
      expectObservable(driven$).toBe('---mo----');
      expectSubscriptions(tasks['s']!.subscriptions).toBe('-^--!');
      expectSubscriptions(tasks['t']!.subscriptions).toBe('-^---!');
    }),
  );

  it(
    'wakes the machine when it asked to be called, once for each time that it asks',
    marbles(({ hot, expectObservable }, scheduler) => {
      const at = machine((input, now) => ({
        outputs: [`${input} ${String(now)}`],
        wakeAt: input === 'a' ? 5 : Infinity,
      }));
      expectObservable(hot('-a-----------').pipe(drive(at, { scheduler, run: NO_TASKS }))).toBe('-a---w---', {
        a: 'a 1',
        w: 'wake 5',
      });
    }),
  );

  it(
    'forgets the time that it was asked for when a later turn asks for another',
    marbles(({ hot, expectObservable }, scheduler) => {
      const table = machine(
        says({ a: { wakeAt: 4 }, b: { wakeAt: 7 }, wake: { outputs: ['w'], wakeAt: Infinity } }),
      );
      expectObservable(hot('-a-b--------').pipe(drive(table, { scheduler, run: NO_TASKS }))).toBe(
        '-------w----',
      );
    }),
  );

  it(
    'takes a time that has passed for now',
    marbles(({ hot, expectObservable }, scheduler) => {
      const table = machine(says({ a: { wakeAt: -3 }, wake: { outputs: ['w'], wakeAt: Infinity } }));
      expectObservable(hot('--a---').pipe(drive(table, { scheduler, run: NO_TASKS }))).toBe('--w---');
    }),
  );

  it(
    'tells the last turn, completes, and cancels tasks and timer when the machine is done',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }, scheduler) => {
      const task = cold('----m');
      const input$ = hot('-a-b-c-');
      const table = machine(
        says({ a: { ...running('s'), wakeAt: 9 }, b: { outputs: ['x', 'y'], done: true } }),
      );
      expectObservable(input$.pipe(drive(table, { scheduler, run: () => task }))).toBe('---(xy|)');
      expectSubscriptions(task.subscriptions).toBe('-^-!');
      expectSubscriptions(input$.subscriptions).toBe('^--!');
    }),
  );

  it(
    'does not start a task that the last turn wishes for',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }, scheduler) => {
      const task = cold('-');
      const table = machine(says({ a: { ...running('s'), done: true } }));
      expectObservable(hot('-a').pipe(drive(table, { scheduler, run: () => task }))).toBe('-|');
      expectSubscriptions(task.subscriptions).toBe([]);
    }),
  );

  it(
    'cancels tasks and timer when its subscriber leaves',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }, scheduler) => {
      const task = cold('----m');
      const table = machine(says({ a: { ...running('s'), wakeAt: 9 } }));
      expectObservable(hot('-a-----').pipe(drive(table, { scheduler, run: () => task })), '---!').toBe(
        '----',
      );
      expectSubscriptions(task.subscriptions).toBe('-^-!');
    }),
  );

  it(
    'errors when the machine throws, and cancels its tasks',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }, scheduler) => {
      const task = cold('-');
      const input$ = hot('-a-b-');
      const table = machine((input) => {
        if (input === 'b') throw new Error('defect');
        return running('s');
      });
      expectObservable(input$.pipe(drive(table, { scheduler, run: () => task }))).toBe(
        '---#',
        undefined,
        new Error('defect'),
      );
      expectSubscriptions(task.subscriptions).toBe('-^-!');
      expectSubscriptions(input$.subscriptions).toBe('^--!');
    }),
  );

  it(
    'errors when a task does',
    marbles(({ hot, expectObservable }, scheduler) => {
      const table = machine(says({ a: running('s') }));
      const run = (): Observable<string> => throwError(() => 'failed');
      expectObservable(hot('-a').pipe(drive(table, { scheduler, run }))).toBe('-#', undefined, 'failed');
    }),
  );

  it('hears an answer that a task gives as it starts, also to an input that comes inside subscribe', () => {
    const seen: string[] = [];
    const table = machine(says({ a: { outputs: ['a'], ...running('s') } }));
    of('a')
      .pipe(drive(table, { scheduler: new VirtualClock(), run: () => of('m', 'n') }))
      .subscribe((output) => seen.push(output));
    expect(seen).toEqual(['a', 'm', 'n']);
  });

  it('tells a turn before its tasks start, and a consequence never overtakes its cause', () => {
    const input$ = new Subject<string>();
    const seen: string[] = [];
    const table = machine(
      says({ a: { outputs: ['a1', 'a2'], ...running('s', 't') }, 'answer of s': { outputs: ['b1', 'b2'] } }),
    );
    const run = (task: string): Observable<string> => {
      seen.push(`start ${task}`);
      return concat(of(`answer of ${task}`), NEVER);
    };
    input$.pipe(drive(table, { scheduler: new VirtualClock(), run })).subscribe((output) => {
      seen.push(output);
      if (output === 'a1') input$.next('said in between');
    });
    input$.next('a');
    expect(seen).toEqual([
      ...['a1', 'a2', 'start s', 'start t', 'said in between', 'b1', 'b2', 'answer of t'],
    ]);
  });

  it('stops at once when its subscriber leaves inside an output', () => {
    const input$ = new Subject<string>();
    const seen: string[] = [];
    const table = machine(says({ a: { outputs: ['a1', 'a2'], ...running('s'), wakeAt: 5 } }));
    const clock = new VirtualClock();
    const run = (task: string): Observable<string> => {
      seen.push(task);
      return NEVER;
    };
    const subscription = input$.pipe(drive(table, { scheduler: clock, run })).subscribe((output) => {
      seen.push(output);
      subscription.unsubscribe();
    });
    input$.next('a');
    expect([seen, clock.nextAt, input$.observed]).toEqual([['a1'], undefined, false]);
  });

  it('begins anew for each subscriber', () => {
    const input$ = new Subject<string>();
    const counting: Machine<number, string, number> = {
      initial: 0,
      step: (count) => ({ state: count + 1, outputs: [count + 1] }),
    };
    const seen: number[][] = [[], []];
    const driven$ = input$.pipe(drive(counting, { scheduler: new VirtualClock(), run: () => NEVER }));
    driven$.subscribe((count) => seen[0]?.push(count));
    input$.next('a');
    driven$.subscribe((count) => seen[1]?.push(count));
    input$.next('b');
    expect(seen).toEqual([[1, 2], [1]]);
  });

  it('answers a hundred thousand times in a row without recursing', () => {
    const clock = new VirtualClock();
    const counting: Machine<number, string, string, number> = {
      initial: 0,
      step: (count) => ({ state: count + 1, running: new Set([count]), done: count === 100_000 }),
    };
    let isDone = false;
    of('go')
      .pipe(drive(counting, { scheduler: clock, run: () => concat(of('again'), NEVER) }))
      .subscribe({ complete: () => (isDone = true) });
    expect([isDone, clock.nextAt]).toEqual([true, undefined]);
  });
});
