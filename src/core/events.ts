/**
 * Everything that a host says, as one closed union. Enumerable fields are JSON, so that a recorder writes an event as it
 * is; live objects are getters on its prototype. `at` is ms on the host's scheduler, `seq` counts up by one.
 */
import type { PeerId } from './identity.js';
import type { Connection, Stream } from './stream-contract.js';

interface At {
  readonly at: number;
  readonly seq: number;
}
interface OfPeer extends At {
  readonly peer: string;
  readonly peerId: PeerId;
}
interface OfConnection extends OfPeer {
  readonly connectionId: string;
  readonly connection: Connection;
}
interface OfStream extends OfConnection {
  readonly streamId: string;
  readonly protocol: string;
  readonly direction: 'inbound' | 'outbound';
  readonly stream: Stream;
}
interface Failed {
  readonly code: string;
  readonly message: string;
  readonly error: Error;
}
interface OfDial extends OfPeer {
  /** One call's dial. An attempt that several calls wait for is told on `event$` once, under the one that has waited longest. */
  readonly dialId: string;
}
interface OfAttempt extends OfDial {
  readonly addr: string;
}
/** One dial, from its start to its end; `afterMs` counts from the start of the attempt, or of the dial. */
export type DialEvent =
  | ({ readonly type: 'dial:start' } & OfDial)
  | ({
      readonly type: 'dial:resolve';
      readonly answers: readonly string[];
      readonly code?: string | undefined;
    } & OfAttempt)
  | ({ readonly type: 'dial:plan'; readonly delayMs: number } & OfAttempt)
  | ({ readonly type: 'dial:refuse' } & OfAttempt & Failed)
  | ({ readonly type: 'dial:attempt' } & OfAttempt)
  | ({ readonly type: 'dial:progress'; readonly stage: 'connected' | 'secured' } & OfAttempt)
  | ({ readonly type: 'dial:fail'; readonly afterMs: number } & OfAttempt & Failed)
  | ({ readonly type: 'dial:cancel' } & OfAttempt)
  | ({ readonly type: 'dial:connect'; readonly afterMs: number; readonly connectionId: string } & OfAttempt)
  | ({
      readonly type: 'dial:end';
      readonly outcome: 'connected' | 'reused' | 'failed' | 'cancelled';
      readonly afterMs: number;
      readonly code?: string | undefined;
      readonly message?: string | undefined;
    } & OfDial);
export type HostEvent =
  | DialEvent
  | ({ readonly type: 'listen:open'; readonly requested: string; readonly addrs: readonly string[] } & At)
  | ({ readonly type: 'listen:close'; readonly requested: string } & At)
  | ({ readonly type: 'listen:error'; readonly requested: string } & At & Failed)
  | ({ readonly type: 'addrs:change'; readonly addrs: readonly string[] } & At)
  | ({
      readonly type: 'connection:open';
      readonly direction: 'inbound' | 'outbound';
      readonly addr: string;
      readonly encryption: string;
      readonly muxer: string;
      /** Whether the security handshake settled the muxer. */
      readonly earlyMuxer: boolean;
      readonly limited: boolean;
    } & OfConnection)
  | ({
      readonly type: 'connection:close';
      readonly by: 'local' | 'remote';
      readonly bytesRead: number;
      readonly bytesWritten: number;
      readonly code?: string | undefined;
    } & OfConnection)
  | ({ readonly type: 'connection:refuse'; readonly addr: string; readonly stage: string } & At & Failed)
  | ({ readonly type: 'peer:connect'; readonly limited: boolean } & OfPeer)
  | ({ readonly type: 'peer:disconnect' } & OfPeer)
  | ({
      readonly type: 'peer:identify';
      readonly agent: string;
      readonly protocols: readonly string[];
      readonly listenAddrs: readonly string[];
      readonly observedAddr?: string | undefined;
    } & OfConnection)
  | ({
      readonly type: 'peer:protocols';
      readonly added: readonly string[];
      readonly removed: readonly string[];
    } & OfPeer)
  | ({ readonly type: 'connection:prune'; readonly reason: string; readonly value: number } & OfConnection)
  | ({ readonly type: 'stream:open' } & OfStream)
  | ({
      readonly type: 'stream:close';
      readonly by: 'local' | 'remote';
      readonly bytesRead: number;
      readonly bytesWritten: number;
      readonly code?: number | undefined;
    } & OfStream)
  | ({ readonly type: 'handler:error' } & OfStream & Failed)
  | ({
      readonly type: 'protocols:change';
      readonly added: readonly string[];
      readonly removed: readonly string[];
    } & At)
  | ({
      readonly type: 'blackhole:change';
      readonly name: 'udp' | 'ipv6';
      readonly state: 'probing' | 'allowed' | 'blocked';
      readonly successFraction: number;
    } & At)
  | ({
      readonly type: 'limit:refuse';
      readonly scope: string;
      readonly limit: string;
      readonly value: number;
    } & At &
      Failed)
  | ({
      readonly type: 'reachability:change';
      readonly reachability: 'unknown' | 'public' | 'private';
    } & At)
  | ({
      readonly type: 'relay:reserve' | 'relay:expire' | 'relay:open' | 'relay:close';
      readonly relay: string;
    } & OfPeer)
  | ({ readonly type: 'unhandled' } & At & Failed)
  | ({ readonly type: 'warning' } & At & Failed);

/** What an event carries besides JSON. */
export interface LiveObjects {
  readonly peerId?: PeerId | undefined;
  readonly connection?: Connection | undefined;
  readonly stream?: Stream | undefined;
  readonly error?: Error | undefined;
}
