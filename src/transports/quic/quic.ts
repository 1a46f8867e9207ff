import { Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { checkedNumbers } from '../../core/checked-numbers.js';
import { asError, Libp2pError, TimeoutError } from '../../core/errors.js';
import type { PrivateKey } from '../../core/identity.js';
import {
  hostAndPort,
  parseMultiaddr,
  protocolNames,
  splitPeer,
  type HostAndPort,
} from '../../core/multiaddr.js';
import type {
  ListenEvent,
  RawConnection,
  Transport,
  TransportContext,
  TransportPart,
} from '../../core/parts.js';
import { generateKey } from '../../core/keys.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { boundHosts } from '../bound-hosts.js';
import { hasAddon, loadAddon, type NativeConnection, type NativeSettings, type QuicAddon } from './addon.js';
import { DialSocket } from './client.js';
import { wrap, type WrapDeps } from './connection.js';
import { DEFAULTS, nativeConfig, type QuicNumbers } from './limits.js';
import { QuicListener } from './listener.js';
import { dialError } from './reasons.js';

export type QuicOptions = { readonly [K in keyof QuicNumbers]?: number | undefined };

/**
 * The transport for `/ip4|ip6/…/udp/…/quic-v1`, through the native addon of `@chainsafe/libp2p-quic`, an optional peer
 * dependency. Connections are secured and have streams of their own: they pass neither the host's security protocols nor
 * its muxers, and are called `/tls/1.0.0` and `quic`. `createHost` rejects with ERR_ADDR_UNSUPPORTED, which says what to
 * install, where the addon is not; with ERR_KEY_UNSUPPORTED for an ECDSA key. Errors: ERR_TRANSPORT, ERR_TIMEOUT,
 * ERR_DIAL_SELF, ERR_LISTEN_FAILED. Throws ERR_INVALID_OPTION.
 *
 * @source RFC 9000; libp2p QUIC and TLS specifications; what the addon makes of them: ADR 8
 */
export function quic(options: QuicOptions = {}): TransportPart {
  const numbers = checkedNumbers('quic', DEFAULTS, options);
  return {
    kind: 'transport',
    name: 'quic',
    create: (context) => new QuicTransport(loadAddon(), numbers, context),
  };
}

/** Whether a host can have QUIC that nobody asked for: the addon is there, and can show such a key. */
export function quicIsHere(key: PrivateKey | undefined): boolean {
  return key?.type !== 'ECDSA' && hasAddon();
}

/** @internal */
export class QuicTransport implements Transport {
  readonly name = 'quic';
  private readonly settings: NativeSettings;
  private readonly wrapDeps: WrapDeps;
  private readonly scheduler: SchedulerLike;
  private readonly sockets: Readonly<Record<4 | 6, DialSocket>>;

  constructor(
    private readonly addon: QuicAddon,
    private readonly numbers: QuicNumbers,
    { scheduler, random, privateKey }: TransportContext,
  ) {
    // Without a host there is nobody to be proven: then anybody.
    const key = privateKey ?? generateKey('Ed25519', { random });
    this.settings = settingsFor(addon, numbers, key);
    this.scheduler = scheduler;
    this.wrapDeps = { scheduler, numbers, self: peerIdFrom(key) };
    const { settings } = this;
    this.sockets = {
      4: new DialSocket(() => new addon.Client(settings, 0)),
      6: new DialSocket(() => new addon.Client(settings, 1)),
    };
  }

  canDial(addr: Multiaddr): boolean {
    return target(addr) !== undefined;
  }

  canListen(addr: Multiaddr): boolean {
    return target(addr) !== undefined;
  }

  dial(addr: Multiaddr): Observable<RawConnection> {
    return new Observable<RawConnection>((subscriber) => {
      const to = target(addr);
      if (to === undefined) {
        subscriber.error(unsupported('dial', addr));
        return;
      }
      const { handshakeTimeoutMs } = this.numbers;
      subscriber.add(
        this.scheduler.schedule(() => {
          subscriber.error(new TimeoutError(`quic: connecting to ${addr.toString()}`, handshakeTimeoutMs));
        }, handshakeTimeoutMs),
      );
      try {
        subscriber.add(this.attempt(to, addr, subscriber));
      } catch (cause) {
        subscriber.error(dialError(addr.toString(), asError(cause)));
      }
    });
  }

  private attempt(
    { host, port, family }: QuicTarget,
    addr: Multiaddr,
    subscriber: Subscriber<RawConnection>,
  ): () => void {
    return this.sockets[family].dial(
      host,
      port,
      (native) => {
        try {
          // The addon does not say where its socket is bound.
          subscriber.next(wrap(native, quicAddr(family === 4 ? '0.0.0.0' : '::', family, 0), this.wrapDeps));
          subscriber.complete();
        } catch (error) {
          native.abort();
          subscriber.error(error);
        }
      },
      (error) => {
        subscriber.error(dialError(addr.toString(), asError(error)));
      },
    );
  }

  listen(addr: Multiaddr): Observable<ListenEvent> {
    return new Observable<ListenEvent>((subscriber) => {
      const at = target(addr);
      if (at === undefined) {
        subscriber.error(unsupported('listen on', addr));
        return;
      }
      try {
        subscriber.add(this.serve(at, subscriber));
      } catch (cause) {
        const what = `quic: cannot listen on ${addr.toString()}: ${asError(cause).message}`;
        subscriber.error(new Libp2pError('ERR_LISTEN_FAILED', 'local', what, { cause }));
      }
    });
  }

  /** Binds; throws what the system says. What this returns closes the port. */
  private serve({ host, port, family }: QuicTarget, subscriber: Subscriber<ListenEvent>): () => void {
    const server = new this.addon.Server(this.settings, host, port);
    const bound = server.port();
    const localAddr = quicAddr(host, family, bound);
    const addrs = boundHosts(host).map((one) => quicAddr(one, family, bound));
    const accept = (native: NativeConnection): void => {
      try {
        subscriber.next({ type: 'inbound', connection: wrap(native, localAddr, this.wrapDeps) });
      } catch {
        // It is this host itself that has called, or an address that is none.
        native.abort();
      }
    };
    subscriber.next({ type: 'listening', addrs });
    const listener = new QuicListener(server, accept, this.numbers.maxHandshakes);
    return () => {
      listener.close();
    };
  }
}

type QuicTarget = HostAndPort & { readonly family: 4 | 6 };

/** IP address and port, if there is nothing but them, `quic-v1` and perhaps a peer: the addon knows neither names nor zones. */
function target(addr: Multiaddr): QuicTarget | undefined {
  const { transport } = splitPeer(addr);
  const found = transport && hostAndPort(transport);
  if (transport === undefined || found?.protocol !== 'udp' || found.components !== 2) return undefined;
  const names = protocolNames(transport);
  if (names.length !== 3 || names[2] !== 'quic-v1') return undefined;
  const { family } = found;
  return family === 0 || found.kind !== 'ip' ? undefined : { ...found, family };
}

function quicAddr(host: string, family: 4 | 6, port: number): Multiaddr {
  return parseMultiaddr(`/ip${String(family)}/${host}/udp/${String(port)}/quic-v1`);
}

function settingsFor(addon: QuicAddon, numbers: QuicNumbers, { type, bytes }: PrivateKey): NativeSettings {
  try {
    return new addon.QuinnConfig(nativeConfig(numbers, bytes));
  } catch (cause) {
    const what = `quic: the addon cannot use a key of type ${type}: ${asError(cause).message}`;
    throw new Libp2pError('ERR_KEY_UNSUPPORTED', 'local', what, { cause });
  }
}

function unsupported(what: string, addr: Multiaddr): Libp2pError {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `quic cannot ${what} ${addr.toString()}`);
}
