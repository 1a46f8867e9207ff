/**
 * Everything that a host says, as one closed union. Enumerable fields are JSON, so that a recorder writes an event as it
 * is; live objects are getters on its prototype. `at` is ms on the host's scheduler, `seq` counts up by one.
 */
import type { PeerId } from './identity.js';
import type { Connection, Stream } from './stream-contract.js';

/** What every event has. */
export interface At {
  /** Ms on the host's scheduler. */
  readonly at: number;
  /** Counts up by one. */
  readonly seq: number;
}
/** An event of one peer. */
export interface OfPeer extends At {
  /** Its id as text. */
  readonly peer: string;
  /** A live object, not in the JSON. */
  readonly peerId: PeerId;
}
/** An event of one connection. */
export interface OfConnection extends OfPeer {
  /** Unique on this host. */
  readonly connectionId: string;
  /** A live object, not in the JSON. */
  readonly connection: Connection;
}
/** An event of one stream. */
export interface OfStream extends OfConnection {
  /** Unique on this host. */
  readonly streamId: string;
  /** What was agreed on. */
  readonly protocol: string;
  /** Who opened it. */
  readonly direction: 'inbound' | 'outbound';
  /** A live object, not in the JSON. */
  readonly stream: Stream;
}
/** What an event that tells of an error has. */
export interface Failed {
  /** Of the error. */
  readonly code: string;
  /** Of the error, for people. */
  readonly message: string;
  /** A live object, not in the JSON. */
  readonly error: Error;
}
/** An event of one dial. */
export interface OfDial extends OfPeer {
  /** One call's dial. An attempt that several calls wait for is told on `event$` once, under the one that has waited longest. */
  readonly dialId: string;
}
/** An event of one address of a dial. */
export interface OfAttempt extends OfDial {
  /** Without `/p2p/`. */
  readonly addr: string;
}
/** One dial, from its start to its end; `afterMs` counts from the start of the attempt, or of the dial. */
export type DialEvent =
  | ({
      /** A dial has begun. */
      readonly type: 'dial:start';
    } & OfDial)
  | ({
      /** The name in `addr` has an answer, or has failed. */
      readonly type: 'dial:resolve';
      /** Addresses that are dialed from now on as well. */
      readonly answers: readonly string[];
      /** Why there are none. */
      readonly code?: string | undefined;
    } & OfAttempt)
  | ({
      /** The strategy has planned this address, or has moved it. */
      readonly type: 'dial:plan';
      /** When it starts at the latest, ms from the start of the dial. */
      readonly delayMs: number;
    } & OfAttempt)
  | ({
      /** This address is not dialed; the error says why. */
      readonly type: 'dial:refuse';
    } & OfAttempt &
      Failed)
  | ({
      /** An attempt at this address has begun. */
      readonly type: 'dial:attempt';
    } & OfAttempt)
  | ({
      /** An attempt has come this far. */
      readonly type: 'dial:progress';
      /** The socket stands; the remote has proven who it is. */
      readonly stage: 'connected' | 'secured';
    } & OfAttempt)
  | ({
      /** An attempt has failed. */
      readonly type: 'dial:fail';
      /** From the start of the attempt. */
      readonly afterMs: number;
    } & OfAttempt &
      Failed)
  | ({
      /** An attempt was given up: another one won, or nobody waits any more. */
      readonly type: 'dial:cancel';
    } & OfAttempt)
  | ({
      /** This attempt has won. */
      readonly type: 'dial:connect';
      /** From the start of the attempt. */
      readonly afterMs: number;
      /** Of the connection that it became. */
      readonly connectionId: string;
    } & OfAttempt)
  | ({
      /** The dial is over. Always its last event. */
      readonly type: 'dial:end';
      /** `reused`: there was a connection. `cancelled`: whoever asked has left. */
      readonly outcome: 'connected' | 'reused' | 'failed' | 'cancelled';
      /** From the start of the dial. */
      readonly afterMs: number;
      /** Of the error, where it failed. */
      readonly code?: string | undefined;
      /** Of the error, where it failed. */
      readonly message?: string | undefined;
    } & OfDial);
