/** Peers that have gone: what was learned by talking to them is forgotten a while later. @source go-libp2p peerstore manager (PS-60 to PS-62) */
import { Observable, type SchedulerLike } from 'rxjs';
import type { PeerId } from '../core/identity.js';
import { Deadlines } from '../rx/deadlines.js';

/** @source PS-61, which looks every 30 s; one timer is exact */
const GONE_MS = 60_000;

interface OfPeer {
  readonly remotePeer: PeerId;
}
export interface ForgetGoneDeps {
  readonly scheduler: SchedulerLike;
  readonly opened$: Observable<OfPeer>;
  readonly closed$: Observable<OfPeer>;
  readonly isConnected: (peer: PeerId) => boolean;
  readonly forget: (peer: PeerId) => void;
}

/** Emits nothing, never completes. Unsubscribing forgets those that have gone by then at once (PS-62). */
export function forgetGone(deps: ForgetGoneDeps): Observable<never> {
  const { scheduler, opened$, closed$, isConnected, forget } = deps;
  return new Observable<never>((subscriber) => {
    const deadlines = new Deadlines(scheduler, GONE_MS);
    /** As many as have been connected within a minute. */
    const gone = new Map<string, { readonly peer: PeerId; readonly stay: () => void }>();
    const leave = (peer: PeerId): void => {
      const key = peer.toString();
      const stay = deadlines.add(() => {
        gone.delete(key);
        forget(peer);
      });
      gone.set(key, { peer, stay });
    };
    const error = (thrown: unknown): void => {
      subscriber.error(thrown);
    };
    subscriber.add(
      opened$.subscribe({
        next: ({ remotePeer }) => {
          const key = remotePeer.toString();
          gone.get(key)?.stay();
          gone.delete(key);
        },
        error,
      }),
    );
    subscriber.add(
      closed$.subscribe({
        next: ({ remotePeer }) => {
          if (!isConnected(remotePeer)) leave(remotePeer);
        },
        error,
      }),
    );
    subscriber.add(() => {
      deadlines.close();
      for (const { peer } of gone.values()) forget(peer);
      gone.clear();
    });
  });
}
