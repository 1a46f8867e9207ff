import { EMPTY, lastValueFrom, type Observable } from 'rxjs';

/** Resolves when `source` completes, or after one microtask without one. */
export async function settle(source: Observable<unknown> = EMPTY): Promise<void> {
  await lastValueFrom(source, { defaultValue: undefined });
}
