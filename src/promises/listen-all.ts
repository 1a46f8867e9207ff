import type { Observable } from 'rxjs';
import { asError } from '../core/errors.js';

export interface ListenFailure {
  readonly addr: string;
  readonly error: Error;
}

/** Opens all, keeps them open, and resolves with those that failed once each has been bound or refused. */
export async function listenAll(
  requests: readonly { readonly addr: string; readonly listener$: Observable<unknown> }[],
): Promise<readonly ListenFailure[]> {
  const outcomes = await Promise.all(
    requests.map(
      ({ addr, listener$ }) =>
        new Promise<ListenFailure | undefined>((resolve) => {
          listener$.subscribe({
            next: () => {
              resolve(undefined);
            },
            error: (error: unknown) => {
              resolve({ addr, error: asError(error) });
            },
          });
        }),
    ),
  );
  return outcomes.filter((failure) => failure !== undefined);
}
