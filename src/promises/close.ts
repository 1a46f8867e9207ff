import { firstValueFrom, type Observable, type SchedulerLike } from 'rxjs';
import type { CloseReason } from '../core/duplex.js';
import { withLimits, type CallLimits } from '../rx/call-limits.js';

/** Begins to close and resolves when it is done; rejects with ERR_ABORTED or ERR_TIMEOUT if that takes too long, and closes all the same. */
export async function closeGracefully(
  closing: { readonly closed$: Observable<CloseReason> },
  begin: () => void,
  limits: CallLimits,
  scheduler: SchedulerLike,
): Promise<void> {
  begin();
  await firstValueFrom(withLimits(closing.closed$, limits, 'closing the connection', scheduler), {
    defaultValue: undefined,
  });
}
