import { merge, of, Subject, throwError } from 'rxjs';
import { inTurn } from '../../src/rx/in-turn.js';
import { marbles, runMarbles } from '../support/marbles.js';

describe('inTurn', () => {
  it.each([
    ['says nothing of a source that says nothing', '-', '-', '^'],
    ['completes with an empty source', '|', '|', '(^!)'],
    ['passes values on as they come, and the end', '-a-b-(cd|)', '-a-b-(cd|)', '^----!'],
    ['passes an error on behind the values', '-a-#', '-a-#', '^--!'],
  ])('%s', (_what, from, expected, subscribed) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(from);
      expectObservable(source.pipe(inTurn())).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subscribed);
    });
  });

  it(
    'leaves the source when its subscriber leaves',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-b-c-');
      expectObservable(source.pipe(inTurn()), '----!').toBe('-a-b');
      expectSubscriptions(source.subscriptions).toBe('^---!');
    }),
  );

  it('hands on what a value causes only when that value is dealt with, by every observer', () => {
    const loop = new Subject<number>();
    const seen: string[] = [];
    const turn$ = loop.pipe(inTurn());
    turn$.subscribe((value) => {
      seen.push(`begin ${String(value)}`);
      if (value < 3) {
        loop.next(value + 1);
        loop.next(value + 10);
      }
      seen.push(`end ${String(value)}`);
    });
    loop.next(1);
    expect(seen).toEqual([
      ...['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 11', 'end 11'],
      ...['begin 3', 'end 3', 'begin 12', 'end 12'],
    ]);
  });

  it('does not recurse, however long the chain of answers', () => {
    const loop = new Subject<number>();
    let last = 0;
    loop.pipe(inTurn()).subscribe((value) => {
      last = value;
      if (value < 100_000) loop.next(value + 1);
    });
    loop.next(0);
    expect(last).toBe(100_000);
  });

  it('lets the end wait behind what came before it', () => {
    const loop = new Subject<number>();
    const seen: unknown[] = [];
    loop.pipe(inTurn()).subscribe({
      next: (value) => {
        if (value === 1) {
          loop.next(2);
          loop.complete();
        }
        seen.push(value);
      },
      complete: () => seen.push('complete'),
    });
    loop.next(1);
    expect(seen).toEqual([1, 2, 'complete']);
  });

  it('lets an error wait behind what came before it', () => {
    const answers = new Subject<number>();
    const seen: unknown[] = [];
    merge(
      answers,
      of(1),
      throwError(() => 'failed'),
    )
      .pipe(inTurn())
      .subscribe({
        next: (value) => {
          if (value === 1) answers.next(2);
          seen.push(value);
        },
        error: (error: unknown) => seen.push(error),
      });
    expect(seen).toEqual([1, 2, 'failed']);
  });

  it('drops what waits when its subscriber leaves inside a value', () => {
    const loop = new Subject<number>();
    const seen: number[] = [];
    const subscription = loop.pipe(inTurn()).subscribe((value) => {
      seen.push(value);
      loop.next(value + 1);
      subscription.unsubscribe();
    });
    loop.next(1);
    expect([seen, loop.observed]).toEqual([[1], false]);
  });

  it('has a queue for each subscriber, and none is held up by another', () => {
    const loop = new Subject<number>();
    const turn$ = loop.pipe(inTurn());
    const seen: string[] = [];
    for (const who of ['a', 'b'])
      turn$.subscribe((value) => {
        seen.push(`${who}${String(value)}`);
        if (who === 'a' && value === 1) loop.next(2);
      });
    loop.next(1);
    // Each hears 1 before 2 or not at all; which of the two is first is the subject's doing.
    expect(seen.filter((entry) => entry.startsWith('a'))).toEqual(['a1', 'a2']);
  });
});
