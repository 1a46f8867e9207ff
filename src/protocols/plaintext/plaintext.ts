import { Observable, Subscription } from 'rxjs';
import { concatBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes, Duplex } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import type { PrivateKey } from '../../core/identity.js';
import type { Secured, SecureOptions, SecurityPart } from '../../core/parts.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { refuseOther, refuseSelf } from '../../core/remote-peer.js';
import { listenTo } from '../../rx/listen-to.js';
import { unread } from '../../rx/unread.js';
import { decodeExchange, encodeExchange } from './exchange-message.js';

/**
 * The protocol `/plaintext/2.0.0`, for tests and debugging: both ends say who they are and prove nothing. Errors:
 * ERR_PLAINTEXT_EXCHANGE, ERR_PEER_ID_MISMATCH, ERR_DIAL_SELF, ERR_UNEXPECTED_END.
 *
 * @source libp2p plaintext specification
 */
export function plaintext(): SecurityPart {
  return {
    kind: 'security',
    protocol: '/plaintext/2.0.0',
    create: ({ privateKey }) => ({
      protocol: '/plaintext/2.0.0',
      secure: (duplex, options) => exchange(duplex, options, privateKey),
    }),
  };
}

function exchange(
  duplex: Duplex,
  { expectedPeer }: SecureOptions,
  privateKey: PrivateKey,
): Observable<Secured> {
  return new Observable<Secured>((subscriber) => {
    const reading = new Subscription();
    let held: Bytes = NO_BYTES;
    const hear = (bytes: Bytes): void => {
      if (subscriber.closed) return;
      held = concatBytes(held, bytes);
      const decoded = decodeExchange(held);
      if (decoded === undefined) return;
      refuseSelf(decoded.remotePeer, peerIdFrom(privateKey));
      refuseOther(decoded.remotePeer, expectedPeer);
      reading.unsubscribe();
      subscriber.next({ duplex: unread(duplex, decoded.rest), remotePeer: decoded.remotePeer });
      subscriber.complete();
    };
    duplex.sink.next(encodeExchange(privateKey.publicKey));
    listenTo(duplex, reading, {
      next: (bytes) => {
        try {
          hear(bytes);
        } catch (error) {
          subscriber.error(asError(error));
        }
      },
      error: (error: unknown) => {
        subscriber.error(error);
      },
      complete: () => {
        subscriber.error(
          new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the channel ended during the plaintext exchange'),
        );
      },
    });
    return reading;
  });
}
