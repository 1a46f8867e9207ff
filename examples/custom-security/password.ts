/** A club's password on top of noise, or of any security protocol: two hosts talk only if they know the same secret. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { concat, defer, last, map, scan, switchMap, takeWhile, type Observable } from 'rxjs';
import { Libp2pError, peerIdFrom } from 'rx-libp2p';
import type { Bytes, Duplex, PeerId, Secured, SecurityPart } from 'rx-libp2p';

const PROOF_BYTES = 32;

/** Take 16 random bytes or more as the secret: a stranger who meets a member may try words at leisure. */
export function withPassword(inner: SecurityPart, secret: Uint8Array): SecurityPart {
  const protocol = `/example-password${inner.protocol}`;
  // Bound to who says it to whom: it convinces nobody else, nor the one who said it.
  const proof = (from: PeerId, to: PeerId): Buffer =>
    createHmac('sha256', secret).update(from.bytes).update(to.bytes).digest();

  const exchange = (self: PeerId, secured: Secured): Observable<Secured> => {
    secured.duplex.sink.next(proof(self, secured.remotePeer));
    return firstBytes(secured.duplex, PROOF_BYTES).pipe(
      map(({ first, duplex }) => {
        if (first.byteLength === PROOF_BYTES && timingSafeEqual(first, proof(secured.remotePeer, self)))
          return { ...secured, duplex };
        throw new Libp2pError('ERR_TRANSPORT', 'remote', 'the other side does not know the password');
      }),
    );
  };

  return {
    kind: 'security',
    protocol,
    create: (context) => {
      const self = peerIdFrom(context.privateKey);
      const security = inner.create(context);
      return {
        protocol,
        secure: (duplex, options) =>
          security.secure(duplex, options).pipe(switchMap((secured) => exchange(self, secured))),
      };
    },
  };
}

/** So many bytes, and a channel that has what came behind them. */
function firstBytes(duplex: Duplex, count: number): Observable<{ first: Bytes; duplex: Duplex }> {
  return duplex.read().pipe(
    scan((held, chunk) => new Uint8Array([...held, ...chunk]), new Uint8Array()),
    takeWhile((held) => held.byteLength < count, true),
    last(),
    map((held) => ({ first: held.subarray(0, count), duplex: startingWith(held.subarray(count), duplex) })),
  );
}

/** The reader changes on the way up; the bytes that are left over are there for the next one, once. */
function startingWith(left: Bytes, duplex: Duplex): Duplex {
  const unread = [left];
  const once$ = defer(() => unread.splice(0));
  return { sink: duplex.sink, room$: duplex.room$, read: (room$) => concat(once$, duplex.read(room$)) };
}
