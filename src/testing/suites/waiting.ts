/** Waiting in real time, never for ever: every wait says in its failure what did not come. */
import { firstValueFrom, timer, type Observable } from 'rxjs';
import { codeOf } from '../../core/errors.js';
import { monotonicScheduler } from '../../platform/monotonic-scheduler.js';

/** How often a condition is looked at. */
const LOOK_EVERY_MS = 5;
/** What has not moved for so long stands still. */
const STILL_MS = 400;

const now = (): number => monotonicScheduler.now();

export async function pause(ms: number): Promise<void> {
  await done(timer(ms, monotonicScheduler));
}

/** What comes first; that nothing does is the failure. */
export function first<T>(source: Observable<T>): Promise<T> {
  // eslint-disable-next-line rxjs-x/no-ignored-default-value -- there is no value to make up
  return firstValueFrom(source);
}

/** When it completes. */
export function done(source: Observable<unknown>): Promise<unknown> {
  return firstValueFrom(source, { defaultValue: undefined });
}

/** A rule of the suite is broken unless `holds`. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Whether it is one of the package's errors; a part may have been made by another copy of the package than the suite. */
export function hasCode(error: unknown): boolean {
  return error instanceof Error && 'fault' in error && codeOf(error).startsWith('ERR_');
}

/** Until `holds`; `otherwise` is the failure. */
export async function until(holds: () => boolean, otherwise: string, withinMs: number): Promise<void> {
  const endAt = now() + withinMs;
  while (!holds()) {
    must(now() < endAt, `${otherwise}, ${String(withinMs)} ms later`);
    await pause(LOOK_EVERY_MS);
  }
}

/** The result of `work`, which must come. */
export function within<T>(work: Promise<T>, otherwise: string, withinMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = monotonicScheduler.schedule(() => {
      reject(new Error(`${otherwise}, ${String(withinMs)} ms later`));
    }, withinMs);
    work.then(resolve, reject).finally(() => {
      late.unsubscribe();
    });
  });
}

/** What `work` rejects with; that it does not is the failure. */
export async function failureOf(
  work: Promise<unknown>,
  otherwise: string,
  withinMs: number,
): Promise<unknown> {
  const settled = work.then(
    () => ({ failed: false as const }),
    (error: unknown) => ({ failed: true as const, error }),
  );
  const outcome = await within(settled, otherwise, withinMs);
  must(outcome.failed, otherwise);
  return outcome.error;
}

/** The number at which `count` stands still; it must be above 0 first, and stop before `most`. */
export async function standsStill(
  count: () => number,
  most: number,
  otherwise: string,
  withinMs: number,
): Promise<number> {
  const endAt = now() + withinMs;
  let last = count();
  let since = now();
  while (now() - since < STILL_MS || last === 0) {
    await pause(LOOK_EVERY_MS);
    const current = count();
    must(current < most && now() < endAt, `${otherwise}: ${String(current)} and no end`);
    if (current === last) continue;
    last = current;
    since = now();
  }
  return last;
}
