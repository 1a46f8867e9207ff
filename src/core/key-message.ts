/** Keys on the wire: `{ 1: type, 2: data }`, both always written, in this order. @source libp2p peer-ids specification, Keys */
import { KeyMessage } from '../generated/keys.js';
import { ownBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError } from './errors.js';
import type { KeyType } from './identity.js';
import { guardProtobuf } from './protobuf-guard.js';

const CODES: readonly KeyType[] = ['RSA', 'Ed25519', 'secp256k1', 'ECDSA'];
/** An RSA private key of 8192 bits takes about 4.7 KiB. */
const MAX_KEY_BYTES = 8 * 1024;

export function encodeKey(type: KeyType, data: Uint8Array): Bytes {
  // The generated codec's type asks for a plain buffer and is content with any.
  return ownBytes(KeyMessage.encode({ type: CODES.indexOf(type), data: ownBytes(data) }));
}

/** Any valid form of the message; throws ERR_INVALID_PROTOBUF or ERR_INVALID_KEY. */
export function decodeKey(bytes: Uint8Array, what: string): { readonly type: KeyType; readonly data: Bytes } {
  guardProtobuf(bytes, { what, maxBytes: MAX_KEY_BYTES, known: { 1: 'number', 2: 'bytes' }, unique: [1, 2] });
  const message = decode(bytes, what);
  if (message.type === undefined) throw invalid(`${what} without a type`);
  if (message.data === undefined || message.data.byteLength === 0) throw invalid(`${what} without data`);
  const type = CODES[message.type];
  if (type === undefined) throw invalid(`${what} of unknown type ${String(message.type)}`);
  return { type, data: message.data };
}

function decode(bytes: Uint8Array, what: string): KeyMessage {
  try {
    return KeyMessage.decode(ownBytes(bytes));
  } catch (cause) {
    throw new Libp2pError('ERR_INVALID_PROTOBUF', 'remote', `${what} cannot be decoded`, { cause });
  }
}

export function invalid(message: string, fault: 'local' | 'remote' = 'remote'): Libp2pError {
  return new Libp2pError('ERR_INVALID_KEY', fault, message);
}
