/** Opening streams with what identify knows of the other end. @source go-libp2p host (HOST-23 to HOST-26) */
import { switchMap, take, tap, type Observable } from 'rxjs';
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

/** Waits until the remote is identified, where somebody does that. */
export function openInformed(
  opener: StreamOpener,
  remote: RemoteProtocols | undefined,
  protocols: readonly string[],
  options: NewStreamOptions,
): Observable<Stream> {
  if (remote === undefined) return opener.open(protocols, options);
  const open = (): Observable<Stream> => openKnowing(opener, remote, protocols, options);
  return remote.settling$ === undefined ? open() : remote.settling$.pipe(take(1), switchMap(open));
}

/** One that is known to be supported is selected without a round trip; of several, such a one is asked for first. */
function openKnowing(
  opener: StreamOpener,
  remote: RemoteProtocols,
  protocols: readonly string[],
  options: NewStreamOptions,
): Observable<Stream> {
  const known = protocols.find((protocol) => remote.supports(protocol));
  if (known !== undefined && protocols.length === 1)
    return opener.open(protocols, { ...options, lazy: true });
  const inOrder =
    known === undefined ? protocols : [known, ...protocols.filter((protocol) => protocol !== known)];
  return opener.open(inOrder, options).pipe(
    tap(({ protocol }) => {
      if (protocol !== known) remote.agreed(protocol);
    }),
  );
}
