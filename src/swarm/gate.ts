/** The host's gater, asked at its five stages; a refusal of what stands already is told as an event. @source go-libp2p swarm, 8.3; GATE-1 */
import { asError, Libp2pError } from '../core/errors.js';
import type { ConnectionGater } from '../core/gater.js';
import type { PeerId } from '../core/identity.js';
import type { RawConnection } from '../core/parts.js';
import { show } from '../core/show.js';
import type { Connection } from '../core/stream-contract.js';
import type { EventLog } from './event-log.js';

/** Connection code for one that the gater refused. @source libp2p error codes: gated (CONN-1.3) */
export const GATED = 0x1007;

/** Tells the gater's refusals from other failures of an upgrade. */
export class GatedError extends Libp2pError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_GATED', 'local', message, options);
  }
}
type Addrs = Pick<RawConnection, 'localAddr' | 'remoteAddr'>;
type Hook = keyof ConnectionGater;

export class Gate {
  constructor(
    private readonly gater: Partial<ConnectionGater>,
    private readonly log: EventLog,
  ) {}

  refusesPeer(peer: PeerId): GatedError | undefined {
    return this.ask('allowDialPeer', 'peer', (gater) => gater.allowDialPeer(peer));
  }

  refusesAddr(peer: PeerId, addr: Addrs['remoteAddr']): GatedError | undefined {
    return this.ask('allowDialAddr', 'address', (gater) => gater.allowDialAddr(peer, addr));
  }

  /** Before anything is read. */
  refusesAccept({ localAddr, remoteAddr }: Addrs): GatedError | undefined {
    const addrs = { localAddr, remoteAddr };
    return this.told(
      'accept',
      addrs,
      this.ask('allowAccept', 'address', (gater) => gater.allowAccept(addrs)),
    );
  }

  /** Whoever dialed calls it `outbound`, whatever the roles in the handshake. */
  refusesSecured(
    direction: 'inbound' | 'outbound',
    peer: PeerId,
    { localAddr, remoteAddr }: Addrs,
  ): GatedError | undefined {
    const addrs = { localAddr, remoteAddr };
    return this.told(
      'secured',
      addrs,
      this.ask('allowSecured', 'peer', (gater) => gater.allowSecured(direction, peer, addrs)),
    );
  }

  /** Before the connection is anybody's. */
  refusesUpgraded(connection: Connection): GatedError | undefined {
    return this.told(
      'upgraded',
      connection,
      this.ask('allowUpgraded', 'connection', (gater) => gater.allowUpgraded(connection)),
    );
  }

  private told(
    stage: 'accept' | 'secured' | 'upgraded',
    { remoteAddr }: Addrs,
    error: GatedError | undefined,
  ): GatedError | undefined {
    if (error !== undefined)
      this.log.fail({ type: 'connection:refuse', addr: remoteAddr.toString(), stage }, error);
    return error;
  }

  /** Only `true` allows: one that throws has not, nor one that answers with a promise. */
  private ask(hook: Hook, what: string, answer: (gater: ConnectionGater) => unknown): GatedError | undefined {
    if (this.gater[hook] === undefined) return undefined;
    try {
      // The hook that is asked is there; the others are not touched.
      const allowed = answer(this.gater as ConnectionGater);
      if (allowed === true) return undefined;
      const why = allowed === false ? `it refused the ${what}` : `${hook} answered ${show(allowed)}`;
      return new GatedError(`gater disallows connection to peer: ${why}`);
    } catch (thrown) {
      const cause = asError(thrown);
      return new GatedError(`the gater threw: ${cause.message}`, { cause });
    }
  }
}
