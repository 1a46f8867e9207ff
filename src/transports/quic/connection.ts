/** A native connection in the clothes of a channel: there are no bytes in it, and its ends close the connection. */
import { NEVER, Observable, of, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Duplex } from '../../core/duplex.js';
import type { PeerId } from '../../core/identity.js';
import { parseMultiaddr, splitPeer } from '../../core/multiaddr.js';
import type { RawConnection } from '../../core/parts.js';
import { refuseSelf } from '../../core/remote-peer.js';
import { Libp2pError } from '../../core/errors.js';
import type { NativeConnection } from './addon.js';
import type { QuicNumbers } from './limits.js';
import { QuicSession } from './session.js';

export interface WrapDeps {
  readonly scheduler: SchedulerLike;
  readonly numbers: QuicNumbers;
  readonly self: PeerId;
}

/** Throws ERR_DIAL_SELF. Call it in the turn in which the connection comes: the addon looks at the certificate once more, and one that expires meanwhile is its end. */
export function wrap(native: NativeConnection, localAddr: Multiaddr, deps: WrapDeps): RawConnection {
  const { transport: remoteAddr, peer: remotePeer } = splitPeer(parseMultiaddr(native.remoteMultiaddr()));
  if (remoteAddr === undefined || remotePeer === undefined)
    throw new Libp2pError('ERR_TRANSPORT', 'remote', 'quic: a connection without a peer');
  refuseSelf(remotePeer, deps.self);
  const sessionDeps = { scheduler: deps.scheduler, limits: deps.numbers };
  return {
    duplex: handleOf(native),
    localAddr,
    remoteAddr,
    released$: new Observable<never>((subscriber) => {
      const done = (): void => {
        subscriber.complete();
      };
      native.closed().then(done, done);
    }),
    native: {
      remotePeer,
      encryption: '/tls/1.0.0',
      muxer: {
        protocol: 'quic',
        mux: (_, role, observer) => new QuicSession(native, role, observer, sessionDeps),
      },
    },
  };
}

function handleOf(native: NativeConnection): Duplex {
  const close = (): void => {
    native.abort();
  };
  return {
    read: () => NEVER,
    sink: { next: () => undefined, error: close, complete: close },
    room$: of(true),
  };
}
