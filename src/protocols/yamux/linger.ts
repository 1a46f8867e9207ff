import { Subscription, type SchedulerLike } from 'rxjs';
import type { Duplex } from '../../core/duplex.js';
import { Libp2pError } from '../../core/errors.js';
import { listenTo } from '../../rx/listen-to.js';

/** How long the remote gets to take our last words and to end its side, before the channel is destroyed. */
const LINGER_MS = 500;

/** Whoever still asks hears this, and where it was made says nothing: an error costs more than all the rest of an end. */
const wasClosed = new Libp2pError('ERR_CONNECTION_CLOSED', 'local', 'the connection was closed');

/** Ends our side of a channel and lets go of it: when the remote has ended too, or when it has had its time. */
export function linger(duplex: Duplex, scheduler: SchedulerLike): void {
  const lingering = new Subscription();
  const destroy = (): void => {
    lingering.unsubscribe();
    duplex.sink.error(wasClosed);
  };
  duplex.sink.complete();
  lingering.add(scheduler.schedule(destroy, LINGER_MS));
  listenTo(duplex, lingering, { next: () => undefined, error: destroy, complete: destroy });
}
