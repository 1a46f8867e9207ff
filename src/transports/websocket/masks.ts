import type { RandomSource } from '../../core/identity.js';

/** Handshakes, and whatever else somebody may read, are below this. */
const SEALED_FROM_BYTES = 4096;

/**
 * What a client's messages are masked with. Masks keep a page's script, which chooses what is sent, from choosing what is
 * on the wire, where a proxy could take it for HTTP. Here nobody chooses the bytes of a large message: it was sealed by the
 * layers above. So large ones go under zeros, which change nothing, and all others under random bytes; masking byte by byte
 * would take longer than all the rest of it (ADR 7).
 *
 * @source RFC 6455, 5.3 and 10.3
 */
export class Masks {
  private isSealed = false;

  constructor(private readonly random: RandomSource) {}

  /** A message of so many bytes is the next. */
  announce(byteLength: number): void {
    this.isSealed = byteLength >= SEALED_FROM_BYTES;
  }

  fill(mask: Uint8Array): void {
    if (this.isSealed) mask.fill(0);
    else mask.set(this.random(mask.byteLength));
    // What `ws` sends by itself, as answers to pings, is the remote's to choose.
    this.isSealed = false;
  }
}
