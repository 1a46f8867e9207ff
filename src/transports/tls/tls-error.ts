import { Libp2pError } from '../../core/errors.js';

/** What the remote sent that a TLS handshake cannot have. */
export function tlsError(found: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_TLS_HANDSHAKE', 'remote', `tls: the remote sent ${found}`, options);
}
