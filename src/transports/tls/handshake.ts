/** One TLS handshake, either role: events of `node:tls` in, a secured channel or a typed error out. */
import type { TLSSocket } from 'node:tls';
import type { Subscriber } from 'rxjs';
import type { Duplex } from '../../core/duplex.js';
import { asError, codeOf, Libp2pError } from '../../core/errors.js';
import type { PeerId } from '../../core/identity.js';
import type { Secured, SecureOptions } from '../../core/parts.js';
import { channelOf, type TlsChannel } from './tls-channel.js';
import { tlsError } from './tls-error.js';
import type { TlsIdentity } from './tls-identity.js';
import { verifyCertificate } from './verify-certificate.js';

/** What is agreed on where the muxer is not. @source libp2p connections specification, Multiplexer Negotiation over TLS */
const NO_MUXER = 'libp2p';

/** Returns what abandons it. */
export function handshake(
  duplex: Duplex,
  options: SecureOptions,
  identity: TlsIdentity,
  subscriber: Subscriber<Secured>,
): () => void {
  const channel = channelOf(duplex, identity.context);
  let done = false;
  let socket: TLSSocket | undefined;
  try {
    socket = open(channel, options, identity);
  } catch (cause) {
    subscriber.error(local(cause));
  }
  socket?.once(options.role === 'initiator' ? 'secureConnect' : 'secure', () => {
    try {
      const remotePeer = verify(socket, options, identity);
      const muxer = muxerOf(socket, options);
      done = true;
      const secured = channel.secured(socket);
      unwatch?.();
      subscriber.next({ duplex: secured, remotePeer, muxer });
      subscriber.complete();
    } catch (error) {
      subscriber.error(asError(error));
    }
  });
  const unwatch = socket && watch(socket, subscriber);
  return () => {
    if (!done) channel.abandon();
  };
}

function open(channel: TlsChannel, options: SecureOptions, { node, secureContext }: TlsIdentity): TLSSocket {
  const { stream } = channel;
  const offered = [...options.muxers, NO_MUXER];
  // Certificates are judged here, by the rules of libp2p: Node's would ask who has issued them.
  const common = { secureContext, rejectUnauthorized: false };
  if (options.role === 'initiator') {
    // No server name: it would tell everybody on the way who is meant.
    const checkServerIdentity = (): undefined => undefined;
    return node.connect({ ...common, socket: stream, ALPNProtocols: offered, checkServerIdentity });
  }
  // The dialer's first that we have too; Node's list would go by ours. What this throws, nobody would catch.
  const choose = ({ protocols }: { protocols: string[] }): string | undefined =>
    protocols.find((protocol) => offered.includes(protocol));
  return new node.TLSSocket(stream, { ...common, isServer: true, requestCert: true, ALPNCallback: choose });
}

function verify(socket: TLSSocket, { expectedPeer }: SecureOptions, identity: TlsIdentity): PeerId {
  // What was proven in another handshake is not proven in this one.
  if (socket.isSessionReused()) throw tlsError('a session of another connection');
  // The first call says what else came behind the certificate, a second one would not.
  const x509 = socket.getPeerX509Certificate();
  if (x509 === undefined) throw tlsError('no certificate');
  if (x509.issuerCertificate !== undefined) throw tlsError('a second certificate; there is to be one');
  return verifyCertificate(x509, { self: identity.self, expectedPeer, now: identity.now() });
}

/** An old peer has no ALPN at all, which says as much as `libp2p`. */
function muxerOf({ alpnProtocol }: TLSSocket, { muxers }: SecureOptions): string | undefined {
  if (typeof alpnProtocol !== 'string' || alpnProtocol === NO_MUXER) return undefined;
  if (!muxers.includes(alpnProtocol)) throw tlsError('a choice that was not offered');
  return alpnProtocol;
}

/** Whatever it reports after it was abandoned is nobody's concern. What this returns lets go of it: others watch it then. */
function watch(socket: TLSSocket, subscriber: Subscriber<Secured>): () => void {
  // Who does not read hears of no end either. There is nothing to read before the handshake is done.
  socket.resume();
  const onEnd = (): void => {
    subscriber.error(ended());
  };
  const onError = (cause: Error): void => {
    subscriber.error(broken(cause));
  };
  socket.on('end', onEnd).on('close', onEnd).on('error', onError);
  return () => {
    socket.off('end', onEnd).off('close', onEnd).off('error', onError);
  };
}

/** What TLS itself refuses has a code of OpenSSL's; an alert is what the remote says of us. */
function broken(cause: Error): Error {
  if (cause instanceof Libp2pError) return cause;
  const code = codeOf(cause);
  // Of an end, Node makes a reset that no call to the system has reported.
  if (code === 'ECONNRESET' && !('syscall' in cause)) return ended();
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return new Libp2pError('ERR_TRANSPORT', 'network', `tls: the connection broke: ${code}`, { cause });
  const what = code.includes('ALERT') ? 'an alert' : 'what is no handshake of ours';
  return tlsError(`${what}: ${code}`, { cause });
}

function ended(): Libp2pError {
  return new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the channel ended during the TLS handshake');
}

function local(cause: unknown): Libp2pError {
  return new Libp2pError('ERR_TRANSPORT', 'local', `tls: cannot be begun: ${asError(cause).message}`, {
    cause,
  });
}
