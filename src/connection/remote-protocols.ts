/** Opening streams with what identify knows of the other end. @source go-libp2p host (HOST-23 to HOST-26) */
import { Observable, switchMap, take, tap, type Subscriber, type TeardownLogic } from 'rxjs';
import type { NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { StreamOpener } from './stream-opener.js';

/** What is known of the protocols at a connection's other end. */
export interface RemoteProtocols {
  /** While the remote is being identified: emits when that is over, well or not. */
  readonly settling$: Observable<unknown> | undefined;
  supports(protocol: string): boolean;
  /** Whether it takes a half-close that comes with a proposal which it has not answered. */
  readonly takesEarlyEnd: boolean;
  /** The remote has agreed to one that it was not known to support. */
  agreed(protocol: string): void;
}

/** Waits until the remote is identified, where somebody does that; then as `StreamOpener.openInto`. */
export function openInformed(
  opener: StreamOpener,
  remote: RemoteProtocols | undefined,
  protocols: readonly string[],
  options: NewStreamOptions,
  subscriber: Subscriber<Stream>,
): TeardownLogic {
  if (remote === undefined) return opener.openInto(protocols, options, subscriber);
  const { settling$ } = remote;
  if (settling$ === undefined) return openKnowing(opener, remote, protocols, options, subscriber);
  const open$ = new Observable<Stream>((inner) => openKnowing(opener, remote, protocols, options, inner));
  return settling$
    .pipe(
      take(1),
      switchMap(() => open$),
    )
    .subscribe(subscriber);
}

/** One that is known to be supported is selected without a round trip; of several, such a one is asked for first. */
function openKnowing(
  opener: StreamOpener,
  remote: RemoteProtocols,
  protocols: readonly string[],
  options: NewStreamOptions,
  subscriber: Subscriber<Stream>,
): TeardownLogic {
  const known = protocols.find((protocol) => remote.supports(protocol));
  if (known !== undefined && protocols.length === 1)
    return opener.openInto(protocols, { ...options, lazy: true }, subscriber);
  const inOrder =
    known === undefined ? protocols : [known, ...protocols.filter((protocol) => protocol !== known)];
  return opener
    .open(inOrder, options)
    .pipe(
      tap(({ protocol }) => {
        if (protocol !== known) remote.agreed(protocol);
      }),
    )
    .subscribe(subscriber);
}
