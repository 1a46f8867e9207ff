import type * as NodeTls from 'node:tls';
import type { PeerId } from '../../core/identity.js';
import type { SecurityContext } from '../../core/parts.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { wallClock } from '../../platform/wall-clock.js';
import { makeCertificate } from './own-certificate.js';

/** AES with 128 bits first: as strong as the certificates' keys, and the fastest where the processor has it. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
/** `SSL_OP_NO_TICKET`: nothing of a session is given away, and there is none to come back to. */
const NO_TICKET = 1 << 14;

/** What all handshakes of a host share: its certificate, made for the first one. */
export class TlsIdentity {
  readonly self: PeerId;
  private made: NodeTls.SecureContext | undefined;
  private module: typeof NodeTls | undefined;

  constructor(readonly context: SecurityContext) {
    this.self = peerIdFrom(context.privateKey);
  }

  /** `node:tls`, loaded by the first handshake: most of what imports this package never needs it. */
  get node(): typeof NodeTls {
    this.module ??= process.getBuiltinModule('node:tls');
    return this.module;
  }

  now(): number {
    return (this.context.wallClock ?? wallClock)();
  }

  get secureContext(): NodeTls.SecureContext {
    this.made ??= this.node.createSecureContext({
      ...makeCertificate(this.context.privateKey, this.context.random, this.now()),
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      // Nobody's but the peer's own: without this, Node would load all that it trusts.
      ca: [],
      secureOptions: NO_TICKET,
    });
    return this.made;
  }
}
