import { map, Subject } from 'rxjs';
import { Guarded } from '../../src/rx/guarded.js';

function bench() {
  const source = new Subject<number>();
  const reported: unknown[] = [];
  const guarded = new Guarded<number>(
    (error) => reported.push(error),
    (subscriber) => source.subscribe(subscriber),
  );
  return { source, reported, guarded };
}
const bang = new Error('bang');
const throwAtOdd = (value: number): void => {
  if (value % 2 === 1) throw bang;
};

describe('a guarded observable', () => {
  it.each(['function', 'observer', 'observer with an error handler', 'behind an operator'])(
    'reports what a %s throws at a value, and goes on',
    (kind) => {
      const { source, reported, guarded } = bench();
      const seen: number[] = [];
      const next = (value: number): void => {
        throwAtOdd(value);
        seen.push(value);
      };
      if (kind === 'function') guarded.subscribe(next);
      else if (kind === 'observer') guarded.subscribe({ next });
      else if (kind === 'behind an operator') guarded.pipe(map((value) => value)).subscribe(next);
      else guarded.subscribe({ next, error: () => undefined });
      for (const value of [1, 2, 3]) source.next(value);
      expect([reported, seen]).toEqual([[bang, bang], [2]]);
    },
  );

  it('gives a throw to whoever asked for it, with the value', () => {
    const threw: unknown[] = [];
    const source = new Subject<number>();
    const guarded = new Guarded<number>(
      () => threw.push('report'),
      (subscriber) => source.subscribe(subscriber),
      (error, value) => threw.push(error, value),
    );
    guarded.subscribe(throwAtOdd);
    source.next(7);
    expect(threw).toEqual([bang, 7]);
  });

  it('reports an error to which nobody listens, and calls who does', () => {
    const { source, reported, guarded } = bench();
    const heard: unknown[] = [];
    guarded.subscribe();
    // eslint-disable-next-line rxjs-x/prefer-observer -- RxJS has this form
    guarded.subscribe(null, (error: unknown) => heard.push(error));
    guarded.subscribe({ error: (error: unknown) => heard.push(error) });
    source.error(bang);
    expect([reported, heard]).toEqual([[bang], [bang, bang]]);
  });

  it('completes, in every form of subscribe', () => {
    const { source, guarded } = bench();
    const heard: string[] = [];
    // eslint-disable-next-line rxjs-x/prefer-observer -- RxJS has this form
    guarded.subscribe(null, null, () => heard.push('positional'));
    guarded.subscribe({ complete: () => heard.push('observer') });
    source.complete();
    expect(heard).toEqual(['positional', 'observer']);
  });
});