/** Everything that a host says. `type` tells which; {@link ofType} narrows it. */
export type HostEvent =
  | DialEvent
  | ({
      /** An address is bound. */
      readonly type: 'listen:open';
      /** As it was asked for. */
      readonly requested: string;
      /** What it became, each with `/p2p/`. */
      readonly addrs: readonly string[];
    } & At)
  | ({
      /** An address is bound no longer. */
      readonly type: 'listen:close';
      /** As it was asked for. */
      readonly requested: string;
    } & At)
  | ({
      /** An address could not be bound, or is lost. */
      readonly type: 'listen:error';
      /** As it was asked for. */
      readonly requested: string;
    } & At &
      Failed)
  | ({
      /** Others are told of other addresses from now on. */
      readonly type: 'addrs:change';
      /** All of them. */
      readonly addrs: readonly string[];
    } & At)
  | ({
      /** A connection is ready for streams. */
      readonly type: 'connection:open';
      /** Who opened it. */
      readonly direction: 'inbound' | 'outbound';
      /** The remote's. */
      readonly addr: string;
      /** The security protocol's id. */
      readonly encryption: string;
      /** The muxer's id. */
      readonly muxer: string;
      /** Whether the security handshake settled the muxer. */
      readonly earlyMuxer: boolean;
      /** Whether it goes through a relay that limits time or bytes. */
      readonly limited: boolean;
    } & OfConnection)
  | ({
      /** A connection has ended; its streams have before. */
      readonly type: 'connection:close';
      /** Who ended it. */
      readonly by: 'local' | 'remote';
      /** Of all its streams, and the muxer's own. */
      readonly bytesRead: number;
      /** Of all its streams, and the muxer's own. */
      readonly bytesWritten: number;
      /** Of the error, where it did not end in order. */
      readonly code?: string | undefined;
    } & OfConnection)
  | ({
      /** A connection that came in was not let in, or did not get through its handshakes. */
      readonly type: 'connection:refuse';
      /** The remote's. */
      readonly addr: string;
      /** How far it came. */
      readonly stage: string;
    } & At &
      Failed)
  | ({
      /** The first connection to a peer. */
      readonly type: 'peer:connect';
      /** Whether it goes through a relay that limits time or bytes. */
      readonly limited: boolean;
    } & OfPeer)
  | ({
      /** The last connection to a peer has ended. */
      readonly type: 'peer:disconnect';
    } & OfPeer)
  | ({
      /** A peer has told of itself, asked or on its own. */
      readonly type: 'peer:identify';
      /** Its program, as it came: escape it before it is printed. */
      readonly agent: string;
      /** What it speaks, as it came. */
      readonly protocols: readonly string[];
      /** Where it says that it listens. */
      readonly listenAddrs: readonly string[];
      /** Where it sees us. */
      readonly observedAddr?: string | undefined;
    } & OfConnection)
  | ({
      /** What a peer speaks has changed. */
      readonly type: 'peer:protocols';
      /** As they came. */
      readonly added: readonly string[];
      /** As they came. */
      readonly removed: readonly string[];
    } & OfPeer)
  | ({
      /** The connection manager is about to close a connection. */
      readonly type: 'connection:prune';
      /** `high-water`: there are too many. `memory`: it is short. `trim`: it was asked for. `idle`: no stream was open for long. */
      readonly reason: string;
      /** What the peer was worth: the sum of its tags. */
      readonly value: number;
    } & OfConnection)
  | ({
      /** A stream's protocol is agreed. */
      readonly type: 'stream:open';
    } & OfStream)
  | ({
      /** A stream has ended, in both directions. */
      readonly type: 'stream:close';
      /** Who ended it. */
      readonly by: 'local' | 'remote';
      /** From the remote. */
      readonly bytesRead: number;
      /** To the remote. */
      readonly bytesWritten: number;
      /** The number that a reset had on the wire. */
      readonly code?: number | undefined;
    } & OfStream)
  | ({
      /** What `serve` ran for a stream has failed, and the stream was reset. */
      readonly type: 'handler:error';
    } & OfStream &
      Failed)
  | ({
      /** This host handles other protocols than before. */
      readonly type: 'protocols:change';
      /** Handled from now on. */
      readonly added: readonly string[];
      /** Handled no longer. */
      readonly removed: readonly string[];
    } & At)
  | ({
      /** Whether a way into the internet leads anywhere. */
      readonly type: 'blackhole:change';
      /** Which way. */
      readonly name: 'udp' | 'ipv6';
      /** `blocked`: not dialed, but for a probe now and then. */
      readonly state: 'probing' | 'allowed' | 'blocked';
      /** Of the last dials that way, from 0 to 1. */
      readonly successFraction: number;
    } & At)
  | ({
      /** A limit was met. */
      readonly type: 'limit:refuse';
      /** Such as `system`, or `protocol:/chat/1.0.0.peer:12D3…`. */
      readonly scope: string;
      /** Which of its limits, such as `inboundStreams`. */
      readonly limit: string;
      /** What it is. */
      readonly value: number;
    } & At &
      Failed)
  | ({
      /** Reserved: whether this host can be reached from outside. */
      readonly type: 'reachability:change';
      /** As far as is known. */
      readonly reachability: 'unknown' | 'public' | 'private';
    } & At)
  | ({
      /** Reserved: what becomes of relays. */
      readonly type: 'relay:reserve' | 'relay:expire' | 'relay:open' | 'relay:close';
      /** The relay's id. */
      readonly relay: string;
    } & OfPeer)
  | ({
      /** An error that reached a subscriber without an error handler. */
      readonly type: 'unhandled';
    } & At &
      Failed)
  | ({
      /** Something went wrong that nobody waits for. */
      readonly type: 'warning';
    } & At &
      Failed);

/** What an event carries besides JSON. */
export interface LiveObjects {
  readonly peerId?: PeerId | undefined;
  readonly connection?: Connection | undefined;
  readonly stream?: Stream | undefined;
  readonly error?: Error | undefined;
}
