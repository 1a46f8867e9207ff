import { Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import { handingOn } from './handing-on.js';

/**
 * Rings at the time that came last, ms on the scheduler's clock, and never inside what set it; `undefined` is never. A time
 * that is set again stays set, and costs no timer. A time that has come is now. Unsubscribing, or the source's end, stops it.
 */
export function alarm(scheduler: SchedulerLike): OperatorFunction<number | undefined, void> {
  return (at$) =>
    new Observable<void>((subscriber) => {
      let setFor: number | undefined;
      let ringing: Subscription | undefined;
      subscriber.add(() => ringing?.unsubscribe());
      return at$.subscribe(
        handingOn(subscriber, (at) => {
          if (at === setFor) return;
          ringing?.unsubscribe();
          setFor = at;
          ringing =
            at === undefined
              ? undefined
              : scheduler.schedule(
                  () => {
                    setFor = undefined;
                    subscriber.next();
                  },
                  Math.max(0, at - scheduler.now()),
                );
        }),
      );
    });
}
