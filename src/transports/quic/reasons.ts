/** What the addon's texts mean: it has no codes. Pure. @source quinn 0.11: ReadError, WriteError, ConnectionError */
import { Libp2pError, quote, StreamResetError } from '../../core/errors.js';
import type { CloseReason } from '../../core/duplex.js';

const STREAM_CODE = /(?:stream reset|sending stopped) by peer: error (\d{1,20})$/;
/** A reason that the peer gives stands in front of its code. */
const CLOSE_CODE = /^closed by peer: (?:[^]*\(code )?(\d{1,20})\)?$/;

/** The remote's reset of a stream, or its wish to be sent no more; `undefined` where it is the connection that is over. */
export function streamReset(text: string): StreamResetError | undefined {
  const [, digits] = STREAM_CODE.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const code = Number(digits);
  const hex = `0x${code.toString(16)}`;
  return new StreamResetError(`the remote reset the stream with code ${hex}`, code, 'remote');
}

/** Why a connection is over, if it was not we who closed it. */
export function closeReason(text: string): CloseReason {
  if (text.startsWith('closed by peer: ')) return closedBy(text);
  if (text === 'timed out')
    return lost('ERR_KEEPALIVE_TIMEOUT', 'network', 'the remote has been silent for too long');
  if (text.startsWith('aborted by peer: '))
    return lost('ERR_TRANSPORT', 'remote', `quic: the remote broke off: ${quote(text.slice(17))}`);
  return lost('ERR_TRANSPORT', 'network', `quic: the connection broke: ${quote(text)}`);
}

function closedBy(text: string): CloseReason {
  const [, digits] = CLOSE_CODE.exec(text) ?? [];
  const code = digits === undefined ? undefined : Number(digits);
  if (code === 0) return { by: 'remote', code };
  const what = code === undefined ? quote(text.slice(16)) : `code 0x${code.toString(16)}`;
  const error = new Libp2pError('ERR_GO_AWAY', 'remote', `the remote closed the connection with ${what}`);
  return { by: 'remote', code, error };
}

function lost(code: 'ERR_KEEPALIVE_TIMEOUT' | 'ERR_TRANSPORT', fault: 'remote' | 'network', message: string) {
  return { by: 'remote', error: new Libp2pError(code, fault, message) } as const;
}

/** What is the remote's doing, when no connection comes of a dial: it refused, or what it proved did not convince. */
const REMOTE = /^(?:aborted by peer|closed by peer|the cryptographic handshake failed): /;

/** Why no connection came of a dial. */
export function dialError(addr: string, cause: Error): Libp2pError {
  const fault = REMOTE.test(cause.message) ? 'remote' : 'network';
  const what = `quic: cannot connect to ${addr}: ${quote(cause.message)}`;
  return new Libp2pError('ERR_TRANSPORT', fault, what, { cause });
}
