/** Which protocols peers support, as the peerstore has it, ready for a question with every stream that is opened. */
import { Subscription } from 'rxjs';
import { fromUtf8, NO_BYTES } from '../core/bytes.js';
import { METADATA } from '../core/peer-store-contract.js';
import { takesEarlyEnd } from './early-end.js';
import type { ServicePeerStore } from './deps.js';

/** Protocols of one peer that are added because they were agreed on; more are simply asked for again. @source reliability limits, counts */
const MAX_PROTOCOLS = 256;

interface Known {
  readonly protocols: ReadonlySet<string>;
  readonly takesEarlyEnd: boolean;
}

export class KnownProtocols {
  /** One for each peer that streams were opened to since its record changed; connected ones only. */
  private readonly peers = new Map<string, Known>();

  constructor(private readonly store: ServicePeerStore) {}

  /** Follows the store until unsubscribed. */
  follow(): Subscription {
    return this.store.change$.subscribe({
      next: ({ peer }) => {
        this.forget(peer);
      },
      error: () => undefined,
    });
  }

  supports(peer: string, protocol: string): boolean {
    return this.of(peer).protocols.has(protocol);
  }

  /** Whether a half-close may leave before the protocol is answered; nothing is risked where that is not known. */
  takesEarlyEnd(peer: string): boolean {
    return this.of(peer).takesEarlyEnd;
  }

  /** @source HOST-26 */
  add(peer: string, protocol: string): void {
    const known = this.of(peer).protocols;
    if (known.has(protocol) || known.size >= MAX_PROTOCOLS) return;
    this.store.setProtocols(peer, [...known, protocol]);
    this.forget(peer);
  }

  forget(peer: string): void {
    this.peers.delete(peer);
  }

  private of(peer: string): Known {
    const known = this.peers.get(peer);
    if (known !== undefined) return known;
    const { protocols = [], metadata } = this.store.get(peer) ?? {};
    const agent = fromUtf8(metadata?.get(METADATA.agent) ?? NO_BYTES) ?? '';
    const read = { protocols: new Set(protocols), takesEarlyEnd: takesEarlyEnd(agent) };
    this.peers.set(peer, read);
    return read;
  }
}
