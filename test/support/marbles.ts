import { TestScheduler, type RunHelpers } from 'rxjs/testing';

type Drawing = (helpers: RunHelpers, scheduler: TestScheduler) => void;

/** Runs a drawing in virtual time; the scheduler is the one that its subjects are given. */
export function runMarbles(draw: Drawing): void {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run((helpers) => {
    draw(helpers, scheduler);
  });
}

/** A test that is a drawing. */
export function marbles(draw: Drawing): () => void {
  return () => {
    runMarbles(draw);
  };
}
