import { AbortError, TimeoutError } from '../../src/core/errors.js';
import { withLimits } from '../../src/rx/call-limits.js';
import { runMarbles } from '../support/marbles.js';

const late = new TimeoutError('waiting', 5);
const aborted = new AbortError('waiting was aborted', { cause: 'enough' });

describe('withLimits', () => {
  it.each([
    ['never, until the time is over', '-', '-----#', '^----!', late],
    ['empty', '|', '|', '(^!)', undefined],
    ['empty later', '---|', '---|', '^--!', undefined],
    ['one value and the end', '-a-|', '-a-|', '^--!', undefined],
    ['many values and the end', 'ab-c|', 'ab-c|', '^---!', undefined],
    ['an error of its own', '-a-#', '-a-#', '^--!', 'error'],
    ['a value before the time, the end after it', '-a-b-c|', '-a-b-#', '^----!', late],
    [
      'the end in the very frame of the deadline: the deadline was there first',
      '-----|',
      '-----#',
      '^----!',
      late,
    ],
  ])('%s', (_, source, expected, subscription, error) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const source$ = cold(source);
      expectObservable(withLimits(source$, { timeoutMs: 5 }, 'waiting', scheduler)).toBe(
        expected,
        undefined,
        error,
      );
      expectSubscriptions(source$.subscriptions).toBe(subscription);
    });
  });

  it('an early unsubscribe leaves the source, and no timer keeps time', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const source$ = cold('-a-b-c');
      expectObservable(withLimits(source$, { timeoutMs: 4 }, 'waiting', scheduler), '^-!').toBe('-a-');
      expectSubscriptions(source$.subscriptions).toBe('^-!');
      expectObservable(cold('----------|')).toBe('----------|');
    });
  });

  it('a signal that aborts ends it with an AbortError that has the reason, and leaves the source', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const controller = new AbortController();
      const source$ = cold('-a-b-c|');
      expectObservable(withLimits(source$, { signal: controller.signal }, 'waiting', scheduler)).toBe(
        '-a-b#',
        undefined,
        aborted,
      );
      expectSubscriptions(source$.subscriptions).toBe('^---!');
      scheduler.schedule(() => {
        controller.abort('enough');
      }, 4);
    });
  });

  it('a signal that has aborted before errors in a later turn, and the source is never subscribed', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const source$ = cold('a|');
      const limited$ = withLimits(source$, { signal: AbortSignal.abort('enough') }, 'waiting', scheduler);
      let inside = false;
      limited$.subscribe({ error: () => (inside = true) });
      expect(inside).toBe(false);
      expectObservable(limited$).toBe('#', undefined, aborted);
      expectSubscriptions(source$.subscriptions).toBe([]);
    });
  });

  it('forgets its listener on the signal when it is over, however that came', () => {
    runMarbles(({ cold, expectObservable, flush }, scheduler) => {
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        listeners += 1;
        addEventListener.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        listeners -= 1;
        removeEventListener.apply(signal, args);
      };
      const limits = { signal, timeoutMs: 3 };
      expectObservable(withLimits(cold('-|'), limits, 'waiting', scheduler)).toBe('-|');
      expectObservable(withLimits(cold('-#'), limits, 'waiting', scheduler)).toBe('-#');
      expectObservable(withLimits(cold('-'), limits, 'waiting', scheduler)).toBe(
        '---#',
        undefined,
        new TimeoutError('waiting', 3),
      );
      expectObservable(withLimits(cold('-'), limits, 'waiting', scheduler), '^!').toBe('-');
      flush();
      expect(listeners).toBe(0);
    });
  });

  it('is its source itself where there is no limit', () => {
    runMarbles(({ cold }, scheduler) => {
      const source$ = cold('a|');
      expect(withLimits(source$, {}, 'waiting', scheduler)).toBe(source$);
    });
  });

  it('names the stage and the time', () => {
    expect(late).toMatchObject({
      code: 'ERR_TIMEOUT',
      stage: 'waiting',
      afterMs: 5,
      message: 'waiting did not finish within 5 ms',
    });
  });
});
