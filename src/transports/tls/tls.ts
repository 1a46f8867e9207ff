import { Observable } from 'rxjs';
import type { Secured, SecurityPart } from '../../core/parts.js';
import { handshake } from './handshake.js';
import { TlsIdentity } from './tls-identity.js';

const PROTOCOL = '/tls/1.0.0';

/**
 * The security protocol `/tls/1.0.0`: TLS 1.3 by `node:tls`; both ends prove their peer id by a certificate, and the muxer
 * is settled by ALPN where both can. On a TCP connection it runs on the socket itself. Certificates are judged by the
 * host's `wallClock`. Errors: ERR_TLS_HANDSHAKE, ERR_PEER_ID_MISMATCH, ERR_DIAL_SELF, ERR_UNEXPECTED_END, ERR_TRANSPORT.
 * The dialer's handshake ends before the listener has judged the dialer's certificate: a refusal is then the end of a
 * connection that was open for a moment.
 *
 * @source libp2p TLS specification; RFC 8446
 */
export function tls(): SecurityPart {
  return {
    kind: 'security',
    protocol: PROTOCOL,
    create: (context) => {
      const identity = new TlsIdentity(context);
      return {
        protocol: PROTOCOL,
        wantsRelease: true,
        secure: (duplex, options) =>
          new Observable<Secured>((subscriber) => handshake(duplex, options, identity, subscriber)),
      };
    },
  };
}
