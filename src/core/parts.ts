/**
 * What a host is made of: the contracts of transports, security protocols and muxers. The public `…Factory` types show
 * only `kind` and a name; these are their whole shape. @source ADR 1
 */
import type { Observable, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { CloseReason, Duplex } from './duplex.js';
import type { PeerId, PrivateKey, RandomSource } from './identity.js';
import type { LimitError } from './errors.js';
import type { ConnectionScope } from './limits-contract.js';
import type { MuxedStream } from './muxed-stream.js';

/** What every part may use of its host: time and chance, never the platform's own. */
export interface PartContext {
  /** The host's clock and timers. */
  readonly scheduler: SchedulerLike;
  /** The host's chance. */
  readonly random: RandomSource;
}

// ── transports ───────────────────────────────────────────────────────────────────────────────────────────────────────
/** A raw channel with the addresses of its two ends. `sink.complete()` ends our side, `sink.error()` destroys it. */
export interface RawConnection {
  /** The bytes. */
  readonly duplex: Duplex;
  /** Our end. */
  readonly localAddr: Multiaddr;
  /** The other end. */
  readonly remoteAddr: Multiaddr;
  /** Set where a relay is in between; whether it allows only so much time or data. */
  readonly relayed?:
    | {
        /** Whether the relay limits time or bytes. */
        readonly limited: boolean;
      }
    | undefined;
  /** How many bytes have come so far, whatever the layers above can make of them yet: a sign of life. */
  readonly heardBytes?: (() => number) | undefined;
  /** Completes once the platform has let go of it, where that can be told. */
  readonly released$?: Observable<never> | undefined;
  /** Set where there is nothing left to upgrade: then `duplex` carries no bytes, and only its ends mean something. */
  readonly native?: SecuredMuxed | undefined;
  /** What it takes of its host, which sets this when it lets the channel in; whoever owns the channel gives that back. */
  scope?: ConnectionScope | undefined;
}
/**
 * What a channel has where its transport secures and multiplexes by itself: QUIC, WebTransport. The upgrade takes it as it
 * is: it only compares the peer, and asks the gater and the limits at their stages.
 */
export interface SecuredMuxed {
  /** Proven by the transport's own handshake. */
  readonly remotePeer: PeerId;
  /** The security protocol's id, by which connections and events call it. */
  readonly encryption: string;
  /** Makes the one session of this channel, and looks at no bytes of it. */
  readonly muxer: Muxer;
}
/** What a listener says. */
export type ListenEvent =
  /** Bound; also again when the addresses change. Always the first event. */
  | {
      /** Always the first. */
      readonly type: 'listening';
      /** All of them. */
      readonly addrs: readonly Multiaddr[];
    }
  | {
      /** Somebody has come. */
      readonly type: 'inbound';
      /** It is the host's from now on. */
      readonly connection: RawConnection;
    }
  /** Accepting failed for now (EMFILE …); the listener lives on. */
  | {
      /** The listener lives on. */
      readonly type: 'warning';
      /** What was the matter. */
      readonly error: Error;
    };
/** A transport that secures by itself has to prove who we are; the others look at no key. */
export interface TransportContext extends PartContext {
  /** Who this host is. */
  readonly privateKey?: PrivateKey | undefined;
}
/** Opens raw channels, and takes them in. It knows nothing of peers. */
export interface Transport {
  /** For people, and for metrics. */
  readonly name: string;
  /** Whether `dial` takes such an address. Looks at the address alone. */
  canDial(addr: Multiaddr): boolean;
  /** Whether `listen` takes such an address. Looks at the address alone. */
  canListen(addr: Multiaddr): boolean;
  /** Emits one connected channel and completes; errors with a `Libp2pError`. Unsubscribing before it emits abandons the attempt. */
  dial(addr: Multiaddr): Observable<RawConnection>;
  /** Emits `listening` once bound, then inbound channels. Errors if it cannot be bound. Unsubscribing closes the port, not what came through it. */
  listen(addr: Multiaddr): Observable<ListenEvent>;
}
/** What `createHost({ transports })` takes: a transport to be made for one host. */
export interface TransportPart {
  /** Tells it from other parts. */
  readonly kind: 'transport';
  /** For people, and for metrics. */
  readonly name: string;
  /** Whether the first bytes of a connection decide whose it is; in a private network they say nothing. */
  readonly sharesPorts?: boolean | undefined;
  /** Once a host. */
  create(context: TransportContext): Transport;
}

// ── security ─────────────────────────────────────────────────────────────────────────────────────────────────────────
/** What a handshake is told. */
export interface SecureOptions {
  /** The dialer initiates, unless both sides dialed at once. */
  readonly role: 'initiator' | 'responder';
  /** The peer that was dialed; always compared, whatever kind of id it is. */
  readonly expectedPeer?: PeerId | undefined;
  /** Our muxers in order of preference, for early negotiation; empty where it is not wanted. */
  readonly muxers: readonly string[];
}
/** A channel whose other end has proven who it is. */
export interface Secured {
  /** What comes out of it is the remote's, and nobody else reads what goes in. */
  readonly duplex: Duplex;
  /** Proven. */
  readonly remotePeer: PeerId;
  /** The muxer that the handshake settled, where it did. */
  readonly muxer?: string | undefined;
}
/** Turns a channel into one whose other end has proven who it is. */
export interface SecurityProtocol {
  /** Its id on the wire. */
  readonly protocol: string;
  /** Whether it would rather have the answer to its proposal, and then the platform's own channel, than speak at once. */
  readonly wantsRelease?: boolean | undefined;
  /** Emits once and completes; errors with a `Libp2pError`, having sent nothing about why. Unsubscribing before it emits abandons the handshake. It does not close `duplex`: its owner does. */
  secure(duplex: Duplex, options: SecureOptions): Observable<Secured>;
}
/** What a security protocol may use of its host: besides, who the host is. */
export interface SecurityContext extends PartContext {
  /** Who this host is. */
  readonly privateKey: PrivateKey;
  /** ms since 1970, by which certificates are judged; the platform's if left out. */
  readonly wallClock?: (() => number) | undefined;
}
/** What `createHost({ security })` takes: a security protocol to be made for one host. */
export interface SecurityPart {
  /** Tells it from other parts. */
  readonly kind: 'security';
  /** Its id on the wire. */
  readonly protocol: string;
  /** Once a host, with its key. */
  create(context: SecurityContext): SecurityProtocol;
}

// ── muxers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
/** What a muxer tells its connection, by plain calls: this is the byte path. */
export interface MuxerObserver {
  /** Bytes that have come over the channel below; the muxer counts its own where nobody else does. */
  heardBytes?(): number | undefined;
  /** A stream that the remote opened. It must get a reader, or be reset, before this returns. */
  onStream(stream: MuxedStream): void;
  /** A stream that the remote opened was refused: it had as many as the muxer allows. */
  onRefused?(error: LimitError): void;
  /** Nothing more will come; every stream has had its end. Called once. */
  onClose(reason: CloseReason): void;
}
/** One channel's streams. */
export interface MuxerSession {
  /** Begins to read and to write: call it once, when the observer is ready to be called. */
  start(): void;
  /** A new stream; throws a `LimitError` when the connection may have no more, or ERR_CONNECTION_CLOSED. */
  open(): MuxedStream;
  /** Whether `open` answers now: it has a slot free, or it never will again and throws. */
  readonly canOpen: boolean;
  /** Emits when a slot became free. */
  readonly slotFreed$: Observable<void>;
  /** Smoothed, ms; `undefined` before it was measured. */
  readonly rttMs: number | undefined;
  /** From the channel below. */
  readonly bytesRead: number;
  /** To the channel below. */
  readonly bytesWritten: number;
  /** Open streams. */
  readonly streamCount: number;
  /** No new streams; those that end in time end in order, the rest are reset; then goodbye. `onClose` follows, at once if no stream is open. */
  close(): void;
  /** Ends all at once: streams are reset with `error`, the remote gets `code` if it can still be told. */
  abort(error: Error, code?: number): void;
}
/** Makes many streams of one channel. */
export interface Muxer {
  /** Its id on the wire. */
  readonly protocol: string;
  /** Takes the channel over; it is driven by the session from then on. */
  mux(duplex: Duplex, role: 'client' | 'server', observer: MuxerObserver): MuxerSession;
}
/** What `createHost({ muxers })` takes: a muxer to be made for one host. */
export interface MuxerPart {
  /** Tells it from other parts. */
  readonly kind: 'muxer';
  /** Its id on the wire. */
  readonly protocol: string;
  /** Once a host. */
  create(context: PartContext): Muxer;
}
