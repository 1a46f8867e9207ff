import { concat, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { keepRunning } from '../../src/rx/keep-running.js';
import { marbles } from '../support/marbles.js';

const SETS: Record<string, ReadonlySet<string>> = {
  o: new Set(),
  a: new Set(['a']),
  b: new Set(['b']),
  c: new Set(['a', 'b']),
};

describe('keepRunning', () => {
  it(
    'starts what appears, cancels what disappears, and leaves alone what stays',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const a = cold('--x--x--x--x');
      const b = cold('-y-y-y-y-y-y');
      const wanted$ = hot('-a--c--b--o-', SETS);
      const runs: Record<string, Observable<string>> = { a, b };
      expectObservable(wanted$.pipe(keepRunning((key: string) => runs[key] ?? NEVER))).toBe('---x-yxy-y--');
      expectSubscriptions(a.subscriptions).toBe('-^-----!');
      expectSubscriptions(b.subscriptions).toBe('----^-----!');
      expectSubscriptions(wanted$.subscriptions).toBe('^');
    }),
  );

  it(
    'runs anew what comes back',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const a = cold('-x-x-x');
      expectObservable(hot('a--oa-----', SETS).pipe(keepRunning(() => a))).toBe('-x---x-x-x');
      expectSubscriptions(a.subscriptions).toBe(['^--!', '----^']);
    }),
  );

  it(
    'does not start again what has ended while it is still wanted',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const a = cold('-(x|)');
      expectObservable(hot('a---a---', { a: new Set(['a']) }).pipe(keepRunning(() => a))).toBe('-x------');
      expectSubscriptions(a.subscriptions).toBe('^!');
    }),
  );

  it(
    'lets what runs go on when no more is said about what is wanted, and then completes',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const a = cold('---x-|');
      const wanted$ = cold('a|', SETS);
      expectObservable(wanted$.pipe(keepRunning(() => a))).toBe('---x-|');
      expectSubscriptions(a.subscriptions).toBe('^----!');
      expectSubscriptions(wanted$.subscriptions).toBe('^!');
    }),
  );

  it(
    'completes when nothing was ever wanted',
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<ReadonlySet<string>>('--|').pipe(keepRunning(() => NEVER))).toBe('--|');
    }),
  );

  it(
    'errors as the first run does, and cancels the others',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const a = cold('--#');
      const b = cold('-y-y');
      const runs: Record<string, Observable<string>> = { a, b };
      expectObservable(hot('c---', SETS).pipe(keepRunning((key) => runs[key] ?? NEVER))).toBe('-y#');
      expectSubscriptions(b.subscriptions).toBe('^-!');
    }),
  );

  it(
    'errors with its source, and cancels all',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const a = cold('-x-x-x');
      expectObservable(hot('a--#', SETS).pipe(keepRunning(() => a))).toBe('-x-#');
      expectSubscriptions(a.subscriptions).toBe('^--!');
    }),
  );

  it(
    'cancels all when its subscriber leaves',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const a = cold('-x-x-x');
      const wanted$ = hot('c-----', SETS);
      expectObservable(wanted$.pipe(keepRunning(() => a)), '--!').toBe('-(xx)');
      expectSubscriptions(a.subscriptions).toBe(['^-!', '^-!']);
      expectSubscriptions(wanted$.subscriptions).toBe('^-!');
    }),
  );

  it('errors where run itself throws', () => {
    const seen: unknown[] = [];
    of(new Set(['a']))
      .pipe(
        keepRunning(() => {
          throw new Error('no run');
        }),
      )
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([new Error('no run')]);
  });

  it('cancels before it starts, and what started last first: nobody gets a turn that is about to go', () => {
    const wanted$ = new Subject<ReadonlySet<string>>();
    const { told, run } = recorded();
    const subscription = wanted$.pipe(keepRunning(run)).subscribe();
    wanted$.next(new Set(['a', 'b', 'c']));
    wanted$.next(new Set(['b', 'd']));
    wanted$.next(new Set(['b', 'd', 'e']));
    subscription.unsubscribe();
    expect(told).toEqual(['+a', '+b', '+c', '-c', '-a', '+d', '+e', '-e', '-d', '-b']);
  });

  it('has runs of its own for each subscriber', () => {
    const { told, run } = recorded();
    const running$ = concat(of(new Set(['a'])), NEVER).pipe(keepRunning(run));
    const first = running$.subscribe();
    running$.subscribe();
    first.unsubscribe();
    expect(told).toEqual(['+a', '+a', '-a']);
  });

  it('keeps two thousand running, and lets a thousand go, without taking long', () => {
    const all = Array.from({ length: 2_000 }, (_, at) => String(at));
    const { told, run } = recorded();
    const wanted$ = new Subject<ReadonlySet<string>>();
    wanted$.pipe(keepRunning(run)).subscribe();
    const wanted = new Set<string>();
    for (const key of all) wanted$.next(new Set(wanted.add(key)));
    wanted$.next(new Set(all.slice(1_000)));
    expect(told.length).toBe(3_000);
  });

  it('is told of a run that fails as it starts', () => {
    const seen: unknown[] = [];
    of(new Set(['a']))
      .pipe(keepRunning(() => throwError(() => 'failed')))
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual(['failed']);
  });
});

/** Runs that never end, and a list of when they began and were cancelled. */
function recorded(): { readonly told: string[]; readonly run: (key: string) => Observable<never> } {
  const told: string[] = [];
  const run = (key: string): Observable<never> =>
    new Observable(() => {
      told.push(`+${key}`);
      return () => told.push(`-${key}`);
    });
  return { told, run };
}
